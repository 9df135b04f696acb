"""Spark: a session here or a cluster's, also by Spark Connect.

Its settings are made ours: times have no zone, casts and divisions that cannot be done give NULL.
Rows have an order only within a partition; a step that needs one has to name it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from ..errors import ColumnError, DataError, UnsupportedError, WranglerError
from ..functions import Functions
from ..functions.spark import SparkFunctions
from ..functions.sparksql import said
from ..python import Limits
from ..relation import ALIAS, Base, Relation, distinct_names
from ..types import DATETIME, STRING, Schema
from .spark_functions import python_functions

if TYPE_CHECKING:
    import pyarrow as pa

DIALECT = "spark"
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.legacy.sizeOfNull": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def local(cores: int = 2, memory: str = "1g", settings: Mapping[str, str] | None = None) -> Any:
    """A session in this process's own Java; raises UnsupportedError where there is none.

    ``settings``: further ones of Spark's, by name.
    """
    # Its Python workers take the first `python3` of PATH otherwise.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = _builder().master(f"local[{cores}]").appName("studio-wrangler")
    own = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": memory,
        "spark.sql.shuffle.partitions": cores,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **(settings or {}),
    }
    for name, value in own.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def remote() -> Any:
    """A session of Spark Connect with the server that SPARK_REMOTE names; needs no Java here."""
    return _builder().getOrCreate()


def _builder() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UnsupportedError("Spark is not installed: pip install studio-ext[spark]") from error
    return SparkSession.builder


class Spark:
    """A session of Spark's: one given, that of SPARK_REMOTE, or one of its own in local mode.

    A session of Spark Connect will do: its server's Python has to be of the same minor version.
    """

    dialect = DIALECT

    def __init__(
        self,
        session: Any = None,
        *,
        exact_quantiles: bool = False,
        python: Limits | None = None,
    ) -> None:
        # Every refused query would be logged with Java's whole stack.
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
        self._own = session is None
        own = remote if os.environ.get("SPARK_REMOTE") else local
        self.session = own() if session is None else session
        for name, value in SETTINGS.items():
            self.session.conf.set(name, value)
        self._register()
        self.functions: Functions = SparkFunctions(self, exact_quantiles=exact_quantiles)
        self.python = python or Limits()
        self.finite = True
        self._numbers = count()
        self._tables: list[str] = []

    def __enter__(self) -> Spark:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the session's tables; a session of its own ends."""
        for name in self._tables:
            self.session.catalog.dropTempView(name)
        if self._own:
            self.session.stop()

    def _register(self) -> None:
        from pyspark.sql.types import DoubleType, LongType, StringType

        # Not by their names: a session of Spark Connect beside another kind would read those there.
        types = {"string": StringType(), "bigint": LongType(), "double": DoubleType()}
        for name, (function, kind) in python_functions().items():
            self.session.udf.register(name, function, types[kind])

    # -- binding ------------------------------------------------------------------------------

    def bind(self, expressions: Mapping[str, exp.Expr], schema: Schema) -> Schema:
        """Types of expressions over columns of ``schema``."""
        used = {each.name for one in expressions.values() for each in one.find_all(exp.Column)}
        outputs = [
            exp.alias_(each.copy(), f"c{index}", quoted=True)
            for index, each in enumerate(expressions.values())
        ]
        empty = self.no_rows({name: schema[name] for name in used})
        bound = self.bind_query(exp.select(*outputs).from_(empty.subquery(ALIAS)))
        return dict(zip(expressions, bound.values(), strict=True))

    def bind_query(self, query: exp.Query) -> Schema:
        """Columns of a query, with their types."""
        with explained():
            fields = self._frame(query).schema.fields
            return {each.name: _type(each.dataType.simpleString()) for each in fields}

    def no_rows(self, schema: Schema) -> exp.Select:
        """A query that gives these columns and no row."""
        nulls = [
            exp.alias_(exp.cast(exp.null(), datatype), name, quoted=True)
            for name, datatype in schema.items()
        ]
        return exp.select(*(nulls or [exp.null()])).limit(0)

    # -- running ------------------------------------------------------------------------------

    def sql(self, query: exp.Expr) -> str:
        """The text Spark gets."""
        try:
            return said(query).sql(DIALECT)
        except SqlglotError as error:
            raise WranglerError(f"This cannot be said to Spark: {error}") from error

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Run, and fetch everything."""
        with explained():
            return [tuple(map(_plain, row)) for row in self._frame(query).collect()]

    def evaluate(self, expression: exp.Expr) -> Any:
        """The value of an expression without columns."""
        return self.rows(exp.select(expression.copy()))[0][0]

    def arrow(self, relation: Relation) -> pa.Table:
        """Run, and fetch everything as Arrow."""
        with explained():
            found = self._frame(relation.nested().query()).toArrow()
            return _widened(found.rename_columns(relation.columns))

    def reader(self, relation: Relation, batch_rows: int = 65_536) -> pa.RecordBatchReader:
        """Run, and stream partition by partition: the driver never holds everything."""
        import pyarrow as pa

        with explained():
            frame = self._frame(relation.nested().query())
            empty = _widened(frame.limit(0).toArrow().rename_columns(relation.columns))
            schema = empty.schema
            rows = frame.toLocalIterator(prefetchPartitions=True)

        def batches() -> Iterator[pa.RecordBatch]:
            while chunk := self._next(rows, batch_rows):
                columns = zip(*chunk, strict=True)
                arrays = [
                    pa.array([_plain(each) for each in column], kind.type)
                    for column, kind in zip(columns, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _next(self, rows: Iterator[Any], size: int) -> list[Any]:
        with explained():
            return list(islice(rows, size))

    def from_arrow(self, data: pa.Table | pa.RecordBatchReader) -> Relation:
        """A table of the session with these rows."""
        import pyarrow as pa

        table = data.read_all() if hasattr(data, "read_all") else data
        names = distinct_names(table.schema.names)
        with explained():
            plain = _widened(table.rename_columns(list(names.values())))
            if plain.num_rows:
                return self._table(self.session.createDataFrame(plain), names)
            # Spark Connect takes no types from a table without rows.
            row = [pa.nulls(1, each.type) for each in plain.schema]
            one = pa.Table.from_arrays(row, schema=plain.schema)
            return self._table(self.session.createDataFrame(one).limit(0), names)

    def materialise(self, relation: Relation) -> Relation:
        """Run once, and keep the rows with the executors for the session."""
        names = distinct_names(relation.columns)
        inner = relation.select({names[name]: relation[name] for name in relation.columns})
        with explained():
            return self._table(self._frame(inner.query()).localCheckpoint(eager=True), names)

    def _table(self, frame: Any, names: Mapping[str, str]) -> Relation:
        table = f"studio_{id(self)}_{next(self._numbers)}"
        frame.createOrReplaceTempView(table)
        self._tables.append(table)
        schema = {each.name: _type(each.dataType.simpleString()) for each in frame.schema.fields}
        return Relation.of(self, Base(exp.to_table(table), schema), names)

    def _frame(self, query: exp.Query) -> Any:
        return self.session.sql(self.sql(query))


def _type(kind: str) -> exp.DataType:
    """Spark's type; a column of no type is one of text, and times have no zone."""
    if kind == "void":
        return STRING
    datatype = exp.DataType.build(kind, dialect=DIALECT)
    for each in list(datatype.find_all(exp.DataType)):
        if each.this is exp.DataType.Type.TIMESTAMPNTZ:
            each.set("this", DATETIME.this)
    return datatype


