"""Filtering, grouping, pivoting and windows, against pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from steps import Steps
from tables import near

from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError

TABLE = {
    "i": list(range(8)),
    "x": [3, 1, None, 7, 5, 3, -2, 100],
    "s.": ["apple", "Pear", None, "peach", "grape", "", "æpple", "p%"],
    "g": ["a", "b", "a", None, "b", "a", None, "b"],
    "v": [0.5, None, 2.0, 4.0, -1.0, 0.5, 4.0, None],
}
FRAME = pd.DataFrame(TABLE)
X = FRAME["x"]
S = FRAME["s."]


def _kept(steps: Steps, *conditions: dict[str, Any], **more: Any) -> list[int]:
    return steps("filter_rows", TABLE, conditions=list(conditions), **more)["i"]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ({"column": "x", "condition": "=", "value": 3}, X == 3),
        ({"column": "x", "condition": "!=", "value": 3}, (X != 3) & X.notna()),
        ({"column": "x", "condition": "<", "value": 3.5}, X < 3.5),
        ({"column": "x", "condition": "<=", "value": "3"}, X <= 3),
        ({"column": "x", "condition": ">", "value": 3}, X > 3),
        ({"column": "x", "condition": ">=", "value": 3}, X >= 3),
        ({"column": "x", "condition": "between", "value": 1, "upper": 5}, X.between(1, 5)),
        (
            {"column": "x", "condition": "not between", "value": 1, "upper": 5},
            ~X.between(1, 5) & X.notna(),
        ),
        ({"column": "x", "condition": "is one of", "values": [1, 7]}, X.isin([1, 7])),
        ({"column": "x", "condition": "is missing"}, X.isna()),
        ({"column": "x", "condition": "is not missing"}, X.notna()),
        ({"column": "s.", "condition": "contains", "value": "p%"}, S == "p%"),
        ({"column": "s.", "condition": "contains", "value": "ea"}, S.str.contains("ea", na=False)),
        (
            {"column": "s.", "condition": "does not contain", "value": "p"},
            S.notna() & ~S.str.contains("p", na=False),
        ),
        (
            {"column": "s.", "condition": "starts with", "value": "p"},
            S.str.startswith("p", na=False),
        ),
        ({"column": "s.", "condition": "ends with", "value": "e"}, S.str.endswith("e", na=False)),
        ({"column": "s.", "condition": "=", "value": ""}, S == ""),
        ({"column": "s.", "condition": ">", "value": "p"}, S > "p"),
    ],
)
def test_conditions_are_pandas(steps: Steps, condition: dict[str, Any], wanted: Any) -> None:
    keep = FRAME["i"][wanted].to_list()
    assert _kept(steps, condition) == keep
    # What cannot be told stays when rows are removed.
    assert _kept(steps, condition, keep=False) == [i for i in TABLE["i"] if i not in keep]


def test_conditions_go_together(steps: Steps) -> None:
    low = {"column": "x", "condition": "<=", "value": 3}
    of_a = {"column": "g", "condition": "=", "value": "a"}
    assert _kept(steps, low, of_a) == [0, 5]
    assert _kept(steps, low, of_a, combine="or") == [0, 1, 2, 5, 6]


def test_outliers_are_learned(steps: Steps) -> None:
    outlier = {"column": "x", "condition": "is outlier", "standard_deviations": 2}
    far = (X - X.mean()).abs() > 2 * X.std()
    assert _kept(steps, outlier) == FRAME["i"][far].to_list() == [7]
    inner = {**outlier, "condition": "is not outlier"}
    assert _kept(steps, inner) == FRAME["i"][~far & X.notna()].to_list()
    trained = steps.fit("filter_rows", TABLE, conditions=[outlier])
    other = {"x": [100, 3]}
    made = steps.relations("filter_rows", other, trained=trained, conditions=[outlier])
    assert made["default"].rows() == [(100,)]
    with pytest.raises(DataError, match="no value to learn from"):
        steps("filter_rows", {"x": np.array([], int)}, conditions=[outlier])


@pytest.mark.parametrize(
    ("condition", "error", "words"),
    [
        ({"column": "no", "condition": "="}, ColumnError, "no column 'no'"),
        ({"column": "x", "condition": "~"}, ParameterError, "condition: '~' is none of"),
        ({"column": "x", "condition": "=", "value": "z"}, ParameterError, "'z' is no long"),
        ({"column": "x", "condition": "contains"}, ColumnError, "'x' is long, not string"),
        ({"column": "g", "condition": "is outlier"}, ColumnError, "'g' is string, not long or"),
        ({"column": "x", "condition": "is one of"}, ParameterError, "must hold a value"),
    ],
)
def test_conditions_that_cannot_be_are_said(
    steps: Steps, condition: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        _kept(steps, condition)


# -- groups -----------------------------------------------------------------------------------

PANDAS: dict[str, Any] = {
    "sum": lambda v: v.sum(min_count=1),
    "avg": "mean",
    "std": "std",
    "stddev": "std",
    "variance": "var",
    "stddev_pop": lambda v: v.std(ddof=0),
    "variance_pop": lambda v: v.var(ddof=0),
    "median": "median",
    "quantile": lambda v: v.quantile(0.3),
    "min": "min",
    "max": "max",
    "count": "count",
    "approx_count_distinct": "nunique",
    "count_distinct": "nunique",
    "first": "first",
    "last": "last",
    "mode": lambda v: v.mode().min() if v.notna().any() else None,
}


@pytest.mark.parametrize("how", PANDAS)
def test_aggregates_are_pandas(steps: Steps, how: str) -> None:
    one = {"column": "v", "function": how, "quantile": 0.3, "output": "out"}
    made = steps("group_by", TABLE, by=["g"], aggregates=[one])
    wanted = FRAME.groupby("g", dropna=False)["v"].agg(PANDAS[how])
    assert made["g"] == ["a", "b", None]
    near(made["out"], wanted)


def test_groups_of_several_columns_and_of_all_rows(steps: Steps) -> None:
    several = [
        {"function": "count"},
        {"column": "s.", "function": "max"},
        {"column": "i", "function": "collect_list"},
    ]
    made = steps("group_by", TABLE, by=["g", "v"], aggregates=several)
    assert list(made) == ["g", "v", "count", "s._max", "i_collect_list"]
    sizes = FRAME.groupby(["g", "v"], dropna=False).size()
    assert made["count"] == sizes.to_list()
    assert made["i_collect_list"][0] == [0, 5]
    assert made["s._max"][0] == "apple"
    whole = steps("group_by", TABLE, aggregates=several[:1])
    assert whole == {"count": [8]}


@pytest.mark.parametrize(
    ("aggregate", "error", "words"),
    [
        ({"column": "v", "function": "best"}, ParameterError, "function: 'best' is none of"),
        ({"column": "g", "function": "avg"}, ColumnError, "'g' is string, not long or float"),
        ({"function": "sum"}, ColumnError, "no column ''"),
        ({"column": "v", "function": "quantile", "quantile": 2}, ParameterError, "quantile"),
        ({"column": "v", "function": "sum", "output": "g"}, ColumnError, "would be named 'g'"),
    ],
)
def test_aggregates_that_cannot_be_are_said(
    steps: Steps, aggregate: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps("group_by", TABLE, by="g", aggregates=[aggregate])


@pytest.mark.parametrize("how", ["sum", "count", "avg", "max", "median"])
def test_a_pivot_is_pandas(steps: Steps, how: str) -> None:
    table = {"k": [2, 1, 1, 2, 1], "c": ["q", "p", "q", "q", None], "v": [1.0, 2.0, 3.0, 5.0, 9.0]}
    parameters = {"index": ["k"], "columns": "c", "values": "v", "function": how}
    made = steps("pivot", table, **parameters)
    known = pd.DataFrame(table).dropna()
    agg = {"avg": "mean"}.get(how, how)
    wanted = known.pivot_table(index="k", columns="c", values="v", aggfunc=agg)
    if how == "count":
        wanted = wanted.fillna(0)
    assert list(made) == ["k", "p", "q"]
    assert made["k"] == wanted.index.to_list()
    near(made["p"], wanted["p"])
    near(made["q"], wanted["q"])
    trained = steps.fit("pivot", table, **parameters)
    assert trained == {"values": ["p", "q"]}
    other = {"k": [1], "c": ["new"], "v": [1.0]}
    late = steps.relations("pivot", other, trained=trained, **parameters)["default"]
    assert late.columns == ["k", "p", "q"]
    assert late.rows()[0][1:] == ((0, 0) if how == "count" else (None, None))


def test_a_pivot_collects_lists(steps: Steps) -> None:
    table = {"k": [1, 1, 2], "c": ["p", "p", "q"], "v": [3, 1, 2]}
    parameters = {"index": ["k"], "columns": "c", "values": "v", "function": "collect_list"}
    assert steps("pivot", table, **parameters) == {
        "k": [1, 2],
        "p": [[3, 1], None],
        "q": [None, [2]],
    }


def test_an_unpivot_is_pandas_melt(steps: Steps) -> None:
    table = {"k": [1, 2], "a.": [1, None], 'b"': [0.5, 2.5]}
    made = steps("unpivot", table, columns=["a.", 'b"'])
    wanted = pd.DataFrame(table).melt("k").sort_values("k", kind="stable")
    assert made["k"] == wanted["k"].to_list()
    assert made["variable"] == wanted["variable"].to_list()
    near(made["value"], wanted["value"])
    mixed = steps("unpivot", {"a": [1], "b": ["x"]}, columns=["a", "b"], name_column="n")
    assert mixed == {"n": ["a", "b"], "value": ["1", "x"]}
    with pytest.raises(ColumnError, match="a column 'k' already"):
        steps("unpivot", table, columns=["a."], name_column="k")


def test_top_rows_of_each_group(steps: Steps) -> None:
    made = steps("top_rows", TABLE, count=1, order_by=["x"], by=["g"])
    wanted = (
        FRAME.sort_values("x", ascending=False, kind="stable").groupby("g", dropna=False).head(1)
    )
    assert made["i"] == sorted(wanted["i"])
    small = steps("top_rows", TABLE, count=2, order_by="x", descending=False)
    assert small["i"] == [1, 6]


# -- windows ----------------------------------------------------------------------------------


def _window(steps: Steps, function: str, **more: Any) -> list[Any]:
    one = {"function": function, "output": "out", **more}
    made = steps("window", TABLE, partition_by="g", order_by="i", descending=True, functions=[one])
    assert {name: made[name] for name in TABLE} == TABLE
    return made["out"]


GROUPS = FRAME.sort_values("i", ascending=False).groupby("g", dropna=False)


@pytest.mark.parametrize(
    ("function", "more", "wanted"),
    [
        ("row_number", {}, GROUPS.cumcount() + 1),
        ("lag", {"column": "v"}, GROUPS["v"].shift(1)),
        ("lead", {"column": "v", "size": 2}, GROUPS["v"].shift(-2)),
        ("cumulative_sum", {"column": "v"}, GROUPS["v"].transform(lambda v: v.expanding().sum())),
        ("cumulative_mean", {"column": "v"}, GROUPS["v"].transform(lambda v: v.expanding().mean())),
        ("cumulative_min", {"column": "v"}, GROUPS["v"].transform(lambda v: v.expanding().min())),
        ("cumulative_max", {"column": "v"}, GROUPS["v"].transform(lambda v: v.expanding().max())),
        ("cumulative_count", {"column": "v"}, GROUPS["v"].transform(lambda v: v.notna().cumsum())),
        *(
            (
                f"moving_{how}",
                {"column": "v", "size": 2},
                GROUPS["v"].transform(
                    lambda v, how=how: getattr(v.rolling(2, min_periods=1), how)()
                ),
            )
            for how in ("sum", "mean", "min", "max")
        ),
    ],
)
def test_windows_are_pandas(steps: Steps, function: str, more: dict[str, Any], wanted: Any) -> None:
    near(_window(steps, function, **more), wanted.sort_index())


def test_ranks_are_pandas(steps: Steps) -> None:
    known = {"x": [3, 1, 3, 7, 1, 9], "g": ["a", "a", "a", "b", "b", "b"]}
    names = ["rank", "dense_rank", "percent_rank"]
    functions = [*({"function": name} for name in names), {"function": "ntile", "size": 2}]
    made = steps("window", known, partition_by="g", order_by="x", functions=functions)
    groups = pd.DataFrame(known).groupby("g")["x"]
    near(made["rank"], groups.rank("min"))
    near(made["dense_rank"], groups.rank("dense"))
    near(made["percent_rank"], (groups.rank("min") - 1) / 2)
    assert made["ntile"] == [1, 1, 2, 1, 1, 2]


@pytest.mark.parametrize("periods", [1, 2, -1])
def test_changes_are_pandas(steps: Steps, periods: int) -> None:
    of = {"input_column": "x", "output_column": "o", "partition_by": "g", "periods": periods}
    groups = FRAME.groupby("g", dropna=False)["x"]
    near(steps("difference", TABLE, **of)["o"], groups.diff(periods))
    wanted = groups.pct_change(periods, fill_method=None)
    near(steps("percent_change", TABLE, **of)["o"], wanted)
    zero = steps("percent_change", {"x": [0, 5]}, input_column="x")
    assert zero["x"] == [None, None]


@pytest.mark.parametrize("method", ["mean", "median", "mode", "ffill", "bfill"])
def test_groups_fill_their_own_gaps(steps: Steps, method: str) -> None:
    table = {
        "g": ["a", "b", "a", "b", "a", None, None, "c"],
        "v": [1.0, None, None, 4.0, 2.0, None, 3.0, None],
    }
    made = steps("fill_by_group", table, input_column="v", by="g", method=method)
    groups = pd.DataFrame(table).groupby("g", dropna=False)["v"]
    if method in ("ffill", "bfill"):
        wanted = getattr(groups, method)()
    else:
        fill = {"mode": lambda v: v.mode().min() if v.notna().any() else None}.get(method, method)
        wanted = pd.DataFrame(table)["v"].fillna(groups.transform(fill))
    near(made["v"], wanted)


def test_windows_that_cannot_be_are_said(steps: Steps) -> None:
    with pytest.raises(ParameterError, match="'best' is none of"):
        _window(steps, "best")
    with pytest.raises(ColumnError, match="no column ''"):
        _window(steps, "lag")
    with pytest.raises(ColumnError, match=r"'s\.' is string"):
        _window(steps, "moving_mean", column="s.")
    with pytest.raises(ColumnError, match="'g' is string"):
        steps("fill_by_group", TABLE, input_column="g")
