"""A query over a single row: planned once, asked many times.

The row comes in through Arrow's C interface, which the engine asks anew at each run. As literals of
an ``EXECUTE`` its values would be parsed each time, and a value of a slightly different type (an
integer of 32 bits for one of 64) would have the whole plan made again: 24 ms instead of about one.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from ..errors import DataError
from ..functions.building import call, literal
from ..relation import Base, Relation
from ..types import Schema
from .duckdb import DuckDB, explained

if TYPE_CHECKING:
    import pyarrow as pa

TABLE, STATEMENT = "studio_row", "studio_one_row"
#: Longer patterns take about a millisecond to compile, which each run of a plan does for all.
LONG_PATTERN = 64


class _Stream:
    """What the engine reads as a table: the row of now."""

    def __init__(self, row: pa.RecordBatch) -> None:
        self.row = row

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        return pa.Table.from_batches([self.row]).__arrow_c_stream__(requested_schema)


class OneRow:
    """A row with columns of ``schema``, by the names that ``names`` gives them inside.

    :meth:`prepare` takes a query over :attr:`relation`; then :meth:`run` may be called by several
    threads, each row by itself.
    """

    def __init__(self, engine: DuckDB, schema: Schema, names: dict[str, str]) -> None:
        self._engine = engine
        self._kinds = {names[name]: kind for name, kind in schema.items()}
        self._given = list(schema)
        self._lock = Lock()
        nothing = self._cast([None] * len(schema))
        self._schema = nothing.schema
        self._stream = _Stream(nothing)
        engine.connection.register(TABLE, self._stream)
        base = Base(exp.to_table(TABLE), self._kinds)
        self.relation = Relation.of(engine, base, names)

    def prepare(self, query: exp.Query) -> None:
        """Plan the query; it replaces the one before."""
        late = query.transform(_compiled_late)
        assert isinstance(late, exp.Query)
        self._engine.prepare(STATEMENT, late)

    def run(self, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The query's rows for a row of these values; DataError where one cannot be its type."""
        row = self._arrow(values)
        with self._lock:
            self._stream.row = row
            return self._engine.execute(STATEMENT)

    def _arrow(self, values: Sequence[Any]) -> pa.RecordBatch:
        import pyarrow as pa

        try:
            columns = [
                pa.array([value], each.type)
                for value, each in zip(values, self._schema, strict=True)
            ]
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            # Such as a number that came as text: the engine's casts decide.
            return self._cast(values)
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)

    def _cast(self, values: Sequence[Any]) -> pa.RecordBatch:
        slots = [
            exp.alias_(exp.cast(literal(value), kind), name, quoted=True)
            for value, (name, kind) in zip(values, self._kinds.items(), strict=True)
        ]
        try:
            table = self._selected(*slots)
        except duckdb.Error as error:
            raise self._refused(slots) or explained(error) from error
        (batch,) = table.to_batches()
        return batch

    def _selected(self, *slots: exp.Expr) -> pa.Table:
        with self._engine.connection.cursor() as cursor:
            return cursor.sql(self._engine.sql(exp.select(*slots))).to_arrow_table()

    def _refused(self, slots: Sequence[exp.Expr]) -> DataError | None:
        """Which value it was: the first that is refused by itself."""
        for name, slot in zip(self._given, slots, strict=True):
            try:
                self._selected(slot)
            except duckdb.Error as error:
                return DataError(f"{name}: {explained(error)}", field=name)
        return None


def _compiled_late(node: exp.Expr) -> exp.Expr:
    """A long pattern as no constant: it is compiled where its branch of a CASE is taken.

    As a constant it would be compiled whenever the plan begins to run; of one row that is never
    less work.
    """
    if not isinstance(node, exp.Anonymous) or not str(node.this).lower().startswith("regexp_"):
        return node
    x, pattern, *rest = node.expressions
    if not isinstance(pattern, exp.Literal) or len(pattern.name) < LONG_PATTERN:
        return node
    return call(str(node.this), x, call("concat", pattern, call("left", x, 0)), *rest)
