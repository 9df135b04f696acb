"""Manage columns: drop, duplicate, rename, move."""

from __future__ import annotations

from typing import TypeVar

from ..errors import ColumnError, ParameterError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, AnyColumns, Parameters, field

GROUP = "Manage columns"
FLOW = "sagemaker.spark.manage_columns_0.1"


def _form(label: str, *further: Choice) -> Form:
    return Form(FLOW, (Choice("operator", label), *further))


def _unused(relation: Relation, name: str) -> None:
    if name in relation:
        raise ColumnError(f"new_name: there is a column {name!r} already", field="new_name")


class _Dropped(Parameters):
    column_to_drop: AnyColumns = field("Columns to drop")


class _Named(Parameters):
    input_column: AnyColumn = field("Column")
    new_name: str = field("New name", min_length=1)


@catalogue.add
class DropColumn(Operator[_Dropped]):
    """Leave columns out."""

    number, group, label = "T052", GROUP, "Drop column"
    form = _form("Drop column")
    variants = ("one column", "several columns")

    def apply(self, relation: Relation, p: _Dropped, trained: Trained | None) -> Relation:
        return relation.drop(p.column_to_drop)


@catalogue.add
class DuplicateColumn(Operator[_Named]):
    """Copy a column under a new name."""

    number, group, label = "T053", GROUP, "Duplicate column"
    form = _form("Duplicate column")
    variants = ("duplicate",)

    def apply(self, relation: Relation, p: _Named, trained: Trained | None) -> Relation:
        _unused(relation, p.new_name)
        return relation.with_columns({p.new_name: relation[p.input_column]})


@catalogue.add
class RenameColumn(Operator[_Named]):
    """Give a column another name; it stays where it is."""

    number, group, label = "T054", GROUP, "Rename column"
    form = _form("Rename column")
    variants = ("rename",)

    def apply(self, relation: Relation, p: _Named, trained: Trained | None) -> Relation:
        if p.new_name != p.input_column:
            _unused(relation, p.new_name)
        return relation.rename({p.input_column: p.new_name})


def _move(label: str) -> Form:
    return _form("Move column", Choice("move_type", label))


class _Moved(Parameters):
    column_to_move: AnyColumn = field("Column to move")


class _MovedBeside(_Moved):
    reference_column: AnyColumn = field("Beside this column", "It cannot be the column itself.")


M = TypeVar("M", bound=_Moved)


class _Move(Operator[M]):
    number, group = "T055", GROUP

    def place(self, others: list[str], p: M) -> int:
        """Where the column goes among the others, from zero."""
        raise NotImplementedError(type(self).__name__)

    def apply(self, relation: Relation, p: M, trained: Trained | None) -> Relation:
        others = [name for name in relation.columns if name != p.column_to_move]
        others.insert(self.place(others, p), p.column_to_move)
        return relation.select(others)


@catalogue.add
class MoveToStart(_Move[_Moved]):
    """Make a column the first."""

    label = "Move column to start"
    form = _move("Move to start")
    variants = ("to start",)

    def place(self, others: list[str], p: _Moved) -> int:
        return 0


@catalogue.add
class MoveToEnd(_Move[_Moved]):
    """Make a column the last."""

    label = "Move column to end"
    form = _move("Move to end")
    variants = ("to end",)

    def place(self, others: list[str], p: _Moved) -> int:
        return len(others)


class _MoveBeside(_Move[_MovedBeside]):
    after: bool

    def place(self, others: list[str], p: _MovedBeside) -> int:
        if p.reference_column == p.column_to_move:
            raise ParameterError("reference_column", p.reference_column, "is the column to move")
        return others.index(p.reference_column) + self.after


@catalogue.add
class MoveBefore(_MoveBeside):
    """Put a column before another."""

    label = "Move column before"
    form = _move("Move before")
    variants = ("before",)
    after = False


@catalogue.add
class MoveAfter(_MoveBeside):
    """Put a column after another."""

    label = "Move column after"
    form = _move("Move after")
    variants = ("after",)
    after = True


class _MovedTo(_Moved):
    index: int = field("Place", "Counted from 0.", ge=0)


@catalogue.add
class MoveToIndex(_Move[_MovedTo]):
    """Put a column at a place, counted from zero."""

    label = "Move column to index"
    form = _move("Move to index")
    variants = ("to index",)

    def place(self, others: list[str], p: _MovedTo) -> int:
        if p.index > len(others):
            raise ParameterError("index", p.index, f"is past the last place, {len(others)}")
        return p.index
