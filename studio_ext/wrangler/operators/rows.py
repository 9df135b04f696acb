"""Manage rows: sort, shuffle, drop duplicates."""

from __future__ import annotations

from typing import Literal

from ..places import first_of_each, numbered
from ..relation import Relation, column
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumns, Parameters, SomeColumns, field

GROUP = "Manage rows"
FLOW = "sagemaker.spark.manage_rows_0.1"
SEED = 42


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


class _Sorted(Parameters):
    column: AnyColumns = field("Columns", "The first decides, the next where it is equal.")
    order: Literal["Ascending", "Descending"] = field("Order", default="Ascending")


@catalogue.add
class Sort(Operator[_Sorted]):
    """Order the rows by columns; equal rows stay in the order that they had.

    What is missing comes first when ascending and last when descending, as in Spark.
    """

    number, group, label = "T056", GROUP, "Sort"
    form = _form("Sort")
    variants = ("ascending", "descending")
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Sorted, trained: Trained | None) -> Relation:
        f, down = relation.functions, p.order == "Descending"
        before, row = numbered(relation)
        keys = [
            f.ordered(column(name, "t"), descending=down, missing_first=not down)
            for name in p.column
        ]
        return before.sort(*keys, column(row, "t")).drop([row])


class _Shuffled(Parameters):
    seed: int = field("Random seed", "The same seed gives the same order.", default=SEED)


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
