"""Types inferred and parsed, against Python's own parsers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler.errors import ColumnError, ParameterError

INFER = "infer_and_cast_type"
PARSE = "cast_single_data_type"
UTC = dt.UTC


def _parsed(steps: Steps, values: list[Any], data_type: str) -> list[Any]:
    return steps(PARSE, {"x": values}, column="x", data_type=data_type)["x"]


@pytest.mark.parametrize(
    ("values", "kind", "wanted"),
    [
        (["1", " -2 ", "", None], "long", [1, -2, None, None]),
        (["1", "2.5", "1e3"], "float", [1.0, 2.5, 1000.0]),
        (["9223372036854775807", "9223372036854775808"], "float", [2.0**63, 2.0**63]),
        (["true", "FALSE", None], "bool", [True, False, None]),
        (["2024-01-31", "2024-2-1"], "date", [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]),
        (
            ["2024-01-31", "2024-02-01 10:11:12.5"],
            "datetime",
            [dt.datetime(2024, 1, 31), dt.datetime(2024, 2, 1, 10, 11, 12, 500_000)],
        ),
        (["1", "x"], "string", ["1", "x"]),
        (["epoch", "infinity"], "string", ["epoch", "infinity"]),
        (["01-02-2024", "2024"], "string", ["01-02-2024", "2024"]),
        (["", None, "  "], "string", ["", None, "  "]),
        (["１"], "string", ["１"]),
    ],
)
def test_the_narrowest_type_of_all_values(
    steps: Steps, values: list[Any], kind: str, wanted: list[Any]
) -> None:
    trained = steps.fit(INFER, {"x.y": values})
    assert trained == {"schema": {"x.y": kind}}
    assert steps(INFER, {"x.y": values})["x.y"] == wanted


def test_columns_that_have_a_type_keep_it(steps: Steps) -> None:
    table = {"n": [1, 2], "f": [0.5, None], "s": ["7", "8"]}
    trained = steps.fit(INFER, table)
    assert trained == {"schema": {"n": "long", "f": "float", "s": "long"}}
    assert steps(INFER, table) == {**table, "s": [7, 8]}


def test_types_that_were_edited(steps: Steps) -> None:
    schema = {"n": "string", "s": "float"}
    made = steps(INFER, {"n": [1, None], "s": ["1", "x"]}, trained={"schema": schema})
    assert made == {"n": ["1", None], "s": [1.0, None]}
    with pytest.raises(ColumnError, match="no column 'gone'"):
        steps(INFER, {"n": [1]}, trained={"schema": {"gone": "long"}})
    with pytest.raises(ParameterError, match=r"schema\.n: 'money' is no type"):
        steps(INFER, {"n": [1]}, trained={"schema": {"n": "money"}})


def test_a_table_without_rows(steps: Steps) -> None:
    empty = pa.table({"x": pa.array([], pa.string())})
    assert steps.fit(INFER, empty) == {"schema": {"x": "string"}}
    assert steps(PARSE, empty, column="x", data_type="date")["x"] == []


@pytest.mark.parametrize(
    ("values", "kind", "wanted"),
    [
        (["1", " 2.9", "-2.9", "x", "", None], "long", [1, 2, -2, None, None, None]),
        ([2.9, -2.9, float("nan"), float("inf")], "long", [2, -2, None, None]),
        (["1,5", "0x10", "1e-3", " 7 "], "float", [None, None, 0.001, 7.0]),
        ([1, None], "float", [1.0, None]),
        (["true", "False", "yes", "1"], "bool", [True, False, None, None]),
        ([0, 1, 5, None], "bool", [False, True, True, None]),
        ([True, False], "long", [1, 0]),
        ([1, None], "string", ["1", None]),
        ([1.5, True and 2.0], "string", ["1.5", "2.0"]),
        ([" kept "], "string", [" kept "]),
        ([dt.date(2024, 1, 31)], "string", ["2024-01-31"]),
        ([dt.datetime(2024, 1, 31, 23, 59)], "date", [dt.date(2024, 1, 31)]),
        ([dt.date(2024, 1, 31)], "datetime", [dt.datetime(2024, 1, 31)]),
    ],
)
def test_parsing(steps: Steps, values: list[Any], kind: str, wanted: list[Any]) -> None:
    assert _parsed(steps, values, kind) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2024-01-31", dt.datetime(2024, 1, 31)),
        ("2024-01-31 10:11", dt.datetime(2024, 1, 31, 10, 11)),
        ("2024-01-31T10:11:12Z", dt.datetime(2024, 1, 31, 10, 11, 12)),
        ("2024-01-31T10:11:12.123456+02:00", dt.datetime(2024, 1, 31, 8, 11, 12, 123456)),
        ("31-01-2024", dt.datetime(2024, 1, 31)),
        ("31-01-2024 10:11", dt.datetime(2024, 1, 31, 10, 11)),
        (" 31-01-2024 10:11:12 ", dt.datetime(2024, 1, 31, 10, 11, 12)),
        ("1706695872", dt.datetime(2024, 1, 31, 10, 11, 12)),
        ("1706695872123", dt.datetime(2024, 1, 31, 10, 11, 12, 123_000)),
        ("-1.5", dt.datetime(1969, 12, 31, 23, 59, 58, 500_000)),
        ("31-02-2024", None),
        ("2024-13-01", None),
        ("01-31-2024", None),
        ("epoch", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_and_times(steps: Steps, text: str | None, wanted: dt.datetime | None) -> None:
    assert _parsed(steps, [text], "datetime") == [wanted]
    assert _parsed(steps, [text], "date") == [wanted and wanted.date()]


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_numbers_are_times_since_1970(steps: Steps, factor: int) -> None:
    moments = [dt.datetime(2024, 1, 31, 10, 11, 12), dt.datetime(2001, 9, 9, 1, 46, 40)]
    numbers = [int(each.replace(tzinfo=UTC).timestamp()) * factor for each in moments]
    assert _parsed(steps, numbers, "datetime") == moments
    assert _parsed(steps, numbers, "date") == [each.date() for each in moments]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.datetimes(dt.datetime(1600, 1, 1), dt.datetime(2500, 1, 1)))
def test_times_as_numbers_and_back(steps: Steps, moment: dt.datetime) -> None:
    whole = moment.replace(microsecond=0)
    seconds = int(whole.replace(tzinfo=UTC).timestamp())
    assert _parsed(steps, [whole], "long") == [seconds]
    assert _parsed(steps, [seconds], "datetime") == [whole]
    assert _parsed(steps, [moment], "float")[0] == pytest.approx(
        moment.replace(tzinfo=UTC).timestamp(), abs=1e-5
    )
    assert _parsed(steps, [moment.isoformat()], "datetime") == [moment]


def test_the_names_that_flows_use(steps: Steps) -> None:
    made = steps(PARSE, {"x": [1.0]}, column="x", original_data_type="Float", data_type="Long")
    assert made["x"] == [1]


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"data_type": "money"}, ParameterError, "data_type: 'money' is not right"),
        ({"column": "y", "data_type": "long"}, ColumnError, "no column 'y'"),
        ({}, ParameterError, "data_type: None must be given"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(PARSE, {"x": ["1"]}, **{"column": "x", **parameters})
