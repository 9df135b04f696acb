"""Columns left out, against scikit-learn and pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LinearRegression
from steps import Steps
from tables import arrow

from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError

KEY = "select_columns"


def _numbers() -> pd.DataFrame:
    chance = np.random.default_rng(8)
    table = pd.DataFrame(chance.normal(size=(80, 4)), columns=["a.b", 'c"', "d", "e"])
    table["sum"] = table["a.b"] + table['c"'] + 0.01 * chance.normal(size=80)
    table["near d"] = table["d"] + 0.2 * chance.normal(size=80)
    table["flat"] = 1.0
    return table


def _kept(steps: Steps, way: str, table: Any, **parameters: Any) -> list[str]:
    return steps.arrow(f"{KEY}/{way}", table, **parameters).column_names


@pytest.mark.parametrize("threshold", [0.0, 1.0, 1.05])
def test_low_variance_is_scikit_learns(steps: Steps, threshold: float) -> None:
    table = _numbers()
    model = VarianceThreshold(threshold).fit(table)
    found = _kept(steps, "drop_low_variance", arrow(table), threshold=threshold)
    assert found == list(table.columns[model.get_support()])
    assert "flat" not in found


def _factors(table: pd.DataFrame) -> pd.Series:
    """By a regression of each column on the others."""
    factors = {}
    for name in table:
        others = table.drop(columns=name)
        r2 = LinearRegression().fit(others, table[name]).score(others, table[name])
        factors[name] = 1 / (1 - r2)
    return pd.Series(factors)


@pytest.mark.parametrize("threshold", [1.02, 1.2, 5.0, 100.0, 1e6])
def test_inflated_columns_go_one_after_another(steps: Steps, threshold: float) -> None:
    left = _numbers().drop(columns="flat")
    gone = set()
    while (factors := _factors(left)).max() > threshold:
        gone.add(factors.idxmax())
        left = left.drop(columns=factors.idxmax())
    found = _kept(steps, "drop_high_vif", arrow(_numbers()), threshold=threshold)
    assert found == [name for name in _numbers() if name not in gone]


def test_exact_combinations_have_infinite_factors(steps: Steps) -> None:
    table = _numbers()[["a.b", "d", "e"]]
    table["both"] = table["a.b"] * 2 - table["d"]
    found = _kept(steps, "drop_high_vif", arrow(table), threshold=1e12)
    assert found == ["d", "e", "both"]
    assert _kept(steps, "drop_high_vif", arrow({"x": [1.0, 2.0]})) == ["x"]


@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.999])
def test_correlated_columns(steps: Steps, threshold: float) -> None:
    table = _numbers()
    correlation = table.corr().abs().fillna(0)
    kept: list[str] = []
    for name in table:
        if not any(correlation.loc[name, other] > threshold for other in kept):
            kept.append(name)
    assert _kept(steps, "drop_high_correlation", arrow(table), threshold=threshold) == kept


def test_constant_columns(steps: Steps) -> None:
    table = pa.table(
        {
            "same": ["x"] * 10,
            "none": pa.array([None] * 10, pa.int64()),
            "half": ["x"] * 9 + [None],
            "most": [1] * 9 + [2],
            "many": list(range(10)),
        }
    )
    assert _kept(steps, "drop_constant", table) == ["half", "most", "many"]
    assert _kept(steps, "drop_constant", table, fraction=0.9) == ["many"]
    assert _kept(steps, "drop_constant", table, fraction=0.95) == ["half", "most", "many"]
    some = _kept(steps, "drop_constant", table, input_column=["same"])
    assert some == ["none", "half", "most", "many"]


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9])
def test_columns_that_lack_values_are_as_pandas_counts(steps: Steps, threshold: float) -> None:
    table = pd.DataFrame(
        {"a": [1, None, 3, 4], "b": [None, None, "x", "y"], "c": [None] * 3 + [1], "d": [1] * 4}
    )
    missing = table.isna().mean()
    found = _kept(steps, "drop_high_missing", arrow(table), threshold=threshold)
    assert found == [name for name in table if missing[name] <= threshold]


def test_columns_that_repeat_another(steps: Steps) -> None:
    table = {
        "a": [1, None, 3],
        "copy": [1, None, 3],
        "float": [1.0, None, 3.0],
        "other": [1, 3, None],
        "s": ["x", "y", None],
        "s copy": ["x", "y", None],
        "a again": [1, None, 3],
    }
    found = _kept(steps, "drop_duplicate_columns", table)
    assert found == ["a", "float", "other", "s"]


def test_what_was_learned_holds_for_other_rows(steps: Steps) -> None:
    key = f"{KEY}/drop_constant"
    trained = steps.fit(key, {"x": [1, 1], "y": [1, 2]})
    assert trained == {"dropped": ["x"]}
    assert steps(key, {"x": [1, 2], "y": [3, 3]}, trained=trained) == {"y": [3, 3]}


def test_nothing_goes_where_there_are_no_rows(steps: Steps) -> None:
    empty = pa.table({"x": pa.array([], pa.float64()), "s": pa.array([], pa.string())})
    for way in ("drop_constant", "drop_high_missing"):
        assert _kept(steps, way, empty) == ["x", "s"]


@pytest.mark.parametrize(
    ("way", "parameters", "error", "words"),
    [
        ("drop_high_vif", {"threshold": 0.5}, ParameterError, "threshold: 0.5"),
        ("drop_high_vif", {"input_column": ["x", "y"]}, DataError, "no two rows"),
        ("drop_low_variance", {"input_column": "s"}, ColumnError, "'s' is string"),
        ("drop_high_missing", {"threshold": 1}, ParameterError, "threshold: 1"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, way: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    table = {"x": [1.0, None], "y": [None, 2.0], "s": ["a", "b"]}
    with pytest.raises(error, match=words):
        steps(f"{KEY}/{way}", table, **parameters)
