"""The steps on text and the formulas of real flows, on rows as their own tables have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from steps import Steps

from studio_ext.wrangler import catalogue
from studio_ext.wrangler.flow import Document, Node
from studio_ext.wrangler.operators.parameters import parse

FLOWS = Path(__file__).parent / "flows"
OURS = ("format_string", "search_and_edit", "custom_formula", "validate_string", "featurize_text")
SYMBOLS = "!@#$%^&*()_+=-/\\`~{}|<>?"


def _nodes(name: str) -> Sequence[Node]:
    document = Document.open(FLOWS / f"{name}.flow")
    return [each for each in document.order() if any(kind in each.operator for kind in OURS)]


def _run(steps: Steps, nodes: Sequence[Node], table: Mapping[str, Any]) -> dict[str, Any]:
    relation = steps.relation(table)
    for node in nodes:
        operator = catalogue.find(node.operator, node.parameters)
        p = parse(operator.Parameters, operator.form.read(node.parameters))
        p.check([relation])
        relation = operator.run([relation], p, None)["default"]
    return relation.to_arrow().to_pydict()


def test_symbols_are_removed_from_claims(steps: Steps) -> None:
    table = {
        "driver_relationship": ["N/A", "Self", "Spouse", None],
        "collision_type": ["Front", "N/A", "Rear-end", ""],
        "incident_type": ["Break-in", "Collision", "Theft", "\\~`"],
    }
    nodes = _nodes("fraud_claims")
    assert len(nodes) == 3
    made = _run(steps, nodes, table)
    gone = str.maketrans("", "", SYMBOLS)
    assert made == {
        name: [each and each.translate(gone) for each in values] for name, values in table.items()
    }
    assert made["incident_type"] == ["Breakin", "Collision", "Theft", ""]


def test_readmissions_become_digits(steps: Steps) -> None:
    nodes = _nodes("diabetes_readmission")
    made = _run(steps, nodes, {"readmitted": [">30", "<30", "NO", None]})
    assert made["readmitted_parser_1"] == ["1", "1", "NO", None]
    assert made["readmitted_parser_2"] == ["1", "1", "0", None]


def test_the_formula_of_music(steps: Steps) -> None:
    valence, liveness, energy = [0.5, 0.25, None], [0.1, 0.9, 0.3], [0.7, 0.2, 0.1]
    table = {"valence": valence, "liveness": liveness, "energy": energy, "danceability": [0.0] * 3}
    made = _run(steps, _nodes("music_recommendation"), table)
    assert made["danceability"] == pytest.approx(
        [
            None if v is None else 0.3 * v + 0.1 * x + 0.1 * e
            for v, x, e in zip(valence, liveness, energy, strict=True)
        ]
    )
    assert list(made) == list(table)


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.flow")), ids=lambda path: path.stem)
def test_every_such_step_of_every_flow_is_known(path: Path, steps: Steps) -> None:
    """Parameters as they stand in the files fit the declarations."""
    for node in _nodes(path.stem):
        operator = catalogue.find(node.operator, node.parameters)
        p = parse(operator.Parameters, operator.form.read(node.parameters))
        given = getattr(p, "input_column", [])
        named = [given] if isinstance(given, str) else given
        table = pa.table({each: pa.array([], pa.string()) for each in [*named, "other"]})
        p.check([steps.relation(table)])
