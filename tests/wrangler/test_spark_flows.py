"""Flows run whole on Spark, against DuckDB and against other libraries."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bank_tutorial import DATA, assert_as_wanted, reference, tutorial_flow, tutorial_table
from flow_tables import tables

from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines import Engine

pytestmark = pytest.mark.spark

#: How columns of the time at which the flow runs begin.
WHEN = "eventtime"
FLOWS = Path(__file__).parent / "flows"


def test_the_tutorial_comes_out_on_spark_as_others_compute_it(
    spark: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "prepared.parquet"
    result = tutorial_flow(str(DATA), str(path)).run(engine=spark, write=True)
    assert result.errors == {}
    made = pq.ParquetFile(path).read().to_pandas()
    assert_as_wanted(made, reference(tutorial_table()))


@pytest.mark.parametrize(
    ("name", "refit"),
    [
        ("fraud_claims", False),
        # Later steps name categories that the file's step has not learned.
        ("fraud_customers", True),
        ("diabetes_readmission", False),
        ("music_recommendation", False),
    ],
)
def test_real_flows_give_on_spark_what_they_do_on_duckdb(
    name: str, refit: bool, spark: Engine
) -> None:
    flow = Flow.open(FLOWS / f"{name}.flow")
    inputs = tables(flow)
    here = flow.run(inputs=inputs, refit=refit)
    there = flow.run(inputs=inputs, refit=refit, engine=spark)
    assert there.errors == here.errors == {}
    wanted = {each.id: here.table(each) for each in flow.document if each.type == "TRANSFORM"}
    full = {name for name, table in wanted.items() if table.num_rows}
    # Where a branch ends, or its last step that leaves a row.
    last = [name for name in full if not full & {e.id for e in flow.document.readers(name)}]
    assert last
    for node in last:
        _assert_alike(there.table(node), wanted[node])


def _assert_alike(made: pa.Table, wanted: pa.Table) -> None:
    assert made.schema == wanted.schema
    kept = [
        each for each in made.column_names if not each.lower().replace("_", "").startswith(WHEN)
    ]
    rows, others = (sorted(map(_row, each.select(kept).to_pylist())) for each in (made, wanted))
    assert rows == others


def _row(row: dict[str, Any]) -> str:
    """Of a row what sorts, with floats to nine figures."""
    return repr([_rounded(each) for each in row.values()])


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, float) and value and math.isfinite(value):
        return round(value, 9 - math.ceil(math.log10(abs(value))))
    return value
