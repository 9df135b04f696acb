"""DuckDB in memory: one connection a session, spilling to a folder of its own.

Never a shared file (a second process cannot open it), never the network: what a flow reads is
opened by ``sources``. Rows keep their order (``preserve_insertion_order``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ..errors import ColumnError, DataError, WranglerError
from ..functions import Functions
from ..functions.building import literal
from ..python import Limits
from ..relation import ALIAS, Base, Relation, distinct_names
from ..types import STRING, Schema
from .faults import file_fault
from .memory import for_session
from .spilling import SpillFolder

if TYPE_CHECKING:
    import pyarrow as pa

#: Most values of a column's dictionary in a row group of Parquet. The engine's own limit, a fifth
#: of the rows, makes it build dictionaries of numbers that hardly repeat: up to two fifths of a
#: writer's time.
DICTIONARY = 8_192
DIALECT = "duckdb"


class DuckDB:
    """A session on this machine. ``memory`` bounds what it holds before it spills to disk.

    By default 2 GB, or half of what the process may have.
    """

    dialect = DIALECT

    def __init__(
        self,
        *,
        memory: str | None = None,
        threads: int | None = None,
        python: Limits | None = None,
    ) -> None:
        self._spill = SpillFolder()
        self.folder = self._spill.path
        self.functions = Functions(self)
        self.python = python or Limits()
        self.finite = True
        self._numbers = count()
        config: dict[str, Any] = {
            "memory_limit": memory or for_session(),
            "temp_directory": str(self.folder),
            # With writers of their own a COPY that fails midway can wait for them for ever
            # (DuckDB 2.0.0: some of twenty did); without, writing costs the same.
            "async_threads": 0,
        }
        if threads:
            config["threads"] = threads
        self.connection = duckdb.connect(config=config)
        # Times have no zone in a flow; what carries one is read as UTC.
        # (globally: further connections to the session, as a stream has one, begin with it)
        self.connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # A table is what a flow registered, never a variable of the program around it.
        self.connection.execute("SET GLOBAL python_enable_replacements = false")
        # DuckDB takes ``python -m`` for a person at a prompt, and would draw into a job's log.
        self.connection.execute("SET enable_progress_bar = false")

    def __enter__(self) -> DuckDB:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; its tables and files go."""
        self.connection.close()
        self._spill.remove()

    # -- binding ------------------------------------------------------------------------------

    def bind(self, expressions: Mapping[str, exp.Expr], schema: Schema) -> Schema:
        """Types of expressions over columns of ``schema``."""
        used = {each.name for one in expressions.values() for each in one.find_all(exp.Column)}
        outputs = [
            exp.alias_(each.copy(), f"c{index}", quoted=True)
            for index, each in enumerate(expressions.values())
        ]
        empty = self.no_rows({name: schema[name] for name in used})
        bound = self.bind_query(
            exp.select(*outputs, copy=False).from_(empty.subquery(ALIAS, copy=False), copy=False)
        )
        return dict(zip(expressions, bound.values(), strict=True))

    def bind_query(self, query: exp.Query) -> Schema:
        """Columns of a query, with their types."""
        rows = self._run(f"DESCRIBE {self.sql(query)}").fetchall()
        return {name: _type(kind) for name, kind, *_ in rows}

    def no_rows(self, schema: Schema) -> exp.Select:
        """A query that gives these columns and no row."""
        nulls = [
            exp.alias_(exp.cast(exp.null(), datatype), name, quoted=True)
            for name, datatype in schema.items()
        ]
        return exp.select(*(nulls or [exp.null()]), copy=False).limit(0, copy=False)

    # -- running ------------------------------------------------------------------------------

    def sql(self, query: exp.Expr) -> str:
        """The text DuckDB gets."""
        try:
            return query.sql(DIALECT)
        except SqlglotError as error:
            raise WranglerError(f"This cannot be said to DuckDB: {error}") from error

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Run, and fetch everything."""
        return self._run(self.sql(query)).fetchall()

    def evaluate(self, expression: exp.Expr) -> Any:
        """The value of an expression without columns."""
        return self.rows(exp.select(expression.copy()))[0][0]

    def prepare(self, name: str, query: exp.Query) -> None:
        """Keep a query under a name; its plan is made once."""
        self._run(f"PREPARE {name} AS {self.sql(query)}")

    def execute(self, name: str) -> list[tuple[Any, ...]]:
        """Run a prepared query, and fetch everything."""
        return self._run(f"EXECUTE {name}").fetchall()

    def drop(self, relation: Relation) -> None:
        """Forget a table that ``from_arrow`` or ``materialise`` made."""
        assert isinstance(relation.base.expression, exp.Table)
        self._run(f"DROP TABLE {relation.base.expression.name}")

    def arrow(self, relation: Relation) -> pa.Table:
        """Run, and fetch everything as Arrow."""
        reader = self.reader(relation)
        try:
            return reader.read_all()
        except duckdb.Error as error:
            raise explained(error) from error

    def reader(self, relation: Relation, batch_rows: int = 65_536) -> pa.RecordBatchReader:
        """Run, and stream."""
        import pyarrow as pa

        names = relation.columns
        cursor = self.connection.cursor()
        try:
            inner = relation.nested().query()
            found = cursor.sql(self.sql(inner)).to_arrow_reader(batch_rows)
        except duckdb.Error as error:
            raise explained(error) from error
        schema = pa.schema(
            [each.with_name(name) for name, each in zip(names, found.schema, strict=True)]
        )

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for batch in found:
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            except duckdb.Error as error:
                raise explained(error) from error
            except OSError as error:  # what DuckDB raises into Arrow's stream
                raise explained(duckdb.ConversionException(str(error))) from error

        return pa.RecordBatchReader.from_batches(schema, batches())

    def write_parquet(self, relation: Relation, path: Path, compression: str) -> None:
        """One Parquet file, rows in their order."""
        codec = "uncompressed" if compression == "none" else compression
        options = f"FORMAT parquet, COMPRESSION {codec}, DICTIONARY_SIZE_LIMIT {DICTIONARY}"
        target = exp.Literal.string(str(path)).sql(DIALECT)
        cursor = self.connection.cursor()
        try:
            with self._fewer_threads(cursor):
                cursor.execute(f"COPY ({self.sql(relation.query())}) TO {target} ({options})")
        except duckdb.Error as error:
            raise explained(error) from error

    def write_json_lines(self, relation: Relation, path: Path) -> None:
        """One file with a JSON object for each row."""
        query = self.sql(relation.query())
        target = self.sql(literal(str(path)))
        self._run(f"COPY ({query}) TO {target} (FORMAT json, ARRAY false)")

    @contextmanager
    def _fewer_threads(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """For writing in order: rows of a further thread wait in memory for those of the first.

        Of a 5,000,000-row file with row groups of 500,000, two threads on two cores took three
        times the memory of one, and a quarter more CPU.
        """
        ((threads,),) = cursor.execute("SELECT current_setting('threads')").fetchall()
        cursor.execute(f"SET threads = {max(1, threads // 4)}")
        try:
            yield
        finally:
            cursor.execute(f"SET threads = {threads}")

    def from_arrow(self, data: pa.Table | pa.RecordBatchReader) -> Relation:
        """A table of the session with these rows."""
        names = distinct_names(data.schema.names)
        renamed = (
            data.rename_columns(list(names.values())) if hasattr(data, "rename_columns") else data
        )
        self.connection.register("studio_incoming", renamed)
        try:
            return self._table("FROM studio_incoming", names)
        finally:
            self.connection.unregister("studio_incoming")

    def materialise(self, relation: Relation) -> Relation:
        """Run once, and keep the rows for the session; DuckDB spills them where memory ends."""
        names = distinct_names(relation.columns)
        inner = relation.select({names[name]: relation[name] for name in relation.columns})
        return self._table(self.sql(inner.query()), names)

    def stored(self, relation: Relation) -> Relation:
        """The same rows from a file of the session: for what is dear to read and read often.

        The relation itself where a file would not keep its types (Parquet has no 128-bit numbers).
        """
        names = distinct_names(relation.columns)
        if not names:
            return relation
        path = self.folder / f"stored-{next(self._numbers)}.parquet"
        inner = relation.select({names[name]: relation[name] for name in relation.columns})
        self.write_parquet(inner, path, "snappy")
        source = exp.Anonymous(this="read_parquet", expressions=[literal(str(path))])
        query = exp.select("*").from_(source)
        schema = self.bind_query(query)
        if schema != {names[name]: kind for name, kind in relation.schema.items()}:
            path.unlink()
            return relation
        return Relation.of(self, Base(query, schema), names)

    def _table(self, sql: str, names: Mapping[str, str]) -> Relation:
        table = f"studio_{next(self._numbers)}"
        self._run(f"CREATE TABLE {table} AS {sql}")
        schema = self.bind_query(exp.select("*").from_(table))
        return Relation.of(self, Base(exp.to_table(table), schema), names)

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:
            raise explained(error) from error


#: Types that sqlglot does not know yet.
_NEWER = {"TIMESTAMPTZ_NS": "TIMESTAMPTZ", "TIME_NS": "TIME"}


def _type(kind: str) -> exp.DataType:
    # What is missing everywhere, in a column of no type, is as good as missing text.
    if kind == '"NULL"':
        return STRING
    try:
        return exp.DataType.build(_NEWER.get(kind, kind), dialect=DIALECT)
    except SqlglotError:
        return exp.DataType(this=exp.DataType.Type.UNKNOWN)


#: "Binder Error: ...", then a line that points into SQL that no user wrote.
_HINTS = re.compile(r"\n\s*(?:LINE \d+:|Candidate|Did you mean)")
_PREFIX = re.compile(r"^[A-Z][A-Za-z-]*(?: [A-Z][A-Za-z]*)* Error: ")


def explained(error: duckdb.Error) -> WranglerError:
    """DuckDB's message as a user of a flow can read it."""
    text = _PREFIX.sub("", _HINTS.split(str(error))[0].strip())
    if isinstance(error, duckdb.InvalidInputException | duckdb.IOException):
        fault = file_fault(_PREFIX.sub("", str(error).strip()))
        if fault:
            return fault
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return ColumnError(text)
    if isinstance(error, duckdb.OutOfMemoryException):
        # (then advice on settings that a flow has not)
        first = text.split("\n")[0].removeprefix("Out of Memory Error: ")
        return DataError(
            f"There is not enough memory: {first}. More memory for the session or the job would "
            "help, or fewer columns and rows before this step"
        )
    # InvalidInput: what a step refuses itself, by the function error().
    if isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        return DataError(text)
    return WranglerError(text)
