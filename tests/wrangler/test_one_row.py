"""A fitted flow for one record at a time: types, threads, text of every script."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest

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
