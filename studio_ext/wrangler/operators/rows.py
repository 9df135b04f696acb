"""Manage rows: sort, shuffle, drop duplicates, drop empty."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel
from sqlglot import exp

from ..errors import ColumnError, ParameterError
from ..places import first_of_each, numbered
from ..relation import Relation, column
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, Parameters, SomeColumns, field

GROUP = "Manage rows"
FLOW = "sagemaker.spark.manage_rows_0.1"
SEED = 42


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),), origin="code")


Order = Literal["Ascending", "Descending"]


class _Condition(BaseModel):
    sort_by: AnyColumn = field("Column")
    order: Order = field("Order", default="Ascending")


class _Sorted(Parameters):
    sort_by: SomeColumns = field("Columns", "The first decides, the next where equal.", default=[])
    order: Order = field("Order", default="Ascending")
    conditions: list[_Condition] = field(
        "Columns with an order each", "In the place of the above.", default=[], rarely=True
    )

    def orders(self) -> list[tuple[str, Order]]:
        """Columns and the order of each, the first deciding."""
        if self.sort_by:
            return [(name, self.order) for name in self.sort_by]
        if not self.conditions:
            raise ParameterError("sort_by", None, "must be given")
        return [(each.sort_by, each.order) for each in self.conditions]


@catalogue.add
class Sort(Operator[_Sorted]):
    """Order the rows by columns; equal rows stay in the order that they had.

    What is missing comes first when ascending and last when descending, as in Spark.
    """

    number, group, label = "T056", GROUP, "Sort"
    form = _form("Sort")
    variants = ("ascending", "descending", "an order each")
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Sorted, trained: Trained | None) -> Relation:
        f, keys = relation.functions, []
        for name, order in p.orders():
            if name not in relation:
                raise ColumnError.missing(name, relation.columns, "sort_by")
            down = order == "Descending"
            keys.append(f.ordered(column(name, "t"), descending=down, missing_first=not down))
        before, row = numbered(relation)
        return before.sort(*keys, column(row, "t")).drop([row])


class _Shuffled(Parameters):
    seed: int = field(
        "Random seed", "The same seed gives the same order.", default=SEED, rarely=True
    )


@catalogue.add
class Shuffle(Operator[_Shuffled]):
    """Bring the rows into an order that follows from the seed and their places alone."""

    number, group, label = "T057", GROUP, "Shuffle"
    form = _form("Shuffle")
    variants = ("shuffle",)
    traits = Traits(row_local=False, training_only=True, ordered=True)

    def apply(self, relation: Relation, p: _Shuffled, trained: Trained | None) -> Relation:
        before, row = numbered(relation)
        place = column(row, "t")
        chance = relation.functions.uniform(p.seed, place)
        return before.sort(chance, place).drop([row])


class _Unique(Parameters):
    subset: SomeColumns = field("Columns", "Empty: the whole row.", default=[])


@catalogue.add
class DropDuplicates(Operator[_Unique]):
    """Keep the first of the rows that are equal in the columns; missing equals missing."""

    number, group, label = "T058", GROUP, "Drop duplicates"
    form = _form("Drop duplicates")
    variants = ("whole row", "subset")
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Unique, trained: Trained | None) -> Relation:
        return first_of_each(relation, p.subset or relation.columns)


class _Nothing(Parameters):
    pass


@catalogue.add
class DropEmpty(Operator[_Nothing]):
    """Leave out the rows in which every column is missing."""

    number, group, label = "X625", GROUP, "Drop empty"
    form = _form("Drop empty")
    variants = ("empty rows",)

    def apply(self, relation: Relation, p: _Nothing, trained: Trained | None) -> Relation:
        there = (relation[name].is_(exp.null()).not_() for name in relation.columns)
        return relation.filter(exp.or_(*there))
