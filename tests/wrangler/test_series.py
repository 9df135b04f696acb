"""Time series, against pandas: resampling, missing values, lags, lists, times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps
from tables import near

from studio_ext.wrangler import catalogue
from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError, WranglerError
from studio_ext.wrangler.operators.parameters import parse

START = datetime(2024, 1, 30, 5, 50)
MINUTES = [0, 12, 47, 60, 61, 260, 271, 500, 1500, 1501, 1502]
TABLE = {
    "note": ["a", "b", "b", None, "c", "c", "a", None, "d", "d", "e"],
    "t.": [START + timedelta(minutes=each) for each in MINUTES],
    "id": ["x", "x", "y", "x", "y", "y", "x", "x", "y", "y", "y"],
    "v": [1.0, 5.0, None, 2.5, 7.0, 1.25, 8.0, 3.0, None, 4.0, 2.0],
}
UP = {"linear": "linear", "ffill": "ffill", "bfill": "bfill", "nearest": "nearest"}


def _filled(series: Any, way: str) -> Any:
    if way in ("ffill", "bfill"):
        return getattr(series, way)()
    # scipy, which looks for the nearest, needs two values.
    alone = way == "nearest" and series.notna().sum() < 2
    return series if alone else series.interpolate(way)


def _resampled(frame: Any, rule: str, down: str, up: str) -> Any:
    """pandas' resample of each series, on starts of bins."""
    found = []
    for name, part in frame.groupby("id", sort=True):
        bins = part.set_index("t.")["v"].resample(rule, label="left", closed="left")
        made = bins.sum(min_count=1) if down == "sum" else getattr(bins, down)()
        made = _filled(made.astype(float), up)
        found += [(name, stamp, value) for stamp, value in made.items()]
    return pd.DataFrame(found, columns=["id", "t.", "v"])


@pytest.mark.parametrize(
    ("down", "up"),
    [
        *((each, "linear") for each in ("mean", "median", "min", "max", "sum", "first", "last")),
        *(("mean", each) for each in ("ffill", "bfill", "nearest")),
    ],
)
def test_resampling_is_pandas(steps: Steps, down: str, up: str) -> None:
    made = steps(
        "time_series/resample",
        TABLE,
        timestamp_column="t.",
        id_column="id",
        frequency={"quantity": 2, "offset_description": "Hourly"},
        downsample={"numeric": down, "non_numeric": "first"},
        upsample={"numeric": up, "non_numeric": "ffill"},
    )
    wanted = _resampled(pd.DataFrame(TABLE), "2h", down, UP[up])
    assert list(made) == list(TABLE)
    assert made["id"] == wanted["id"].to_list()
    assert made["t."] == wanted["t."].to_list()
    near(made["v"], wanted["v"])


@pytest.mark.parametrize(
    ("quantity", "unit", "rule"),
    [
        (1, "Hourly", "1h"),
        (7, "hours", "7h"),
        (45, "minutes", "45min"),
        (90, "Seconds", "90s"),
        (1, "Daily", "1D"),
        (1, "Weekly", "W-MON"),
        (1, "Monthly", "MS"),
        (2, "Monthly", "2MS"),
        (1, "Quarterly", "QS"),
        (1, "Yearly", "YS"),
    ],
)
def test_frequencies_are_pandas(steps: Steps, quantity: int, unit: str, rule: str) -> None:
    far = timedelta(days=23) if unit in ("Monthly", "Quarterly", "Yearly", "Weekly") else None
    times = [START + (far or timedelta(minutes=37)) * n for n in range(9)]
    table = {"id": ["x"] * 9, "t.": times, "v": [float(n * n) for n in range(9)]}
    made = steps(
        "time_series/resample",
        table,
        timestamp_column="t.",
        frequency={"quantity": quantity, "offset_description": unit},
    )
    wanted = _resampled(pd.DataFrame(table), rule, "mean", "linear")
    assert made["t."] == wanted["t."].to_list()
    near(made["v"], wanted["v"])


def test_text_is_resampled_to_what_is_most_common(steps: Steps) -> None:
    parameters = {"timestamp_column": "t.", "id_column": "id", "downsample": {"numeric": "sum"}}
    frequency = {"quantity": 1, "offset_description": "day"}
    made = steps("time_series/resample", TABLE, frequency=frequency, **parameters)
    # Of x on the first day a and b are as frequent: the smaller; y's second day has d twice.
    assert dict(zip(zip(made["id"], made["t."], strict=True), made["note"], strict=True)) == {
        ("x", datetime(2024, 1, 30)): "a",
        ("y", datetime(2024, 1, 30)): "c",
        ("y", datetime(2024, 1, 31)): "d",
    }


