"""The catalogue as a whole: every declaration is complete, and the page of them is up to date."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from studio_ext.wrangler import catalogue, docs, operators
from studio_ext.wrangler.functions import Functions
from studio_ext.wrangler.operators import Operator
from studio_ext.wrangler.operators.base import group_of
from studio_ext.wrangler.operators.catalogue import MODULES

OPERATORS = [pytest.param(each, id=each.key) for each in catalogue]


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_declaration_is_complete(operator: Operator[Any]) -> None:
    assert operator.number[0] in "TX"
    assert operator.number[1:].isdigit()
    assert operator.help.endswith(".")
    assert operator.label
    assert operator.variants
    for name, field in operator.Parameters.model_fields.items():
        assert field.title, f"{name} has no label"


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_form_can_be_made_of_it(operator: Operator[Any]) -> None:
    schema = operator.Parameters.model_json_schema()
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_it_writes_into_a_flow_it_finds_again(operator: Operator[Any]) -> None:
    values = {"some": "value"}
    written = operator.form.write(values)
    assert catalogue.find(operator.form.operator, written) is operator
    read = operator.form.read(written)
    assert {key: read[key] for key in values} == values
    learned = {"learned": {"a": 1}}
    kept = operator.form.read_trained(operator.form.write_trained(learned))
    assert kept is not None
    assert kept["learned"] == {"a": 1}


def test_every_module_of_operators_is_found_by_what_its_keys_begin_with() -> None:
    folder = Path(str(operators.__file__)).parent
    modules = {file.stem for file in folder.glob("*.py") if "@catalogue.add" in file.read_text()}
    assert modules == {each for named in MODULES.values() for each in named}
    entered = {(group_of(each.form.operator), type(each).__module__) for each in catalogue}
    assert entered == {
        (group, f"{operators.__name__}.{each}")
        for group, named in MODULES.items()
        for each in named
    }


def test_a_flow_imports_the_operators_that_it_uses_and_no_others() -> None:
    program = (
        "import sys; from studio_ext.wrangler import Flow, catalogue; f = Flow.new();"
        "catalogue['manage_columns/drop_column'];"
        "catalogue.find('sagemaker.spark.encode_categorical_0.1', {'operator': 'Ordinal encode'});"
        "print(*sorted(n.rpartition('.')[2] for n in sys.modules if '.wrangler.operators.' in n))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"columns", "encoding"} <= set(loaded)
    assert not {"series", "wording", "timing", "splitting"} & set(loaded)


def test_the_page_of_transforms_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "transforms.md"
    assert page.read_text(encoding="utf-8") == docs.written(), (
        "run: python -m studio_ext.wrangler.docs docs/transforms.md"
    )


def test_no_topic_of_functions_hides_anothers() -> None:
    topics = [each for each in Functions.__mro__ if each not in (Functions, object)]
    names = [name for topic in topics for name in vars(topic) if not name.startswith("__")]
    assert [name for name, count in Counter(names).items() if count > 1] == []
