"""A fitted flow as a function of rows: what a model server and scikit-learn call.

Steps for the training rows alone, such as balancing, are left out; steps whose result needs other
rows of the table are refused, as Data Wrangler does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import types
from .engines import DuckDB
from .engines.one_row import OneRow
from .errors import (
    UNFORESEEN,
    ColumnError,
    DataError,
    FlowError,
    StepError,
    UnsupportedError,
    WranglerError,
    unforeseen,
)
from .flow import Document, Node, variables
from .operators import catalogue
from .operators.parameters import parse
from .relation import Relation, distinct_names
from .running import Run
from .tables import arrow, is_missing

if TYPE_CHECKING:
    import pyarrow as pa


class Fitted:
    """The steps between one source and one node, with all that they have learned.

    ``document`` holds the learned; ``schema`` are the columns that a row has to have. ``values``
    are those of the flow's own ``{{name}}``. ``target`` names the column that only training rows
    have: rows come without it, and results too.
    """

    def __init__(
        self,
        document: Document,
        schema: types.Schema,
        node: str | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        target: str | None = None,
    ) -> None:
        self.document = document
        self.node = node
        self._nodes = _path(document, node)
        self.values = dict(values or {})
        self._values = {**variables.defaults(document.data), **self.values}
        if target is not None and target not in schema:
            raise ColumnError.missing(target, schema, "target")
        self.target = target
        #: With the target's column.
        self.whole = dict(schema)
        self._unknown = {name: kind for name, kind in schema.items() if name == target}
        self.schema = {name: kind for name, kind in schema.items() if name != target}
        self._engine = DuckDB(threads=1)
        try:
            self._prepare()
        except BaseException:
            self._engine.close()
            raise

    @classmethod
    def of(
        cls, run: Run, document: Document, node: str | None = None, target: str | None = None
    ) -> Fitted:
        """Of a run that has fitted ``document``."""
        source = _path(document, node)[0]
        schema = run.relation(source.id).schema
        return cls(document, schema, node, values=run.options.parameters, target=target)

    def apply(self, table: Any, *, whole: bool = False) -> pa.Table:
        """Every row of a table (Arrow, pandas, Polars); its columns are found by name.

        ``whole``: every row has to come out; DataError names the step that leaves one out.
        """
        import pyarrow as pa

        given = arrow(table)
        rows = given if isinstance(given, pa.Table) else given.read_all()
        relation = self._engine.from_arrow(rows.select(self._columns(rows.column_names)))
        try:
            if whole:
                return self._whole(relation, rows.num_rows)
            return self._steps(relation).to_arrow()
        finally:
            self._engine.drop(relation)

    def _whole(self, relation: Relation, rows: int) -> pa.Table:
        made = self._steps(relation).to_arrow()
        if made.num_rows == rows:
            return made
        for node, each in self._stages(relation):
            if (left := each.count()) != rows:
                raise DataError(f"{node.label} leaves rows out: {rows} came in, {left} go out")
        raise DataError(f"Rows are left out: {rows} came in, {made.num_rows} go out")

    def apply_record(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """One row; None where a step leaves it out. ``None`` is missing, and so is NaN.

        Raises DataError where a column is missing, or has a value of another type.
        """
        values = [
            None if is_missing(value := record[name]) else value
            for name in self._columns(list(record))
        ]
        rows = self._row.run(values)
        return dict(zip(self.columns, rows[0], strict=True)) if rows else None

    def apply_records(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Several rows at once; each as :meth:`apply_record` takes and gives it.

        Raises DataError, and names the step, where one leaves a row out: nobody could tell which.
        """
        relation = self._engine.from_arrow(self._texts(records))
        try:
            typed = relation.with_columns(
                {name: exp.cast(relation[name], kind) for name, kind in self.schema.items()}
            )
            made: list[dict[str, Any]] = self._whole(typed, len(records)).to_pylist()
            return made
        finally:
            self._engine.drop(relation)

    def _texts(self, records: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Rows as a table of texts, which become what the columns are; lists stay lists."""
        import pyarrow as pa

        columns = {}
        for name in self._columns(list(dict.fromkeys(n for each in records for n in each))):
            values = [each.get(name) for each in records]
            if any(isinstance(each, list | dict) for each in values):
                columns[name] = pa.array([None if is_missing(each) else each for each in values])
            else:
                columns[name] = pa.array([_text(each) for each in values])
        return pa.table(columns)

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
        """One query over one row: its plan is made once."""
        self._row = OneRow(self._engine, self.schema, distinct_names(self.schema))
        result = self._steps(self._row.relation)
        self.columns = result.columns
        self._row.prepare(result.query())

    def _steps(self, relation: Relation) -> Relation:
        for _, each in self._stages(relation):
            relation = each
        return relation.drop([name for name in self._unknown if name in relation])

    def _stages(self, relation: Relation) -> Iterator[tuple[Node, Relation]]:
        """What the rows are after each step, from the source on."""
        relation = relation.with_columns(
            {name: exp.cast(exp.null(), kind) for name, kind in self._unknown.items()}
        )
        yield self._nodes[0], relation
        for node in self._nodes[1:]:
            if node.type == "DATASET":
                continue
            try:
                after = self._after(node, relation)
            except UNFORESEEN as error:
                raise StepError(node.id, node.label, unforeseen(error)) from error
            except WranglerError as error:
                raise StepError(node.id, node.label, error) from error
            if after is not None:
                relation = after
                yield node, relation

    def _after(self, node: Node, relation: Relation) -> Relation | None:
        """The rows after a step; None where it is one for training alone."""
        parameters = variables.filled(node.parameters, self._values, "parameters")
        operator = catalogue.find(node.operator, parameters)
        if operator.traits.training_only:
            return None
        if not operator.traits.row_local:
            raise UnsupportedError("the result for a row needs other rows of the table")
        p = parse(operator.Parameters, operator.form.read(parameters))
        saved = operator.form.read_trained(node.trained)
        trained = operator.restored(saved, p) if saved else None
        if trained is None and operator.fitted:
            raise UnsupportedError("the step has learned nothing yet: fit the flow")
        return operator.run([relation], p, trained)["default"]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None if is_missing(value) else str(value)


def _path(document: Document, node: str | None) -> list[Node]:
    """From a source to ``node`` (the last transform); raises FlowError where two tables meet."""
    path = document.upstream(node or document.last().id)
    if sum(each.type == "SOURCE" for each in path) != 1:
        raise FlowError("Rows can be sent through steps that follow from one source alone")
    return path
