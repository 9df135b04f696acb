"""Features of series, against tsfresh's definitions in numpy, and parts of datetimes."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from steps import Steps
from tables import near

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError, UnsupportedError
from studio_ext.wrangler.operators.series_features import MINIMAL

#: tsfresh's feature -> numpy's.
NUMPY: dict[str, Any] = {
    "sum_values": np.sum,
    "median": np.median,
    "mean": np.mean,
    "length": len,
    "standard_deviation": np.std,
    "variance": np.var,
    "maximum": np.max,
    "minimum": np.min,
    "root_mean_square": lambda x: np.sqrt(np.mean(np.square(x))),
    "absolute_maximum": lambda x: np.max(np.absolute(x)),
}
LISTS = [[1.5, -7.0, 3.0, 3.0], [2.0], [0.25, 0.5, -0.125]]
ROLL = {"sequence_column": "v", "id_column": "id", "timestamp_column": "t"}
START = datetime(2024, 2, 28, 22)
ROWS = {
    "t": [START + timedelta(hours=n) for n in (5, 1, 2, 3, 4, 0, 1, 2)],
    "id": ["a", "a", "a", "a", "a", "b", "b", "b"],
    "v": [4.0, 1.0, -2.5, 8.0, 0.5, 3.0, 6.0, 9.0],
}


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64()])
def test_features_of_lists_are_tsfreshs(steps: Steps, kind: pa.DataType) -> None:
    lists = LISTS if kind == pa.float64() else [[1, -7, 3, 3], [2], [5, 6, 7]]
    table = pa.table({"l.": pa.array(lists, pa.list_(kind))})
    made = steps("time_series/extract_features", table, sequence_column="l.")
    assert list(made) == ["l.", *(f"l.__{name}" for name in MINIMAL)]
    assert len(MINIMAL) == 8
    for name in MINIMAL:
        near(made[f"l.__{name}"], [NUMPY[name](np.array(each)) for each in lists])


def test_a_manual_subset_as_a_list(steps: Steps) -> None:
    chosen = ["root_mean_square", "absolute_maximum", "length"]
    more = {"strategy": "Manual subset", "features": chosen, "flatten": False}
    made = steps("time_series/extract_features", {"l": LISTS}, sequence_column="l", **more)
    for row, each in enumerate(LISTS):
        near(made["l_features"][row], [NUMPY[name](np.array(each)) for name in chosen])


def test_lists_without_items(steps: Steps) -> None:
    table = pa.table({"l": pa.array([[], None, [None], [None, 2.0]], pa.list_(pa.float64()))})
    made = steps("time_series/extract_features", table, sequence_column="l")
    assert made["l__mean"] == [None, None, None, 2.0]
    assert made["l__length"] == [0.0, None, 0.0, 1.0]


@pytest.mark.parametrize("size", [1, 2, 8])
def test_rolling_features_are_of_the_rows_before(steps: Steps, size: int) -> None:
    key, manual = "time_series/rolling_window_features", {"strategy": "Manual subset"}
    made = steps(key, ROWS, window_size=size, features=list(NUMPY), **manual, **ROLL)
    assert {name: made[name] for name in ROWS} == ROWS
    frame = pd.DataFrame(ROWS)
    for name, feature in NUMPY.items():
        wanted = pd.Series(np.nan, frame.index)
        for _, part in frame.sort_values("t").groupby("id"):
            values = part["v"].to_numpy()
            for place, row in enumerate(part.index):
                before = values[max(0, place - size) : place]
                wanted[row] = feature(before) if len(before) else (0 if name == "length" else None)
        near(made[f"v__{name}"], wanted)


def test_features_of_what_is_no_list_are_refused(steps: Steps) -> None:
    with pytest.raises(ColumnError, match="'x' is long, not array"):
        steps("time_series/extract_features", {"x": [1]}, sequence_column="x")
    with pytest.raises(ColumnError, match="no lists of numbers"):
        steps("time_series/extract_features", {"x": [["a"]]}, sequence_column="x")
    manual = {"strategy": "Manual subset", "sequence_column": "x"}
    with pytest.raises(ParameterError, match="must name features"):
        steps("time_series/extract_features", {"x": [[1.0]]}, **manual)


def test_tsfresh_does_the_rest(steps: Steps) -> None:
    calculators = pytest.importorskip("tsfresh.feature_extraction.feature_calculators")
    manual = {"strategy": "Manual subset", "features": ["abs_energy", "mean_abs_change"]}
    table = pa.table({"i": [1, 2, 3], "l": pa.array([[1.0, 4.0, 2.0], None, [3.0, 3.0]])})
    made = steps("time_series/extract_features", table, sequence_column="l", **manual)
    lists = [np.array([1.0, 4.0, 2.0]), np.array([3.0, 3.0])]
    for name in ("abs_energy", "mean_abs_change"):
        found = [getattr(calculators, name)(each) for each in lists]
        near(made[f"l__{name}"], [found[0], None, found[1]])
    assert made["i"] == [1, 2, 3]
    key = "time_series/rolling_window_features"
    rolled = steps(key, ROWS, window_size=2, **manual, **ROLL)
    assert list(rolled) == [*ROWS, "v__abs_energy", "v__mean_abs_change"]
    # Before 5 o'clock (the first row) the series had 8.0 and 0.5.
    assert rolled["v__abs_energy"][0] == 64.25
    unknown = {"strategy": "Manual subset", "features": ["beauty"], "sequence_column": "l"}
    with pytest.raises(ParameterError, match="'beauty' is no feature"):
        steps("time_series/extract_features", table, **unknown)


def test_tsfreshs_efficient_subset(steps: Steps) -> None:
    tsfresh = pytest.importorskip("tsfresh")
    efficient = tsfresh.feature_extraction.EfficientFCParameters()
    values = [float(n % 5) for n in range(12)]
    more = {"sequence_column": "l", "strategy": "Efficient subset"}
    made = steps("time_series/extract_features", {"l": [values]}, **more)
    frame = pd.DataFrame({"id": 0, "value": values})
    wanted = tsfresh.extract_features(
        frame,
        column_id="id",
        column_value="value",
        default_fc_parameters=efficient,
        disable_progressbar=True,
        n_jobs=0,
    )
    del made["l"]
    assert len(made) == wanted.shape[1] > 700
    near([each[0] for each in made.values()], wanted.iloc[0].to_list())


def test_without_tsfresh_it_is_said_what_is_missing(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tsfresh.feature_extraction", None)
    with pytest.raises(UnsupportedError, match="needs tsfresh"):
        steps(
            "time_series/extract_features",
            {"l": LISTS},
            sequence_column="l",
            strategy="All features",
        )


# -- parts of datetimes -----------------------------------------------------------------------

KEY = "time_series/featurize_datetime"
OF = {"input_column": "t", "output_column": "d"}
TIMES = ["2021-01-01 00:00:00", "2020-12-31 23:59:58", "2024-02-29 12:30:15", "1969-07-20 20:17:40"]
PARTS = {"month": 12, "day": 31, "hour": 24, "minute": 60, "second": 60}
PARTS |= {"week_of_year": 53, "day_of_year": 366, "quarter": 4}


def _parts(times: Any) -> dict[str, Any]:
    found = pd.Series(pd.to_datetime(times))
    parts = {name: getattr(found.dt, name) for name in ("year", "hour", "minute", "second")}
    for name in ("month", "day", "quarter", "day_of_year"):
        parts[name] = getattr(found.dt, name.replace("day_of_year", "dayofyear")) - 1
    parts["week_of_year"] = found.dt.isocalendar().week.astype(float) - 1
    return parts


def test_ordinal_parts_are_pandas_from_zero(steps: Steps) -> None:
    made = steps(KEY, {"t": [*map(datetime.fromisoformat, TIMES), None]}, **OF)
    wanted = _parts([*TIMES, None])
    assert set(made) == {"t", *(f"d_{name}" for name in wanted)}
    for name, values in wanted.items():
        near(made[f"d_{name}"], values)


def test_cyclic_parts_are_sines_and_cosines(steps: Steps) -> None:
    made = steps(KEY, {"t": TIMES}, output_mode="Cyclic", **OF)
    wanted = _parts(TIMES)
    near(made["d_year"], wanted["year"])
    for name, whole in PARTS.items():
        angle = wanted[name] * 2 * math.pi / whole
        near(made[f"d_{name}_sin"], np.sin(angle))
        near(made[f"d_{name}_cos"], np.cos(angle))
    vector = steps(KEY, {"t": TIMES}, output_mode="Cyclic", output_format="Vector", **OF)
    assert [len(each) for each in vector["d"]] == [1 + 2 * len(PARTS)] * 4


def test_only_the_parts_asked_for(steps: Steps) -> None:
    none = dict.fromkeys((*PARTS, "year"), False)
    made = steps(KEY, {"t": TIMES}, **{**none, "year": True, "quarter": True}, **OF)
    assert list(made) == ["t", "d_year", "d_quarter"]
    assert made["d_quarter"] == [0, 3, 0, 2]


@pytest.mark.parametrize(
    ("factor", "unit"), [(1, "s"), (10**3, "ms"), (10**6, "us"), (10**9, "ns")]
)
def test_unix_times_are_known_by_their_size(steps: Steps, factor: int, unit: str) -> None:
    seconds = [1_600_000_000, 1_709_209_815, 951_782_400]
    made = steps(KEY, {"t": [each * factor for each in seconds]}, **OF)
    for name, values in _parts(
        pd.to_datetime([each * factor for each in seconds], unit=unit)
    ).items():
        near(made[f"d_{name}"], values)


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01T12:44:00",
        "January 1st, 2020, 12:44pm",
        "01/01/2020 12:44",
        "01.01.2020 12:44",
        "Wed, 01 Jan 2020 12:44:00",
        "20200101124400",
        " 2020/01/01 12:44 ",
    ],
)
def test_text_is_read_in_many_formats(steps: Steps, text: str) -> None:
    made = steps(KEY, {"t": [text]}, **OF)
    assert [made[f"d_{name}"][0] for name in ("year", "month", "day", "hour", "minute")] == [
        2020,
        0,
        0,
        12,
        44,
    ]


def test_a_format_is_given_or_inferred(steps: Steps) -> None:
    table = {"t": [None, "03/04/2021", "2021-04-03", "soon"]}
    given = steps(KEY, table, date_time_format="%d/%m/%Y", **OF)
    assert given["d_month"] == [None, 3, None, None]
    inferred = steps(KEY, table, infer_datetime_format=True, **OF)
    assert inferred["d_month"] == [None, 2, None, None]
    assert steps(KEY, table, **OF)["d_month"] == [None, 2, 3, None]
    with pytest.raises(DataError, match="no format is known for 'soon'"):
        steps(KEY, {"t": ["soon"]}, infer_datetime_format=True, **OF)
    with pytest.raises(ColumnError, match="'t' is bool, which is no time"):
        steps(KEY, {"t": [True]}, **OF)


def test_the_time_series_of_the_taxi_flow(steps: Steps) -> None:
    """The flow's own parameters, on rows with the columns that it has when it comes to them."""
    flow = Flow.open(f"{__file__.rsplit('/', 1)[0]}/flows/taxi_time_series.flow")
    nodes = {
        each.parameters["operator"]: each
        for each in flow.document
        if each.operator == "sagemaker.spark.time_series_0.1"
    }
    hours = [0, 0, 1, 4, 0, 2]
    table = {
        "PULocationID": [7, 7, 7, 7, 9, 9],
        "tpep_pickup_datetime": [START + timedelta(hours=n, minutes=9) for n in hours],
        "tpep_dropoff_datetime": [START + timedelta(hours=n, minutes=39) for n in hours],
        "pickup_time": [START + timedelta(hours=n) for n in hours],
        "trip_distance": [1.0, None, 3.0, 5.0, None, 2.0],
        "count": [2, 2, 1, 1, 1, 1],
    }
    relation = steps.relation(table)
    names = ("Validate timestamps", "Handle missing", "Resample")
    for name in (*names, "Featurize datetime", "Lag features", "Rolling window features"):
        relation = _applied(nodes[name], relation)
    made = relation.to_arrow().to_pydict()
    assert made["PULocationID"] == [7] * 5 + [9] * 3
    assert made["pickup_time"] == [START + timedelta(hours=n) for n in (0, 1, 2, 3, 4, 0, 1, 2)]
    near(made["trip_distance"], [0.5, 3.0, 11 / 3, 13 / 3, 5.0, 0.0, 1.0, 2.0])
    near(made["count"], [2, 1, 1, 1, 1, 1, 1, 1])
    assert made["date_hour"] == [22, 23, 0, 1, 2, 22, 23, 0]
    assert made["date_day"] == [27, 27, 28, 28, 28, 27, 27, 28]
    assert "date_minute" not in made
    near(made["count_lag_1"], [None, 2, 1, 1, 1, None, 1, 1])
    assert made["count_lag_8"] == [None] * 8
    near(made["count__sum_values"], [None, 2, 3, 4, 5, None, 1, 2])
    near(made["count__length"], [0, 1, 2, 3, 4, 0, 1, 2])


def _applied(node: Any, relation: Any) -> Any:
    from studio_ext.wrangler import catalogue
    from studio_ext.wrangler.operators.parameters import parse

    operator = catalogue.find(node.operator, node.parameters)
    p = parse(operator.Parameters, operator.form.read(node.parameters))
    p.check([relation])
    return operator.run([relation], p, operator.fit(relation, p))["default"]
