"""Sorting, shuffling, dropping duplicates, sampling and splitting rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler import Flow, catalogue
from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError, StepError
from studio_ext.wrangler.flow import Input
from studio_ext.wrangler.operators.parameters import parse
from studio_ext.wrangler.sources import sampled

TABLE = {"x": [2, None, 1, 2, 3, 1], "s.": ["b", "é", None, "a", "B", "c"], "i": list(range(6))}
MANY = {"i": list(range(1000)), "c": [("a", "b", None)[n % 7 % 3] for n in range(1000)]}


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("columns", ["x", "s.", ["x", "s."]])
def test_sorting_is_pandas(steps: Steps, order: str, columns: Any) -> None:
    up = order == "Ascending"
    made = steps("manage_rows/sort", TABLE, sort_by=columns, order=order)
    wanted = pd.DataFrame(TABLE).sort_values(
        columns, ascending=up, na_position="first" if up else "last", kind="stable"
    )
    assert made["i"] == wanted["i"].to_list()
    assert list(made) == list(TABLE)


def test_a_shuffle_follows_from_its_seed(steps: Steps) -> None:
    made = [steps("manage_rows/shuffle", MANY, seed=seed)["i"] for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2] != MANY["i"] != made[0]
    assert sorted(made[0]) == MANY["i"]
    # Far from where they were, on average a third of the table.
    moved = sum(abs(place - row) for place, row in enumerate(made[0])) / 1000
    assert 300 < moved < 370


@pytest.mark.parametrize("subset", [[], ["a"], ["a", "b"]])
def test_the_first_of_equal_rows_stays(steps: Steps, subset: list[str]) -> None:
    table = {"a": [1, 1, None, None, 1], "b": ["x", "x", "y", "z", "x"], "c": [1, 1, 3, 4, 5]}
    made = steps("manage_rows/drop_duplicates", table, subset=subset)
    wanted = pd.DataFrame(table).drop_duplicates(subset=subset or None)
    assert made["c"] == wanted["c"].to_list()


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("manage_rows/sort", {"sort_by": "x"}),
        ("manage_rows/shuffle", {}),
        ("manage_rows/drop_duplicates", {}),
        ("sampling/random", {"sample_size": 3}),
        ("sampling/stratified", {"sample_size": 3, "stratify_column": "x"}),
    ],
)
def test_tables_without_rows_and_with_one(
    steps: Steps, key: str, parameters: dict[str, Any]
) -> None:
    empty = pa.table({"x": pa.array([], pa.int64()), "studio_row": pa.array([], pa.string())})
    assert steps(key, empty, **parameters) == {"x": [], "studio_row": []}
    assert steps(key, {"x": [7], "studio_row": ["own"]}, **parameters) == {
        "x": [7],
        "studio_row": ["own"],
    }


# -- sampling ---------------------------------------------------------------------------------


def test_the_first_rows(steps: Steps) -> None:
    assert steps("sampling/limit", TABLE, limit=2)["i"] == [0, 1]
    assert steps("sampling/limit", TABLE, limit=0)["i"] == []


def test_rows_by_chance(steps: Steps) -> None:
    made = [steps("sampling/random", MANY, sample_size=100, seed=seed)["i"] for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert len(set(made[0])) == len(made[0]) == 100
    assert made[0] == sorted(made[0])
    assert 400 < sum(made[0]) / 100 < 600
    assert steps("sampling/random", MANY, sample_size=5000)["i"] == MANY["i"]


def test_each_value_keeps_its_part(steps: Steps) -> None:
    parameters = {"sample_size": 70, "stratify_column": "c"}
    made = steps("sampling/stratified", MANY, **parameters)
    whole = Counter(MANY["c"])
    assert Counter(made["c"]) == {value: round(70 * n / 1000) for value, n in whole.items()}
    assert made["i"] == sorted(made["i"])
    rare = {"c": ["often"] * 99 + ["once"]}
    assert Counter(
        steps("sampling/stratified", rare, sample_size=10, stratify_column="c")["c"]
    ) == {
        "often": 10,
        "once": 1,
    }


@pytest.mark.parametrize(
    ("sampling", "rows"),
    [
        ({}, range(1000, 1001)),
        ({"sampling_method": "sample_none"}, range(1000, 1001)),
        ({"sampling_method": "sample_by_limit", "limit_rows": 20}, range(20, 21)),
        ({"sampling_method": "sample_by_ratio", "sample_ratio": 0.3}, range(250, 350)),
        ({"sampling_method": "sample_by_ratio", "sample_ratio": 1}, range(1000, 1001)),
        ({"sampling_method": "sample_by_count", "sample_size": 20}, range(20, 21)),
        (
            {"sampling_method": "sample_by_stratum", "sample_size": 100, "stratify_column": "c"},
            range(99, 102),
        ),
    ],
)
def test_a_source_is_sampled(steps: Steps, sampling: dict[str, Any], rows: range) -> None:
    made = [sampled(steps.relation(MANY), sampling).to_arrow().to_pydict() for _ in range(2)]
    assert made[0] == made[1]
    assert len(made[0]["i"]) in rows
    assert set(zip(made[0]["i"], made[0]["c"], strict=True)) <= set(
        zip(*MANY.values(), strict=True)
    )


@pytest.mark.parametrize(
    ("sampling", "error", "words"),
    [
        ({"sampling_method": "sample_by_mood"}, ParameterError, "none of those Studio knows"),
        ({"sampling_method": "sample_by_limit"}, ParameterError, "limit_rows: None is no number"),
        ({"sampling_method": "sample_by_count", "sample_size": -1}, ParameterError, "below zero"),
        (
            {"sampling_method": "sample_by_stratum", "sample_size": 1, "stratify_column": "no"},
            ColumnError,
            "no column 'no'",
        ),
    ],
)
def test_a_sampling_that_is_none_is_refused(
    steps: Steps, sampling: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        sampled(steps.relation(MANY), sampling)


# -- splitting --------------------------------------------------------------------------------

TWO = [{"name": "Train", "percentage": 0.8}, {"name": "Test", "percentage": 0.2}]
THREE = [
    {"name": "Train", "percentage": 0.7},
    {"name": "Validation", "percentage": 0.1},
    {"name": "Test", "percentage": 0.2},
]


def _parts(steps: Steps, key: str, table: Any = MANY, **parameters: Any) -> dict[str, Any]:
    found = steps.relations(f"split/{key}", table, **parameters)
    return {name: each.to_arrow().to_pydict() for name, each in found.items()}


def _whole(parts: dict[str, Any], name: str = "i") -> list[Any]:
    return sorted(value for part in parts.values() for value in part[name])


@pytest.mark.parametrize("splits", [TWO, THREE])
@pytest.mark.parametrize(
    ("key", "more"),
    [("randomized_split", {}), ("ordered_split", {}), ("ordered_split", {"input_column": "i"})],
)
def test_parts_have_their_sizes(steps: Steps, splits: Any, key: str, more: dict[str, Any]) -> None:
    parts = _parts(steps, key, splits=splits, **more)
    assert {name: len(part["i"]) for name, part in parts.items()} == {
        each["name"]: round(1000 * each["percentage"]) for each in splits
    }
    assert _whole(parts) == MANY["i"]
    assert all(part["i"] == sorted(part["i"]) for part in parts.values())
    assert parts == _parts(steps, key, splits=splits, **more)


def test_a_randomized_split_follows_from_its_seed(steps: Steps) -> None:
    one, other = (_parts(steps, "randomized_split", seed=seed)["Test"]["i"] for seed in (1, 2))
    assert one != other
    assert 400 < sum(one) / len(one) < 600


def test_an_ordered_split_by_a_column(steps: Steps) -> None:
    table = {"t": [5, 3, None, 1, 3, 3, 2, 3, 3, 4], "i": list(range(10))}
    half = [{"name": "a", "percentage": 0.5}, {"name": "b", "percentage": 0.5}]
    parts = _parts(steps, "ordered_split", table, splits=half, input_column="t")
    # All threes come into the part of the first of them.
    assert parts["a"]["t"] == [3, 1, 3, 3, 2, 3, 3]
    assert parts["b"]["t"] == [5, None, 4]
    more = {"input_column": "t", "handle_duplicates": True}
    parts = _parts(steps, "ordered_split", table, splits=half, **more)
    assert sorted(parts["a"]["t"]) == [1, 2, 3, 3, 3]
    assert _whole(parts) == list(range(10))


def test_a_stratified_split_gives_each_value_its_part(steps: Steps) -> None:
    parts = _parts(steps, "stratified_split", splits=THREE, input_column="c")
    whole = Counter(MANY["c"])
    for each in THREE:
        found = Counter(parts[each["name"]]["c"])
        assert all(abs(found[v] - n * each["percentage"]) <= 1 for v, n in whole.items())
    assert _whole(parts) == MANY["i"]
    documented = {"x": [1] * 6 + [2] * 8 + [3] * 7}
    train = _parts(steps, "stratified_split", documented, input_column="x")["Train"]["x"]
    assert Counter(train) == {1: 5, 2: 6, 3: 6}


def test_rows_of_one_key_stay_together(steps: Steps) -> None:
    table = {"k": [n % 97 for n in range(1000)], "j": [None] * 1000, "i": list(range(1000))}
    parts = _parts(steps, "split_by_key", table, key_columns=["k", "j"], error=0.01)
    assert not set(parts["Train"]["k"]) & set(parts["Test"]["k"])
    assert abs(len(parts["Test"]["i"]) - 200) <= 10
    assert _whole(parts) == list(range(1000))


@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("randomized_split", {}),
        ("ordered_split", {}),
        ("stratified_split", {"input_column": "i"}),
        ("split_by_key", {"key_columns": "i"}),
    ],
)
def test_what_cannot_be_split_evenly_is_split(steps: Steps, key: str, more: dict[str, Any]) -> None:
    empty = pa.table({"i": pa.array([], pa.int64())})
    assert _parts(steps, key, empty, **more) == {"Train": {"i": []}, "Test": {"i": []}}
    one = _parts(steps, key, {"i": [7]}, **more)
    assert one == {"Train": {"i": [7]}, "Test": {"i": []}}


def test_rows_that_were_not_learned_from_are_split_too(steps: Steps) -> None:
    operator = catalogue["split/stratified_split"]
    trained = steps.fit(operator.key, MANY, input_column="c")
    other = {"i": list(range(2000)), "c": ["new"] * 2000}
    parts = steps.relations(operator.key, other, trained=trained, input_column="c")
    sizes = {name: each.count() for name, each in parts.items()}
    assert sum(sizes.values()) == 2000
    assert 1500 < sizes["Train"] < 1700


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        ("randomized_split", {"splits": [*TWO, TWO[0]]}, ParameterError, "add up to 1.8, not to 1"),
        ("randomized_split", {"splits": TWO[:1]}, ParameterError, "splits"),
        ("split_by_key", {"key_columns": ["no"]}, ColumnError, "no column 'no'"),
        ("ordered_split", {"input_column": "c"}, ColumnError, "'c' is string"),
        (
            "stratified_split",
            {"input_column": "i", "table": {"i": list(range(1001))}},
            DataError,
            "has 1001 values, more than 1000",
        ),
        (
            "ordered_split",
            {"splits": [{"name": "default", "percentage": 0.5}, {"name": "b", "percentage": 0.5}]},
            ParameterError,
            "may not be called default",
        ),
    ],
)
def test_what_cannot_be_split_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        _parts(steps, key, **parameters)


def test_a_split_in_a_flow_gives_several_outputs(tmp_path: Path) -> None:
    flow = Flow.new()
    place = {"s3Uri": str(tmp_path), "s3ContentType": "csv"}
    definition = {"datasetSourceType": "S3", "name": "many", "s3ExecutionContext": place}
    document = flow.document
    source = document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    node = {"operator": "Ordered split", "ordered_split_parameters": {"splits": TWO}}
    split = document.add(
        "sagemaker.spark.split_0.1", node, [Input(source.id)], outputs=["Train", "Test"]
    )
    named = [
        document.add("sagemaker.dataset.identity_0.1", {}, [Input(split.id, name)], type="DATASET")
        for name in ("Test", "Train", "Trian")
    ]
    result = flow.run(inputs={"many": pa.table(MANY)})
    assert result.table(named[0])["i"].to_pylist() == MANY["i"][800:]
    assert result.table(named[1])["i"].to_pylist() == MANY["i"][:800]
    with pytest.raises(StepError, match="no output 'Trian': there are Train, Test"):
        result.table(named[2])


def test_the_form_of_a_real_split() -> None:
    node = {
        "operator": "Randomized split",
        "randomized_split_parameters": {"splits": TWO, "error": 0.0001},
    }
    operator = catalogue.find("sagemaker.spark.split_0.1", node)
    assert operator.number == "T080"
    p = parse(operator.Parameters, operator.form.read(node))
    assert p.model_dump()["error"] == 0.0001


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.floats(0.05, 0.95))
def test_any_table_is_split_to_the_row(duckdb: Engine, rows: int, part: float) -> None:
    splits = [{"name": "a", "percentage": part}, {"name": "b", "percentage": 1 - part}]
    table = pa.table({"i": pa.array(range(rows), pa.int64())})
    for key in ("randomized_split", "ordered_split"):
        parts = _parts(Steps(duckdb), key, table, splits=splits)
        assert abs(len(parts["a"]["i"]) - rows * part) <= 0.5 + 1e-9
        assert _whole(parts) == list(range(rows))
