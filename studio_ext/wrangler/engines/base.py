"""What a relation asks of the engine that will run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from ..python.limits import Limits
from ..types import Schema

if TYPE_CHECKING:
    import pyarrow as pa

    from ..functions import Functions
    from ..relation import Relation


class Engine(Protocol):
    """One session: what is made in it is gone with it."""

    #: sqlglot's name of the SQL it speaks.
    dialect: str
    functions: Functions
    #: Bounds of steps of people's own Python.
    python: Limits
    #: Whether no scan has met NaN or an infinity yet.
    finite: bool

    def bind(self, expressions: Mapping[str, exp.Expr], schema: Schema) -> Schema:
        """Types of expressions over columns of ``schema``; reads no data.

        Raises WranglerError where they do not fit the columns' types.
        """
        ...

    def bind_query(self, query: exp.Query) -> Schema:
        """Columns of a query, with their types; reads no data."""
        ...

    def no_rows(self, schema: Schema) -> exp.Select:
        """A query that gives these columns and no row."""
        ...

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Run, and fetch everything."""
        ...

    def evaluate(self, expression: exp.Expr) -> Any:
        """The value of an expression without columns."""
        ...

    def arrow(self, relation: Relation) -> pa.Table:
        """Run, and fetch everything as Arrow; columns carry their own names."""
        ...

    def reader(self, relation: Relation, batch_rows: int) -> pa.RecordBatchReader:
        """Run, and stream."""
        ...

    def from_arrow(self, data: pa.Table | pa.RecordBatchReader) -> Relation:
        """A table of the session with these rows."""
        ...

    def materialise(self, relation: Relation) -> Relation:
        """Run once, and keep the rows for the session."""
        ...

    def close(self) -> None:
        """End the session; running queries are interrupted."""
        ...