def test_a_gap_of_text_is_filled_forward_or_back(steps: Steps) -> None:
    table = {"t": [START, START + timedelta(hours=2)], "s": ["a", "b"], "d": [None, None]}
    for way, middle in (("ffill", "a"), ("bfill", "b")):
        made = steps(
            "time_series/resample",
            table,
            timestamp_column="t",
            frequency={"offset_description": "hour"},
            upsample={"non_numeric": way},
        )
        assert made["s"] == ["a", middle, "b"]
        assert made["d"] == [None] * 3


def test_resampling_no_rows_and_no_times(steps: Steps) -> None:
    stamps = pa.array([None, None], pa.timestamp("us"))
    for table in (
        pa.table({"t": stamps[:0], "v": pa.array([], pa.float64())}),
        pa.table({"t": stamps, "v": pa.array([1.0, 2.0])}),
    ):
        assert steps("time_series/resample", table, timestamp_column="t") == {"t": [], "v": []}


# -- missing values ---------------------------------------------------------------------------

ALONG = "time_series/handle_missing/along_column"
CELL = "time_series/handle_missing/in_cell"


def _along(steps: Steps, table: Any = TABLE, **more: Any) -> dict[str, Any]:
    parameters = {
        "hmac_sequence_column": "v",
        "hmac_timestamp_column": "t.",
        "hmac_id_column": "id",
        "hmac_leftovernans": "Keep",
        **more,
    }
    return steps(ALONG, table, **parameters)


GAPS = {
    "t.": [START + timedelta(minutes=n) for n in (3, 1, 2, 9, 5, 4, 7, 8, 6, 10, 20, 30)],
    "id": ["x", "x", "x", "x", "x", "x", "y", "x", "y", "y", None, None],
    "v": [None, None, 2.0, None, None, 8.0, None, None, 1.0, None, 5.0, None],
}


@pytest.mark.parametrize(
    ("strategy", "technique"),
    [
        ("Forward Fill", "ffill"),
        ("Backward Fill", "bfill"),
        ("Interpolate", "linear"),
        ("Interpolate", "time"),
        ("Interpolate", "nearest"),
        ("Interpolate", "ffill"),
    ],
)
def test_filling_along_a_column_is_pandas(steps: Steps, strategy: str, technique: str) -> None:
    more = {"hmac_strategy_Interpolate_parameters": {"hmac_interpolation_technique": technique}}
    made = _along(steps, GAPS, hmac_strategy=strategy, **more)
    frame = pd.DataFrame(GAPS).assign(v=lambda f: f["v"].astype(float))
    wanted = frame["v"].copy()
    for _, part in frame.groupby("id", dropna=False):
        ordered = part.sort_values("t.").set_index("t.")["v"]
        filled = _filled(ordered, technique)
        wanted[part.sort_values("t.").index] = filled.to_numpy()
    near(made["v"], wanted)
    assert {key: made[key] for key in ("t.", "id")} == {key: GAPS[key] for key in ("t.", "id")}


def test_what_a_forward_fill_leaves_is_filled_back_or_with_a_constant(steps: Steps) -> None:
    leave = {"hmac_strategy": "Forward Fill", "hmac_output_column": "w"}
    both = _along(steps, GAPS, hmac_leftovernans="Fill with Forward/Backward feed", **leave)
    assert both["v"] == GAPS["v"]
    assert both["w"] == [2.0, 2.0, 2.0, 8.0, 8.0, 8.0, 1.0, 8.0, 1.0, 1.0, 5.0, 5.0]
    constant = {"hmac_strategy_Constant Value_parameters": {"hmac_custom_value": -1}}
    made = _along(steps, GAPS, hmac_leftovernans="Fill with Constant Value", **leave, **constant)
    assert made["w"][1] == -1.0


def test_the_most_common_value_is_learned(steps: Steps) -> None:
    table = {"v": [3, 1, 3, 1, None], "t.": [START] * 5, "id": ["x"] * 5}
    assert _along(steps, table, hmac_strategy="Most Common Value")["v"] == [3, 1, 3, 1, 1]
    with pytest.raises(DataError, match="no value to learn from"):
        none = {**table, "v": pa.array([None] * 5, pa.int64())}
        _along(steps, pa.table(none), hmac_strategy="Most Common Value")


def test_series_with_too_many_gaps_are_dropped(steps: Steps) -> None:
    drop = {"hmac_strategy_Drop_parameters": {"hmac_drop_threshold": 0.5}}
    made = _along(steps, GAPS, hmac_strategy="Drop", **drop)
    # x misses 5 of 7, y 2 of 3, the one without a name 1 of 2.
    assert made["v"] == [5.0, None]


