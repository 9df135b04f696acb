"""PySpark: ``df`` is a DataFrame of SQLFrame's, which says to DuckDB what Spark would do.

``pyspark`` means SQLFrame while the code runs. What SQLFrame leaves to DuckDB's meaning is mended
by :mod:`.dialect`; what both cannot do fails in the line of the code.
"""

from __future__ import annotations

import os
from typing import IO, Any

import duckdb
import pyarrow as pa

from .code import Code, Refusal
from .tables import plain_type

INPUT = "studio_input"
BATCH_ROWS = 65_536
#: The part of the process's memory that DuckDB may use before it spills to disk.
SHARE = 0.5


def run(code: Code, header: dict[str, Any], source: IO[bytes], target: IO[bytes]) -> None:
    """Keep the input as a table, run, and stream the query that ``df`` has become."""
    connection = duckdb.connect(
        config={
            "memory_limit": f"{int(header['memory'] * SHARE) >> 20}MB",
            "temp_directory": os.path.join(os.getcwd(), "spill"),
            "threads": 2,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    _keep(connection, pa.ipc.open_stream(source))
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    made = code.run(df=_frame(connection)).get("df")
    _give(made, target)


def _keep(connection: duckdb.DuckDBPyConnection, batches: pa.RecordBatchReader) -> None:
    """The input as a table; SQL tells names apart without their case, as Spark does."""
    folded: dict[str, str] = {}
    for name in batches.schema.names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise Refusal(f"PySpark does not tell {other!r} from {name!r}: rename one before")
    connection.register("studio_incoming", batches)
    connection.execute(f"CREATE TABLE {INPUT} AS FROM studio_incoming")
    connection.unregister("studio_incoming")


def _frame(connection: duckdb.DuckDBPyConnection) -> Any:
    from sqlframe import activate

    from .dialect import DIALECT, adapted

    names = dict.fromkeys(("sqlframe.input.dialect", "sqlframe.output.dialect"), DIALECT)
    activate("duckdb", conn=connection, config=names)
    return adapted().table(INPUT)


def _give(made: Any, target: IO[bytes]) -> None:
    from sqlframe.duckdb import DuckDBDataFrame

    if not isinstance(made, DuckDBDataFrame):
        kind = "None" if made is None else f"of the type {type(made).__name__}"
        raise Refusal(f"df is {kind} at the end: it has to be a PySpark DataFrame")
    found = made.toArrow(BATCH_ROWS)
    names = list(made.columns)
    fields = [
        pa.field(name, plain_type(each.type))
        for name, each in zip(names, found.schema, strict=True)
    ]
    schema = pa.schema(fields)
    with pa.ipc.new_stream(target, schema) as stream:
        for batch in found:
            arrays = [
                column if column.type == each.type else column.cast(each.type, safe=False)
                for column, each in zip(batch.columns, schema, strict=True)
            ]
            stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
