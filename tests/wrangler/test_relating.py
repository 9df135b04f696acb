"""Dates, distances, and rows by another table, against pandas and Python."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from steps import Steps
from tables import near

from studio_ext.wrangler.errors import ColumnError, ParameterError

A = [datetime(2024, 1, 31, 10), datetime(2023, 2, 28), datetime(2020, 2, 29, 23, 59), None]
B = [datetime(2024, 2, 29, 9), datetime(2024, 2, 28), datetime(2019, 2, 28), A[0]]


@pytest.mark.parametrize("unit", ["second", "minute", "hour", "day", "week"])
def test_differences_are_pandas(steps: Steps, unit: str) -> None:
    parameters = {"start_column": "a", "end_column": "b", "output_column": "d", "unit": unit}
    made = steps("date_difference", {"a": A, "b": B}, **parameters)
    near(made["d"], (pd.Series(B) - pd.Series(A)) / pd.Timedelta(**{f"{unit}s": 1}))


def test_months_and_years_are_full_ones(steps: Steps) -> None:
    of = {"start_column": "a", "end_column": "b", "output_column": "d"}
    assert steps("date_difference", {"a": A, "b": B}, unit="month", **of)["d"] == [0, 12, -12, None]
    assert steps("date_difference", {"a": A, "b": B}, unit="years", **of)["d"] == [0, 1, -1, None]


@pytest.mark.parametrize(
    ("unit", "count"), [("months", 1), ("years", -1), ("days", 30), ("hours", -5), ("weeks", 2)]
)
def test_times_are_moved_as_by_pandas(steps: Steps, unit: str, count: int) -> None:
    made = steps("date_add", {"a": A}, input_column="a", unit=unit, count=count)
    moved = [each and (pd.Timestamp(each) + pd.DateOffset(**{unit: count})) for each in A]
    assert made["a"] == moved


@pytest.mark.parametrize(
    ("unit", "period"), [("month", "M"), ("quarter", "Q"), ("year", "Y"), ("week", "W")]
)
def test_starts_of_units_are_pandas(steps: Steps, unit: str, period: str) -> None:
    made = steps("date_truncate", {"a": A}, input_column="a", unit=unit)
    wanted = [each and pd.Timestamp(each).to_period(period).start_time for each in A]
    assert made["a"] == wanted


def test_dates_are_written_and_read(steps: Steps) -> None:
    form = {"input_column": "a", "date_time_format": "%d.%m.%Y %H:%M"}
    made = steps("date_format", {"a": A}, **form)
    assert made["a"] == [each and each.strftime("%d.%m.%Y %H:%M") for each in A]
    assert steps("date_parse", {"a": [*made["a"], "31.02.2024 10:00"]}, **form)["a"] == [*A, None]


def test_dates_of_numbers(steps: Steps) -> None:
    table = {"y": [2024, 2023, None], "m": [2, 2, 1], "d": [29, 29, 1], "s": [1.5, 0.0, 0.0]}
    names = {"year_column": "y", "month_column": "m", "day_column": "d", "second_column": "s"}
    made = steps("date_from_parts", table, output_column="t", **names)
    assert made["t"] == [datetime(2024, 2, 29, 0, 0, 1, 500_000), None, None]
    assert steps("date_from_parts", {"y": [7]}, year_column="y", output_column="t")["t"] == [
        datetime(7, 1, 1)
    ]


def test_ages_and_weekends(steps: Steps) -> None:
    born = {"b": ["2000-02-29", "1999-03-01", None]}
    assert steps("age", born, input_column="b", on="2024-02-28")["age"] == [23, 24, None]
    with pytest.raises(ParameterError, match="on: 'today' is no date"):
        steps("age", born, input_column="b", on="today-ish"[:5])
    days = {"d": ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"]}
    assert steps("is_weekend", days, input_column="d")["is_weekend"] == [False, True, True, False]


def test_distances_on_the_sphere(steps: Steps) -> None:
    names = ("latitude_column", "longitude_column", "other_latitude_column")
    of = dict(zip((*names, "other_longitude_column"), "abcd", strict=True))
    points = [(52.52, 13.405, 48.8566, 2.3522), (0.0, 0.0, 0.0, 180.0), (5.0, 5.0, 5.0, 5.0)]
    points += [(90.5, 0.0, 0.0, 0.0), (-33.87, 151.21, 51.5, -0.12)]
    table = dict(zip("abcd", map(list, zip(*points, strict=True)), strict=True))
    made = steps("geo_distance", table, **of)["distance"]
    wanted: list[float | None] = []
    for point in points:
        a, b, c, d = map(math.radians, point)
        cosine = math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(d - b)
        wanted.append(6371.0088 * math.acos(min(1.0, cosine)) if abs(point[0]) <= 90 else None)
    near(made, wanted, atol=1e-3)
    miles = steps("geo_distance", table, unit="miles", **of)["distance"]
    assert miles[0] == pytest.approx(made[0] / 1.609344)


# -- another table ----------------------------------------------------------------------------

TRADES = {
    "k": ["a", "b", "a", None, "a", "b"],
    "t": [datetime(2024, 1, day) for day in (5, 1, 2, 3, 9, 7)],
    "v": [1, 2, 3, 4, 5, 6],
}
QUOTES = {
    "k": ["a", "a", "b", "a", None],
    "time": [datetime(2024, 1, day) for day in (4, 8, 6, 5, 1)],
    "v": [10, 20, 30, 40, 50],
}


def test_a_rolling_join_is_pandas_merge_asof(steps: Steps) -> None:
    times = {"left_time": "t", "right_time": "time"}
    made = steps("rolling_join", TRADES, QUOTES, keys=[{"left": "k", "right": "k"}], **times)
    assert list(made) == ["k_0", "t", "v_0", "k_1", "time", "v_1"]
    left = pd.DataFrame(TRADES).dropna().sort_values("t")
    right = pd.DataFrame(QUOTES).dropna().sort_values("time").rename(columns={"v": "w"})
    merged = pd.merge_asof(left, right, left_on="t", right_on="time", by="k")
    wanted = dict(zip(merged["v"], merged["w"], strict=True))
    assert made["v_0"] == TRADES["v"]
    near(made["v_1"], [wanted.get(each) for each in TRADES["v"]])
    anyway = steps("rolling_join", TRADES, QUOTES, **times)
    assert anyway["v_1"] == [40, 50, 50, 50, 20, 30]


def test_rows_that_another_table_has_or_lacks(steps: Steps) -> None:
    keys = [{"left": "k", "right": "k"}]
    other = {"k": ["b", "b", None]}
    assert steps("filter_by_table", TRADES, other, keys=keys)["v"] == [2, 6]
    assert steps("filter_by_table", TRADES, other, keys=keys, keep=False)["v"] == [1, 3, 4, 5]
    with pytest.raises(ColumnError, match="no column 'z'"):
        steps("filter_by_table", TRADES, other, keys=[{"left": "z", "right": "k"}])


def test_rows_are_numbered_and_repeated(steps: Steps) -> None:
    assert steps("running_number", TRADES)["id"] == [0, 1, 2, 3, 4, 5]
    groups = steps("running_number", TRADES, by="k", first=1, output_column="n")
    assert groups["n"] == [1, 1, 2, 1, 3, 2]
    made = steps("cross_range", {"x": ["b", "a"]}, last=2)
    assert made == {"x": ["b"] * 3 + ["a"] * 3, "number": [0, 1, 2] * 2}
    with pytest.raises(ColumnError, match="a column 'x' already"):
        steps("cross_range", {"x": [1]}, last=1, output_column="x")


def test_similar_rows_are_dropped(steps: Steps) -> None:
    table: dict[str, Any] = {
        "n": ["Martha", " marhta ", "Jones", None, "Johnson", None, "MARTHA"],
        "b": [1, 1, 1, 1, 1, 1, 2],
    }
    made = steps("fuzzy_deduplicate", table, input_column="n", threshold=0.95)
    # Winkler's own example: MARTHA and MARHTA are 0.961 alike.
    assert made["n"] == ["Martha", "Jones", None, "Johnson", None]
    blocks = steps("fuzzy_deduplicate", table, input_column="n", threshold=0.95, block_by="b")
    assert blocks["n"][-1] == "MARTHA"
