"""A fitted flow for one record at a time: types, threads, text of every script."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import DataError
from studio_ext.wrangler.inference import Fitted

TABLE = pa.table(
    {
        "n": pa.array([1.0, None, 3.0]),
        "i": pa.array([1, 2, 3], pa.int32()),
        "at": pa.array([datetime(2026, 1, day) for day in (1, 2, 3)], pa.timestamp("us")),
        "text": pa.array(["A", "ΟΔΟΣ ΣΑΣ", None]),
        "list": pa.array([[1.0], [2.0], None]),
    }
)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    flow = Flow.from_dataframe(TABLE)
    flow.add("handle_missing/impute/numeric", input_column=["n"], strategy="Mean")
    flow.add("format_string/lower_case", input_column="text")
    flow.add("custom_formula", output_column="month", formula="month(at) + i")
    return flow.fitted()


def test_a_record_is_what_its_row_of_the_table_is(fitted: Fitted) -> None:
    whole = fitted.apply(TABLE).to_pylist()
    assert whole[1]["text"] == "οδος σας"
    assert [fitted.apply_record(row) for row in TABLE.to_pylist()] == whole


def test_values_of_another_type_are_cast_as_the_engine_casts(fitted: Fitted) -> None:
    record = {"n": "2.5", "i": 7.0, "at": "2026-05-01", "text": 12, "list": [1]}
    assert fitted.apply_record(record) == {
        "n": 2.5, "i": 7, "at": datetime(2026, 5, 1), "text": "12", "list": [1.0], "month": 12,
    }  # fmt: skip
    zoned = datetime(2026, 1, 1, tzinfo=UTC)
    assert (fitted.apply_record({**record, "at": zoned}) or {})["at"] == datetime(2026, 1, 1)


def test_a_value_that_cannot_be_cast_is_named(fitted: Fitted) -> None:
    with pytest.raises(DataError, match="two"):
        fitted.apply_record({"n": "two", "i": 1, "at": None, "text": "", "list": None})
    assert fitted.apply_record(TABLE.to_pylist()[0]) == fitted.apply(TABLE).to_pylist()[0]


def test_threads_get_the_answers_to_their_own_records(fitted: Fitted) -> None:
    records = [{**TABLE.to_pylist()[0], "i": number} for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(fitted.apply_record, records))
    assert [each["month"] for each in made if each] == [1 + number for number in range(200)]


def test_a_table_may_be_one_of_pandas(fitted: Fitted) -> None:
    frame = TABLE.to_pandas()
    assert fitted.apply(frame)["n"].to_pylist() == [1.0, 2.0, 3.0]


def test_a_value_of_another_type_is_named_with_its_column(fitted: Fitted) -> None:
    row = {**TABLE.to_pylist()[0], "at": "noon"}
    with pytest.raises(DataError, match=r"^at: .*noon") as raised:
        fitted.apply_record({**row, "n": "2"})
    assert raised.value.field == "at"


MISSING = [None, math.nan, np.float32("nan"), pd.NaT, pd.NA]
FLOATS = st.none() | st.floats(width=32)
WORDS = st.none() | st.sampled_from(["a", "b", "NaN", ""])
KINDS: list[Callable[[pa.Table], Any]] = [
    lambda table: table,
    lambda table: table.to_pandas(),
    lambda table: table.to_reader(max_chunksize=2),
]


@pytest.fixture(scope="module")
def stepped() -> Fitted:
    """Steps that tell NaN from what is missing, where they are let."""
    rows = pa.table({"n": [1.0, 2.0, None], "m": [4.0, None, 5.0], "w": ["a", None, "b"]})
    flow = Flow.from_dataframe(rows)
    flow.add("handle_missing/impute/numeric", input_column=["n"], strategy="Mean")
    flow.add("custom_formula", output_column="more", formula="m > 3")
    flow.add("custom_formula", output_column="none", formula="isnull(m)")
    flow.add("process_numeric/scale_values/min_max_scaler", input_column=["m"])
    keep = {"invalid_handling_strategy": "Keep"}
    flow.add("encode_categorical/ordinal_encode", input_column="w", **keep)
    return flow.fitted()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(FLOATS, FLOATS, WORDS), min_size=1, max_size=6))
def test_a_table_a_stream_and_records_give_the_same_answer(
    stepped: Fitted, rows: list[tuple[Any, Any, Any]]
) -> None:
    """Of any library: what is NaN in one of them is missing in all."""
    columns = [list(each) for each in zip(*rows, strict=True)]
    kinds = [pa.float64(), pa.float64(), pa.string()]
    table = pa.table(
        [pa.array(each, kind) for each, kind in zip(columns, kinds, strict=True)], ["n", "m", "w"]
    )
    answers = [stepped.apply(kind(table)).to_pylist() for kind in KINDS]
    for frame in (table, table.to_pandas()):
        records = frame.to_pylist() if frame is table else frame.to_dict("records")
        answers.append([stepped.apply_record(each) for each in records])
        answers.append(stepped.apply_records(records))
    for each in answers[1:]:
        assert each == answers[0]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
@pytest.mark.parametrize("name", ["n", "at", "text", "list"])
def test_what_is_missing_in_pandas_and_numpy_is_missing(
    fitted: Fitted, name: str, missing: Any
) -> None:
    row = TABLE.to_pylist()[0]
    expected = fitted.apply_record({**row, name: None})
    assert fitted.apply_record({**row, name: missing}) == expected
    assert fitted.apply_records([{**row, name: missing}]) == [expected]