LISTS = pa.table(
    {
        "i": [1, 2, 3, 4, 5],
        "l": pa.array([[30.0, 40.0, None, None], [None, 45.0, None, 55.0], [], None, [None]]),
    }
)


@pytest.mark.parametrize(
    ("strategy", "technique"),
    [("Forward Fill", "ffill"), ("Backward Fill", "bfill"), ("Interpolate", "linear")],
)
def test_filling_within_a_cell_is_pandas(steps: Steps, strategy: str, technique: str) -> None:
    parameters = {"hmic_sequence_column": "l", "hmic_leftovernans": "Keep"}
    made = steps(CELL, LISTS, hmic_strategy=strategy, **parameters)
    assert made["i"] == [1, 2, 3, 4, 5]
    for found, given_ in zip(made["l"], LISTS["l"].to_pylist(), strict=True):
        if not given_:
            assert found == given_
        else:
            near(found, _filled(pd.Series(given_, dtype=float), technique))


def test_cells_with_constants_most_common_values_and_too_many_gaps(steps: Steps) -> None:
    of = {"hmic_sequence_column": "l"}
    constant = {"hmic_strategy_Constant Value_parameters": {"hmic_custom_value": "0.5"}}
    made = steps(CELL, LISTS, hmic_strategy="Constant Value", **of, **constant)
    assert made["l"] == [[30.0, 40.0, 0.5, 0.5], [0.5, 45.0, 0.5, 55.0], [], None, [0.5]]
    words = pa.table({"l": pa.array([["b", None], ["a", "b"], ["a"]])})
    made = steps(CELL, words, hmic_strategy="Most Common Value", **of)
    assert made["l"] == [["b", "a"], ["a", "b"], ["a"]]
    drop = {"hmic_strategy_Drop_parameters": {"hmic_drop_threshold": 0.5}}
    assert steps(CELL, LISTS, hmic_strategy="Drop", **of, **drop)["i"] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"hmac_strategy": "Guess"}, ParameterError, "hmac_strategy"),
        ({"hmac_strategy": "Constant Value"}, ParameterError, "'' is no float"),
        ({"hmac_strategy": "Interpolate", "hmac_sequence_column": "id"}, ColumnError, "a string"),
        ({"hmac_strategy": "Drop", "hmac_timestamp_column": "v"}, ColumnError, "is float, not dat"),
    ],
)
def test_what_cannot_be_filled_is_said(
    steps: Steps, more: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        _along(steps, **more)


# -- lags, lists, times -----------------------------------------------------------------------

LAG = {"sequence_column": "v", "id_column": "id", "timestamp_column": "t."}


def _lagged(frame: Any, count: int) -> list[Any]:
    shifted = frame.sort_values("t.").groupby("id", dropna=False)["v"].shift(count)
    return shifted.reindex(frame.index).to_list()


def test_one_lag_is_pandas_shift(steps: Steps) -> None:
    made = steps("time_series/lag_features", GAPS, lag=2, **LAG)
    assert list(made) == [*GAPS, "v_lag_2"]
    near(made["v_lag_2"], _lagged(pd.DataFrame(GAPS), 2))
    assert {key: made[key] for key in GAPS} == GAPS


def test_an_entire_window_of_lags(steps: Steps) -> None:
    window = {"lag": 3, "entire_window": True, **LAG}
    flat = {"entire_window_True_parameters": {"flatten": True}}
    made = steps("time_series/lag_features", GAPS, **window, **flat)
    assert list(made) == [*GAPS, "v_lag_1", "v_lag_2", "v_lag_3"]
    for count in (1, 2, 3):
        near(made[f"v_lag_{count}"], _lagged(pd.DataFrame(GAPS), count))
    lists = steps("time_series/lag_features", GAPS, **window)
    near(lists["v_lag_window"], [list(each) for each in zip(*list(made.values())[3:], strict=True)])


def test_rows_without_history_are_dropped(steps: Steps) -> None:
    made = steps("time_series/lag_features", GAPS, lag=2, drop_rows=True, **LAG)
    frame = pd.DataFrame(GAPS)
    place = frame.sort_values("t.").groupby("id", dropna=False).cumcount().reindex(frame.index)
    assert made["t."] == frame["t."][place >= 2].to_list()


def test_series_become_lists(steps: Steps) -> None:
    parameters = {"id_column": "id", "timestamp_column": "t.", "apply_columns": ["v"]}
    made = steps("time_series/group_by", GAPS, include_start_end=True, **parameters)
    parts = pd.DataFrame(GAPS).sort_values("t.").groupby("id", dropna=False)
    assert made["id"] == ["x", "y", None]
    for row, (_, part) in enumerate(parts):
        near(made["v"][row], part["v"])
        assert made["Start_time"][row] == part["t."].min()
        assert made["End_time"][row] == part["t."].max()
    assert list(steps("time_series/group_by", GAPS, **parameters)) == ["id", "v"]


def test_lists_get_one_length(steps: Steps) -> None:
    table = {"l": [[1.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0], None, []]}
    made = steps("time_series/standardize_length", table, sequence_column="l", cutoff_quantile=0.75)
    length = int(np.ceil(np.quantile([1, 4, 2, 0], 0.75)))
    assert length == 3
    assert made["l"] == [
        [1.0, None, None],
        [1.0, 2.0, 3.0],
        [1.0, 2.0, None],
        None,
        [None, None, None],
    ]
    flat = {"flatten": True, "sequence_column": "l", "cutoff_quantile": 0.5}
    made = steps("time_series/standardize_length", table, **flat)
    assert made == {"l_0": [1.0, 1.0, 1.0, None, None], "l_1": [None, 2.0, 2.0, None, None]}


def test_times_are_validated(steps: Steps) -> None:
    table = {"t": ["2024-02-29 10:00", "2023-02-29", None, "2024-03-01T05:06:07", "soon", ""]}
    key, of = "time_series/validate_timestamps", {"timestamp_column": "t"}
    valid = [datetime(2024, 2, 29, 10), datetime(2024, 3, 1, 5, 6, 7)]
    assert steps(key, table, policy="drop", **of) == {"t": valid}
    marked = steps(key, table, policy="indicate", cast_to_datetime=False, **of)
    assert marked == {"t": table["t"], "t_is_valid": [True, False, False, True, False, False]}
    with pytest.raises(WranglerError, match="'t' has a row without a valid time"):
        steps(key, table, policy="raise", **of)
    assert steps(key, {"t": table["t"][:1]}, policy="raise", **of)["t"] == valid[:1]
    with pytest.raises(ColumnError, match="'t' is long, not datetime or date"):
        steps(key, {"t": [1]}, policy="drop", **of)


@pytest.mark.parametrize(
    ("unit", "quantity", "rule"),
    [("Hourly", 1, "h"), ("day", 3, "3D"), ("Monthly", 1, "MS"), ("Quarterly", 2, "2QS")],
)
def test_a_range_of_times_is_pandas(steps: Steps, unit: str, quantity: int, rule: str) -> None:
    table = {"x": [5, 3, 9, 1, 7]}
    made = steps(
        "time_series/datetime_range",
        table,
        output_column="t",
        starting_timestamp="2024-01-01",
        frequency={"offset_description": unit, "quantity": quantity},
    )
    assert made["x"] == table["x"]
    assert made["t"] == pd.date_range("2024-01-01", periods=5, freq=rule).to_list()


def test_a_range_begins_again(steps: Steps) -> None:
    key, of = "time_series/datetime_range", {"output_column": "t", "frequency": {}}
    start = {"starting_timestamp": "2024-01-31 23:00"}
    made = steps(key, {"x": [1, 2, 3]}, periods=2, **of, **start)["t"]
    assert made == [datetime(2024, 1, 31, 23), datetime(2024, 2, 1), datetime(2024, 1, 31, 23)]
    with pytest.raises(ParameterError, match="starting_timestamp: 'now' is no date"):
        steps(key, {"x": [1]}, starting_timestamp="now-ish"[:3], **of)


def test_the_names_of_a_real_flow_are_read() -> None:
    node = {
        "operator": "Handle missing",
        "Handle missing_parameters": {
            "hm_input_type": "Along column",
            "hm_input_type_Along column_parameters": {
                "hmac_strategy": "Constant Value",
                "hmac_sequence_column": "trip_distance",
                "hmac_timestamp_column": "t",
                "hmac_strategy_Constant Value_parameters": {"hmac_custom_value": "0.0"},
            },
        },
    }
    operator = catalogue.find("sagemaker.spark.time_series_0.1", node)
    p = parse(operator.Parameters, operator.form.read(node)).model_dump()
    assert p["constant"] == {"hmac_custom_value": "0.0"}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(-9, 9)), min_size=1, max_size=12))
def test_any_series_is_resampled_as_in_pandas(
    duckdb: Engine, rows: list[tuple[int, float]]
) -> None:
    times = [START + timedelta(minutes=each) for each, _ in rows]
    table = {"id": ["x"] * len(rows), "t.": times, "v": [value for _, value in rows]}
    frequency = {"quantity": 6, "offset_description": "hour"}
    made = Steps(duckdb)("time_series/resample", table, timestamp_column="t.", frequency=frequency)
    wanted = _resampled(pd.DataFrame(table), "6h", "mean", "linear")
    assert made["t."] == wanted["t."].to_list()
    near(made["v"], wanted["v"])