def _plain(value: Any) -> Any:
    """Rows within rows as mappings."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if hasattr(value, "asDict"):
        return {key: _plain(each) for key, each in value.asDict().items()}
    return value


def _widened(table: pa.Table) -> pa.Table:
    """With the types that flows know: Spark counts in 32 bits, and takes no dictionaries."""
    import pyarrow as pa

    from ..python.studio_child.tables import plain_type

    fields = [
        each.with_type(
            pa.string() if pa.types.is_null(each.type) else plain_type(each.type)
        ).with_nullable(True)
        for each in table.schema
    ]
    schema = pa.schema(fields)
    return table if schema == table.schema else table.cast(schema, safe=False)


_DETAILS = re.compile(r'^\s*details = "(.*)"$', re.MULTILINE)


def _raised_by_spark() -> tuple[type[Exception], ...]:
    """Spark's own errors, and those of the transport that Spark Connect has imported."""
    from pyspark.errors import PySparkException

    grpc = sys.modules.get("grpc")
    return (PySparkException, grpc.RpcError) if grpc else (PySparkException,)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Spark's messages as a user of a flow can read them."""
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except _raised_by_spark() as error:
        parameters = error.getMessageParameters() if isinstance(error, PySparkException) else None
        said_by_step = (parameters or {}).get("errorMessage")
        # What Spark Connect's transport says stands in quotes after other lines.
        told = _DETAILS.search(str(error))
        lines = (told[1] if told else str(error)).strip().split("\n")
        text = said_by_step or lines[0].split(" SQLSTATE:")[0].split("] ", 1)[-1]
        if isinstance(error, AnalysisException | ParseException):
            raise ColumnError(text) from error
        raise DataError(text) from error
