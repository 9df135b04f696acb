"""Real flows with one value made wrong: refused, or an error at its node; never Python's own."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from flow_tables import tables

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import FlowError, WranglerError
from studio_ext.wrangler.flow import Document

FLOWS = Path(__file__).parent / "flows"
ODD: list[Any] = [
    None, True, 0, -1, 1e308, 10**400, "", "x" * 1000, "{{a}}", "\ud800", "NaN", "../../etc/passwd",
    [], [None], {}, {"a": {}}, [[[]]],
]  # fmt: skip


def _places(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where a value lies in a JSON document, but for the document itself."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in inner:
        yield (*path, key)
        yield from _places(each, *path, key)


def test_one_wrong_value() -> None:
    path = FLOWS / "fraud_claims.flow"
    given = tables(Flow.open(path))
    sound = json.loads(path.read_text())
    places = [each for each in _places(sound["nodes"]) if len(each) > 1]
    chosen = random.Random(7)
    ran = 0
    for _ in range(12):
        *way, last = chosen.choice(places)
        value = chosen.choice(ODD)
        data = copy.deepcopy(sound)
        at = data["nodes"]
        for key in way:
            at = at[key]
        at[last] = value
        try:
            document = Document.parse(json.dumps(data))
        except FlowError:
            continue
        try:
            result = Flow(document).run(inputs=given)
        except FlowError:
            continue  # of the whole flow: nothing says which node
        ran += 1
        for error in result.errors.values():
            assert "NoneType" not in error and "has no attribute" not in error, (way, last, value)
        try:
            Flow(document).to_python()
        except WranglerError:
            continue
    assert ran > 2


def _step(name: str, reads: str, **changes: Any) -> dict[str, Any]:
    drop = {"operator": "Drop column", "drop_column_parameters": {"column_to_drop": name}}
    return {
        "node_id": name,
        "type": "TRANSFORM",
        "operator": "sagemaker.spark.manage_columns_0.1",
        "parameters": drop,
        "inputs": [{"name": "df", "node_id": reads, "output_name": "default"}],
        "outputs": [{"name": "default"}],
    } | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parameters": {"operator": "Drop column", "drop_column_parameters": 7}}, "JSON object"),
        ({"inputs": []}, "IndexError"),
        (
            {
                "operator": "sagemaker.spark.infer_and_cast_type_0.1",
                "parameters": {},
                "trained_parameters": {"schema": {"c": {"x": 1}}},
            },
            "TypeError",
        ),
    ],
)
def test_what_is_wrong_with_a_node_costs_no_other(changes: dict[str, Any], words: str) -> None:
    source = {
        "node_id": "rows",
        "type": "SOURCE",
        "operator": "sagemaker.s3_source_0.1",
        "parameters": {"dataset_definition": {"name": "rows"}},
        "inputs": [],
        "outputs": [{"name": "default"}],
    }
    nodes = [source, _step("a", "rows"), _step("b", "a", **changes)]
    flow = Flow(Document.parse(json.dumps({"nodes": nodes})))
    result = flow.run(inputs={"rows": pa.table({"a": [1], "b": [2], "c": [3]})})
    assert list(result.errors) == ["b"] and words in result.errors["b"]
    assert result.outcomes["a"].outputs["default"].columns == ["b", "c"]
