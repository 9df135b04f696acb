"""Outliers, against NumPy and pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import Steps
from tables import arrow, near

from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError

KEY = "handle_outliers"
X = [1.0, 2.0, None, 3.0, 2.5, -40.0, 1.5, 90.0, 2.0, 2.25]
#: Another column, whose rows have to go with those of the first.
ROWS = list(range(len(X)))
S = pd.Series(X, dtype=float)


def _robust(k: float, low: float, high: float) -> tuple[float, float]:
    inner = S[S.between(S.quantile(low), S.quantile(high))]
    return inner.mean() - k * inner.std(), inner.mean() + k * inner.std()


WAYS: list[tuple[str, dict[str, Any], tuple[float, float]]] = [
    (
        "standard_deviation_numeric_outliers",
        {"standard_deviations": 1.5},
        (S.mean() - 1.5 * S.std(), S.mean() + 1.5 * S.std()),
    ),
    (
        "robust_standard_deviation_numeric_outliers",
        {"standard_deviations": 2, "lower_quantile": 0.2, "upper_quantile": 0.8},
        _robust(2, 0.2, 0.8),
    ),
    (
        "quantile_numeric_outliers",
        {"lower_quantile": 0.1, "upper_quantile": 0.85},
        (S.quantile(0.1), S.quantile(0.85)),
    ),
    ("min_max_numeric_outliers", {"lower_threshold": 1.5, "upper_threshold": 3}, (1.5, 3.0)),
    ("min_max_numeric_outliers", {"upper_threshold": 2.25}, (-np.inf, 2.25)),
]


@pytest.mark.parametrize(("way", "parameters", "bounds"), WAYS)
@pytest.mark.parametrize("fix", ["Clip", "Remove", "Invalidate"])
def test_each_way_with_each_fix(
    steps: Steps, way: str, parameters: dict[str, Any], bounds: tuple[float, float], fix: str
) -> None:
    low, high = bounds
    table = {"x": X, "row": ROWS}
    made = steps(f"{KEY}/{way}", table, input_column=["x"], fix_method=fix, **parameters)
    inside = S.between(low, high) | S.isna()
    assert not inside.all()
    if fix == "Clip":
        near(made["x"], S.clip(low, high))
        assert made["row"] == ROWS
    elif fix == "Remove":
        assert made["row"] == [row for row, kept in zip(ROWS, inside, strict=True) if kept]
        assert made["x"] == [x for x, kept in zip(X, inside, strict=True) if kept]
    else:
        assert made["x"] == [x if kept else None for x, kept in zip(X, inside, strict=True)]


def test_a_row_goes_where_any_of_its_columns_is_beyond(steps: Steps) -> None:
    table = {"a.b": [1, 2, 3, 4], 'c"': [5, 6, 7, None]}
    made = steps(
        f"{KEY}/min_max_numeric_outliers",
        table,
        input_column=["a.b", 'c"'],
        lower_threshold=2,
        upper_threshold=6,
        fix_method="Remove",
    )
    assert made == {"a.b": [2, 4], 'c"': [6, None]}


def test_bounds_stay_those_of_the_training_rows(steps: Steps) -> None:
    key = f"{KEY}/standard_deviation_numeric_outliers"
    trained = steps.fit(key, {"x": [1.0, 3.0]}, input_column="x", standard_deviations=1)
    assert trained == {"columns": {"x": {"mean": 2.0, "std": pytest.approx(2**0.5)}}}
    made = steps(key, {"x": [100.0]}, trained=trained, input_column="x", standard_deviations=1)
    assert made["x"] == pytest.approx([2 + 2**0.5])


def test_what_is_no_number_teaches_nothing_and_is_beyond_all_bounds(steps: Steps) -> None:
    x = [float("nan"), 1.0, float("inf"), 3.0, float("-inf"), None]
    key = f"{KEY}/standard_deviation_numeric_outliers"
    made = steps(key, {"x": x}, input_column="x", fix_method="Invalidate")
    assert made["x"] == [None, 1.0, None, 3.0, None, None]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=1).filter(any),
    st.floats(0.05, 0.45),
)
def test_quantiles_are_pandas(steps: Steps, x: list[float | None], q: float) -> None:
    table = {"x": np.array([np.nan if each is None else each for each in x])}
    made = steps(
        f"{KEY}/quantile_numeric_outliers",
        arrow(table),
        input_column="x",
        lower_quantile=q,
        upper_quantile=1 - q,
    )
    series = pd.Series(table["x"])
    wanted = series.clip(series.quantile(q), series.quantile(1 - q))
    near(made["x"], wanted, atol=1e-6)


def test_no_rows_one_row_and_nothing_known(steps: Steps) -> None:
    key = f"{KEY}/standard_deviation_numeric_outliers"
    assert steps(key, {"x": [7.5]}, input_column="x")["x"] == [7.5]
    for nothing in (np.array([], float), pd.array([None, None], dtype="Float64")):
        with pytest.raises(DataError, match="'x' has no value to learn from"):
            steps(key, {"x": nothing}, input_column="x")
    same = {"x": np.array([], float)}
    assert steps(f"{KEY}/min_max_numeric_outliers", same, input_column="x", upper_threshold=1) == {
        "x": []
    }


COLORS = ["red"] * 5 + ["grün"] * 3 + ["blue"] * 3 + ["日本"] + [None] * 4


@pytest.mark.parametrize(
    ("parameters", "common"),
    [
        ({"absolute_threshold": 1}, {"red", "grün", "blue"}),
        ({"absolute_threshold": 3}, {"red"}),
        # 3 of 16 rows are not above this part, 5 are.
        ({"fraction_threshold": 3 / 16}, {"red"}),
        ({"max_common_categories": 2}, {"red", "blue"}),
        ({}, {"red", "grün", "blue", "日本"}),
    ],
)
def test_rare_categories(steps: Steps, parameters: dict[str, Any], common: set[str]) -> None:
    made = steps(
        f"{KEY}/replace_rare_values",
        {"c": COLORS},
        input_column="c",
        replacement_string="selten",
        **{"absolute_threshold": 0, "fraction_threshold": 0, **parameters},
    )
    wanted = [each if each in common or each is None else "selten" for each in COLORS]
    assert made["c"] == wanted


def test_what_was_not_there_when_learning_is_rare(steps: Steps) -> None:
    trained = steps.fit(f"{KEY}/replace_rare_values", {"c": ["a"] * 11}, input_column="c")
    made = steps(
        f"{KEY}/replace_rare_values",
        {"c": ["a", "new", None]},
        trained=trained,
        input_column="c",
        output_column="d",
    )
    assert made == {"c": ["a", "new", None], "d": ["a", "Other", None]}
    assert steps(f"{KEY}/replace_rare_values", {"c": [None, None]}, input_column="c")["c"] == [
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("way", "parameters", "error", "words"),
    [
        ("min_max_numeric_outliers", {}, ParameterError, "one must be given"),
        (
            "min_max_numeric_outliers",
            {"lower_threshold": 2, "upper_threshold": 1},
            ParameterError,
            "lower_threshold: 2.0 is above upper_threshold, 1.0",
        ),
        (
            "quantile_numeric_outliers",
            {"lower_quantile": 0.9, "upper_quantile": 0.1},
            ParameterError,
            "lower_quantile: 0.9 is not below",
        ),
        ("quantile_numeric_outliers", {"upper_quantile": 95}, ParameterError, "upper_quantile"),
        (
            "standard_deviation_numeric_outliers",
            {"fix_method": "Cut"},
            ParameterError,
            "fix_method: 'Cut' is not right.*'Clip', 'Remove' or 'Invalidate'",
        ),
        ("standard_deviation_numeric_outliers", {"input_column": "c"}, ColumnError, "'c' is str"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, way: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(f"{KEY}/{way}", {"x": [1.0], "c": ["a"]}, **{"input_column": "x", **parameters})
