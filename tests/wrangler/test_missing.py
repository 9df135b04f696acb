"""Missing values, against pandas and scikit-learn."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from steps import Steps
from tables import arrow, near

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError

FILL = "handle_missing/fill_missing"
NUMERIC = "handle_missing/impute/numeric"
CATEGORY = "handle_missing/impute/categorical"
TABLE = {
    "a.b": [1, None, 3],
    'c"': [None, 2.5, None],
    "s": ["é", None, " x "],
    "d": [dt.date(2024, 1, 31), None, dt.date(2024, 2, 1)],
    "t": [None, dt.datetime(2024, 1, 31, 10), None],
    "b": [True, None, False],
}


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("a.b", "-7", -7),
        ('c"', "1e3", 1000.0),
        ("s", "日本 'x'", "日本 'x'"),
        ("d", "2020-02-29", dt.date(2020, 2, 29)),
        ("t", "2020-02-29T12:30:00", dt.datetime(2020, 2, 29, 12, 30)),
        ("b", "True", True),
    ],
)
def test_filling_with_a_value_of_the_columns_type(
    steps: Steps, name: str, given: str, value: Any
) -> None:
    made = steps(FILL, TABLE, input_column=name, fill_value=given, output_column="o")
    assert made == {**TABLE, "o": [value if each is None else each for each in TABLE[name]]}


def test_filling_several_columns_in_place(steps: Steps) -> None:
    made = steps(FILL, TABLE, input_column=["a.b", 'c"'], fill_value="0")
    assert made == {**TABLE, "a.b": [1, 0, 3], 'c"': [0, 2.5, 0]}


@pytest.mark.parametrize("strategy", ["Mean", "Approximate Median"])
def test_numbers_are_imputed_as_scikit_learn_does(steps: Steps, strategy: str) -> None:
    table = {"x": [1.0, None, 4.0, 10.0, None], "n": [None, 1, 2, 4, 100]}
    made = steps(NUMERIC, table, input_column=["x", "n"], strategy=strategy, output_column="o")
    model = SimpleImputer(strategy="mean" if strategy == "Mean" else "median")
    wanted = model.fit_transform(np.array([table["x"], table["n"]], dtype=float).T)
    near(made["o_x"], wanted[:, 0])
    near(made["o_n"], wanted[:, 1])
    assert made["n"] == table["n"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(-1e9, 1e9) | st.none(), min_size=1))
def test_any_numbers(steps: Steps, x: list[float | None]) -> None:
    series = pd.Series(x, dtype=float)
    if not series.notna().any():
        return
    made = steps(NUMERIC, arrow({"x": series}), input_column="x")
    near(made["x"], series.fillna(series.median()), rtol=1e-9)


def test_the_most_frequent_is_imputed_and_of_equals_the_smallest(steps: Steps) -> None:
    table = {
        "s": ["b", None, "a", "b", "a", "c"],
        "n": [10, 9, None, 9, 10, 1],
        "d": TABLE["d"] * 2,
    }
    made = steps(CATEGORY, table, input_column=["s", "n", "d"])
    assert made["s"] == ["b", "a", "a", "b", "a", "c"]
    # As numbers are ordered as texts where they are categories.
    assert made["n"] == [10, 9, 10, 9, 10, 1]
    assert made["d"] == [each or dt.date(2024, 1, 31) for each in table["d"]]


def test_blank_texts_and_what_is_no_number_are_missing(steps: Steps) -> None:
    """As Data Wrangler has it in every step of the group."""
    table = {"s": ["", "a", "  ", None, "\t"], "x": [float("nan"), 1.0, 3.0, None, 5.0]}
    made = steps(FILL, table, input_column=["s"], fill_value="-")
    assert made["s"] == ["-", "a", "-", "-", "\t"]
    assert steps(FILL, table, input_column="x", fill_value="0")["x"] == [0, 1, 3, 0, 5]
    assert steps(NUMERIC, table, input_column="x", strategy="Mean")["x"] == [3, 1, 3, 3, 5]
    blanks = {"s": ["", "", "", "b"]}
    assert steps(CATEGORY, blanks, input_column="s")["s"] == ["b"] * 4
    key = "handle_missing/add_indicator_for_missing"
    made = steps(key, table, input_column=["s", "x"])
    assert made["s_indicator"] == [True, False, True, True, False]
    assert made["x_indicator"] == [True, False, False, True, False]
    made = steps("handle_missing/drop_missing/drop_rows", table)
    assert made == {"s": ["a", "\t"], "x": [1.0, 5.0]}
    assert steps("handle_missing/drop_missing/drop_columns", {**blanks, "n": [1] * 4}) == {
        "n": [1] * 4
    }


def test_what_was_learned_is_put_into_other_rows(steps: Steps) -> None:
    trained = steps.fit(NUMERIC, {"x": [1.0, 3.0]}, input_column="x", strategy="Mean")
    assert trained == {"values": {"x": 2.0}}
    how = {"input_column": "x", "strategy": "Mean"}
    assert steps(NUMERIC, {"x": [None, 50.0]}, trained=trained, **how)["x"] == [2.0, 50.0]


def test_an_indicator(steps: Steps) -> None:
    made = steps("handle_missing/add_indicator_for_missing", TABLE, input_column="s")
    assert made == {**TABLE, "s_indicator": [False, True, False]}


@pytest.mark.parametrize(
    ("columns", "kept"),
    [(["a.b"], [0, 2]), (["a.b", 'c"'], []), ('c"', [1]), ([], []), ("s", [0, 2])],
)
def test_dropping_rows_is_pandas(steps: Steps, columns: Any, kept: list[int]) -> None:
    made = steps("handle_missing/drop_missing/drop_rows", TABLE, input_column=columns)
    assert made == {name: [values[row] for row in kept] for name, values in TABLE.items()}
    frame = pd.DataFrame(TABLE)
    chosen = [columns] if isinstance(columns, str) else columns
    assert list(frame.dropna(subset=chosen or None).index) == kept


def test_dropping_columns_that_lacked_values_in_training(steps: Steps) -> None:
    key = "handle_missing/drop_missing/drop_columns"
    table = {"x": [1, 2], "y": [None, 1], "z": ["a", "b"]}
    assert list(steps(key, table)) == ["x", "z"]
    assert list(steps(key, table, input_column=["x", "z"])) == ["x", "y", "z"]
    trained = steps.fit(key, table)
    later = {"x": [None, None], "y": [1, 2], "z": ["a", None]}
    assert list(steps(key, later, trained=trained)) == ["x", "z"]


def test_the_forms_of_real_flows() -> None:
    """Leftovers of other sub-operators stand beside what is meant."""
    folder = Path(__file__).parent / "flows"
    found = {
        node.id: node
        for path in folder.glob("*.flow")
        for node in Flow.open(path).document
        if node.operator.endswith("handle_missing_0.1")
    }
    assert len(found) == 6
    table = arrow(
        {
            "userId": ["a", None, "c"],
            "registration": [None, 1.0, 2.0],
            "diag_1": [1.0, None, 3.0],
            "diag_2": [1.0, 3.0, None],
            "diag_3": [1.0, 3.0, None],
            "PULocationID": [None, 2.0, 3.0],
            "tip_amount": [0.5, None, 3.0],
            "total_amount": [1.0, 2.0, None],
        }
    )
    rows, filled, imputed = 0, 0, 0
    for node in found.values():
        flow = Flow.new()
        source = flow.document.add("sagemaker.s3_source_0.1", {}, type="SOURCE")
        added = flow.document.add(node.operator, node.parameters, [])
        added.data["inputs"] = [{"name": "df", "node_id": source.id, "output_name": "default"}]
        made = flow.run(inputs={source.id: table}).table()
        chosen = node.parameters["operator"]
        rows += chosen == "Drop missing" and made.num_rows == 2
        filled += chosen == "Fill missing" and made["tip_amount"].to_pylist() == [0.5, 0, 3]
        imputed += chosen == "Impute" and made.column(made.num_columns - 1).to_pylist() in (
            [1, 2, 3],
            [1, 3, 2],
        )
    assert (rows, filled, imputed) == (2, 1, 3)


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (FILL, {"input_column": "a.b", "fill_value": "x"}, ParameterError, "is no long, as 'a.b'"),
        (FILL, {"input_column": "a.b", "fill_value": "1.5"}, ParameterError, "'1.5' is no long"),
        (FILL, {"input_column": "d", "fill_value": "31/1/24"}, ParameterError, "is no date"),
        (FILL, {"input_column": "a.b"}, ParameterError, "fill_value: None must be given"),
        (NUMERIC, {"input_column": "s"}, ColumnError, "'s' is string, not long or float"),
        (NUMERIC, {"input_column": "a.b", "strategy": "Mode"}, ParameterError, "strategy: 'Mode'"),
        (NUMERIC, {"input_column": "nothing"}, DataError, "'nothing' has no value to learn from"),
        (CATEGORY, {"input_column": "nothing"}, DataError, "'nothing' has no value to learn from"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    table = pa.table({**TABLE, "nothing": pa.array([None] * 3, pa.float64())})
    with pytest.raises(error, match=words):
        steps(key, table, **parameters)
