"""Manage columns: drop, duplicate, rename, move, concatenate."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from ..errors import ColumnError, ParameterError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, AnyColumns, MaybeColumn, NewColumn, Parameters, When, field

GROUP = "Manage columns"
FLOW = "sagemaker.spark.manage_columns_0.1"


def _form(label: str, *further: Choice, container: str | None = None) -> Form:
    return Form(FLOW, (Choice("operator", label, container), *further), origin="code")


def _unused(relation: Relation, name: str) -> None:
    if name in relation:
        raise ColumnError(f"new_name: there is a column {name!r} already", field="new_name")


class _Dropped(Parameters):
    column_to_drop: AnyColumns = field("Columns to drop")


class _Named(Parameters):
    input_column: AnyColumn = field("Column")
    new_name: str = field("New name", min_length=1)


class _Rename(BaseModel):
    input_column: AnyColumn = field("Column")
    new_name: str = field("New name", min_length=1)


class _Renamed(Parameters):
    columns_to_rename: list[_Rename] = field("Columns", default=[])
    input_column: MaybeColumn = field("One more column", default="", rarely=True)
    new_name: NewColumn = field("Its new name", default="", when=When("input_column"), rarely=True)

    def names(self) -> dict[str, str]:
        """Old name -> new one, of all that are to be renamed."""
        found = {each.input_column: each.new_name for each in self.columns_to_rename}
        if bool(self.input_column) != bool(self.new_name) or not (found or self.input_column):
            name = "new_name" if self.input_column else "input_column"
            raise ParameterError(name, None, "must be given")
        return {**found, **({self.input_column: self.new_name} if self.input_column else {})}


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
class RenameColumn(Operator[_Renamed]):
    """Give columns other names; they stay where they are."""

    number, group, label = "T054", GROUP, "Rename column"
    form = _form("Rename column")
    variants = ("rename", "several columns")

    def apply(self, relation: Relation, p: _Renamed, trained: Trained | None) -> Relation:
        names = p.names()
        for old, new in names.items():
            if old not in relation:
                raise ColumnError.missing(old, relation.columns, "input_column")
            if new != old and new not in names:
                _unused(relation, new)
        return relation.rename(names)


class _Concatenated(Parameters):
    left_column: AnyColumn = field("First column")
    right_column: AnyColumn = field("Second column")
    delimiter: str = field("Between them", default="_")
    output_column: NewColumn = field("Output column", "Empty: FIRST_SECOND.", default="")


@catalogue.add
class ConcatenateColumns(Operator[_Concatenated]):
    """Join the texts of two columns; what is missing is left out, and the delimiter with it."""

    number, group, label = "X129", GROUP, "Concatenate columns"
    form = _form("Concatenate columns", container="concat_columns_parameters")
    variants = ("concatenate",)

    def apply(self, relation: Relation, p: _Concatenated, trained: Trained | None) -> Relation:
        f = relation.functions
        name = p.output_column or f"{p.left_column}_{p.right_column}"
        texts = [f.text(relation[each]) for each in (p.left_column, p.right_column)]
        return relation.with_columns({name: f.joined_texts(p.delimiter, texts)})


def _move(label: str) -> Form:
    return _form("Move column", Choice("move_type", label))


class _Moved(Parameters):
    column_to_move: AnyColumns = field("Columns to move", "They keep their order in the table.")


class _MovedBeside(_Moved):
    target_column: AnyColumn = field("Beside this column", "None of those to move.")


M = TypeVar("M", bound=_Moved)


class _Move(Operator[M]):
    number, group = "T055", GROUP

    def place(self, others: list[str], p: M) -> int:
        """Where the columns go among the others, from zero."""
        raise NotImplementedError(type(self).__name__)

    def apply(self, relation: Relation, p: M, trained: Trained | None) -> Relation:
        moved = [name for name in relation.columns if name in p.column_to_move]
        others = [name for name in relation.columns if name not in p.column_to_move]
        place = self.place(others, p)
        return relation.select([*others[:place], *moved, *others[place:]])


@catalogue.add
class MoveToStart(_Move[_Moved]):
    """Make columns the first."""

    label = "Move column to start"
    form = _move("Move to start")
    variants = ("to start",)

    def place(self, others: list[str], p: _Moved) -> int:
        return 0


@catalogue.add
class MoveToEnd(_Move[_Moved]):
    """Make columns the last."""

    label = "Move column to end"
    form = _move("Move to end")
    variants = ("to end",)

    def place(self, others: list[str], p: _Moved) -> int:
        return len(others)


class _MoveBeside(_Move[_MovedBeside]):
    after: bool

    def place(self, others: list[str], p: _MovedBeside) -> int:
        if p.target_column in p.column_to_move:
            raise ParameterError("target_column", p.target_column, "is a column to move")
        return others.index(p.target_column) + self.after


@catalogue.add
class MoveBefore(_MoveBeside):
    """Put columns before another."""

    label = "Move column before"
    form = _move("Move before")
    variants = ("before",)
    after = False


@catalogue.add
class MoveAfter(_MoveBeside):
    """Put columns after another."""

    label = "Move column after"
    form = _move("Move after")
    variants = ("after",)
    after = True


class _MovedTo(_Moved):
    index: int = field("Place", "Counted from 0.", ge=0)


@catalogue.add
class MoveToIndex(_Move[_MovedTo]):
    """Put columns at a place, counted from zero."""

    label = "Move column to index"
    form = _move("Move to index")
    variants = ("to index",)

    def place(self, others: list[str], p: _MovedTo) -> int:
        if p.index > len(others):
            raise ParameterError("index", p.index, f"is past the last place, {len(others)}")
        return p.index
