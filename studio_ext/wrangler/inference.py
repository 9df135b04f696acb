"""A fitted flow as a function of rows: what a model server and scikit-learn call.

Steps for the training rows alone, such as balancing, are left out; steps whose result needs other
rows of the table are refused, as Data Wrangler does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import types
from .engines import DuckDB
from .errors import DataError, FlowError, StepError, UnsupportedError
from .flow import Document, Node
from .operators import catalogue
from .operators.parameters import parse
from .relation import Base, Relation, distinct_names
from .running import Run

if TYPE_CHECKING:
    import pyarrow as pa

STATEMENT = "studio_row"


class Fitted:
    """The steps between one source and one node, with all that they have learned.

    ``document`` holds the learned; ``schema`` are the columns that a row has to have.
    """

    def __init__(self, document: Document, schema: types.Schema, node: str | None = None) -> None:
        self._engine = DuckDB(threads=1)
        self._document = document
        self._nodes = _path(document, node)
        self.schema = dict(schema)
        self._inner = distinct_names(schema)
        self._prepare()

    @classmethod
    def of(cls, run: Run, document: Document, node: str | None = None) -> Fitted:
        """Of a run that has fitted ``document``."""
        source = _path(document, node)[0]
        return cls(document, run.relation(source.id).schema, node)

    def apply(self, table: pa.Table) -> pa.Table:
        """Every row of a table; its columns are found by name."""
        relation = self._engine.from_arrow(table.select(self._columns(table.column_names)))
        try:
            return self._steps(relation).to_arrow()
        finally:
            self._engine.drop(relation)

    def apply_record(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """One row; None where a step leaves it out.

        Raises DataError where a column is missing, or has a value of another type.
        """
        values = [record[name] for name in self._columns(list(record))]
        rows = self._engine.execute(STATEMENT, values)
        return dict(zip(self.columns, rows[0], strict=True)) if rows else None

    def close(self) -> None:
        """End the session."""
        self._engine.close()

    def _columns(self, given: Sequence[str]) -> list[str]:
        absent = [name for name in self.schema if name not in given]
        if absent:
            needed = ", ".join(self.schema)
            raise DataError(f"The row has no column {absent[0]!r}; it needs {needed}")
        return list(self.schema)

    def _prepare(self) -> None:
        """One prepared statement for one row: its plan is made once."""
        inner = dict(zip(self._inner.values(), self.schema.values(), strict=True))
        slots = [
            exp.alias_(exp.cast(_slot(index), kind), name, quoted=True)
            for index, (name, kind) in enumerate(inner.items(), 1)
        ]
        row = Relation.of(self._engine, Base(exp.select(*slots), inner), self._inner)
        result = self._steps(row)
        self.columns = result.columns
        self._engine.prepare(STATEMENT, result.query())

    def _steps(self, relation: Relation) -> Relation:
        for node in self._nodes[1:]:
            operator = catalogue.find(node.operator, node.parameters)
            if operator.traits.training_only:
                continue
            if not operator.traits.row_local:
                cause = UnsupportedError("the result for a row needs other rows of the table")
                raise StepError(node.id, node.label, cause)
            p = parse(operator.Parameters, operator.form.read(node.parameters))
            saved = operator.form.read_trained(node.trained)
            trained = operator.restored(saved, p) if saved else None
            if trained is None and operator.fitted:
                cause = UnsupportedError("the step has learned nothing yet: fit the flow")
                raise StepError(node.id, node.label, cause)
            relation = operator.run([relation], p, trained)["default"]
        return relation


def _slot(number: int) -> exp.Parameter:
    return exp.Parameter(this=exp.Literal.number(number))


def _path(document: Document, node: str | None) -> list[Node]:
    """From a source to ``node`` (the last transform); raises FlowError where two tables meet."""
    path = document.upstream(node or document.last().id)
    if sum(each.type == "SOURCE" for each in path) != 1:
        raise FlowError("Rows can be sent through steps that follow from one source alone")
    return path
