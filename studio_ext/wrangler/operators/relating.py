"""Rows by another table: those that it has or lacks, the last one before; running numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import Field
from sqlglot import exp

from ..errors import ColumnError
from ..places import first_of_each, in_place, numbered, unused
from ..relation import Relation, column
from .base import DEFAULT, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .frequencies import time_column
from .joining import JoinKey, both, comparable, joined, two
from .parameters import AnyColumn, OfColumn, Parameters, SomeColumns, field

GROUP = "Join and concatenate"
TRAITS = Traits(row_local=False, ordered=True)


def _check(left: Relation, right: Relation, keys: Sequence[JoinKey]) -> None:
    for index, key in enumerate(keys):
        for relation, name, side in ((left, key.left, "left"), (right, key.right, "right")):
            if name not in relation:
                raise ColumnError.missing(name, relation.columns, f"keys.{index}.{side}")
        comparable(left, key.left, right, key.right, f"keys.{index}")


class _Known(Parameters):
    keys: list[JoinKey] = field("Keys", "All have to be equal.", min_length=1)
    keep: bool = field("Keep", "Else the rows that the other table has go.", default=True)

    def check(self, relations: Iterable[Relation]) -> None:
        _check(*two(relations), self.keys)


@catalogue.add
class FilterByTable(Operator[_Known]):
    """Keep, or remove, the rows whose keys another table has; a missing key is in none.

    The rows stay in their order.
    """

    number, group, label = "X620", GROUP, "Filter by another table"
    tables = 2
    form = Form("studio.filter_by_table_0.1")
    variants = ("keep", "remove")
    traits = TRAITS

    def run(
        self, relations: Sequence[Relation], p: _Known, trained: Trained | None
    ) -> Mapping[str, Relation]:
        left, right = two(relations)
        keys = [(each.left, each.right) for each in p.keys]
        way = "leftsemi" if p.keep else "leftanti"
        return {DEFAULT: in_place(left, lambda rows: joined(rows, right, keys, way))}


class _Rolling(Parameters):
    keys: list[JoinKey] = field("Keys", "Empty: any row fits any.", default=[])
    left_time: AnyColumn = field("Time of the left table")
    right_time: Annotated[str, OfColumn(input=1), Field(min_length=1)] = field(
        "Time of the right table"
    )

    def check(self, relations: Iterable[Relation]) -> None:
        left, right = two(relations)
        super().check([left, right])
        _check(left, right, self.keys)


@catalogue.add
class RollingJoin(Operator[_Rolling]):
    """Give each row the last row of another table that is not later, of equal keys.

    Of several at one time the first counts. Rows without one stay, with missing values; a missing
    key or time finds none. Columns that both have become ``x_0`` and ``x_1``; rows stay in order.
    """

    number, group, label = "X621", GROUP, "Rolling join"
    tables = 2
    form = Form("studio.rolling_join_0.1")
    variants = ("with keys", "without keys")
    traits = TRAITS

    def run(
        self, relations: Sequence[Relation], p: _Rolling, trained: Trained | None
    ) -> Mapping[str, Relation]:
        left, right = two(relations)
        right = first_of_each(right, [*(each.right for each in p.keys), p.right_time])
        times = [
            time_column(left, p.left_time, "left_time"),
            time_column(right, p.right_time, "right_time"),
        ]
        rows, row = numbered(left)
        mine, theirs = unused(rows, "studio_left_time"), unused(right, "studio_right_time")
        rows = rows.with_columns({mine: times[0]}).nested()
        right = right.with_columns({theirs: times[1]}).nested()
        outputs = both(rows, right)
        near = exp.GTE(this=column(mine, "t"), expression=column(theirs, "t1"))
        same = (exp.EQ(this=column(k.left, "t"), expression=column(k.right, "t1")) for k in p.keys)
        on = exp.and_(*same, near)

        def build(t: exp.Expr, t1: exp.Expr) -> exp.Select:
            chosen = (exp.alias_(x.copy(), name, quoted=True) for name, x in outputs.items())
            return exp.select(*chosen).from_(t).join(t1, on=on.copy(), join_type="ASOF LEFT")

        found = rows.derive(build, right).sort(column(row, "t"))
        return {DEFAULT: found.drop([row, mine, theirs])}


class _Running(Parameters):
    output_column: str = field("Output column", default="id", min_length=1)
    first: int = field("First number", default=0)
    by: SomeColumns = field("Count anew in each", "Empty: through the table.", default=[])


@catalogue.add
class RunningNumber(Operator[_Running]):
    """Number the rows in their order, through the table or anew in each group."""

    number, group, label = "X622", "Manage rows", "Running number"
    form = Form("studio.running_number_0.1")
    variants = ("through the table", "in each group")
    traits = TRAITS

    def apply(self, relation: Relation, p: _Running, trained: Trained | None) -> Relation:
        if p.output_column in relation:
            raise ColumnError(f"output_column: there is a column {p.output_column!r} already")

        def count(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            place: exp.Expr = row
            if p.by:
                place = f.over(exp.RowNumber(), [rows[name] for name in p.by], [row])
            return rows.with_columns({p.output_column: f.add(place, p.first - 1)})

        return in_place(relation, count)


class _Repeated(Parameters):
    first: int = field("From", default=0)
    last: int = field("To", "In it too.", ge=0)
    output_column: str = field("Output column", default="number", min_length=1)


@catalogue.add
class CrossRange(Operator[_Repeated]):
    """Repeat each row for every whole number of a range."""

    number, group, label = "X623", GROUP, "Cross join with a range"
    form = Form("studio.cross_range_0.1")
    variants = ("range",)
    traits = TRAITS

    def apply(self, relation: Relation, p: _Repeated, trained: Trained | None) -> Relation:
        if p.output_column in relation:
            raise ColumnError(f"output_column: there is a column {p.output_column!r} already")
        rows, row = numbered(relation)
        f = rows.functions
        numbers = f.exploded(f.numbers_between(p.first, p.last))
        each = exp.alias_(numbers, p.output_column, quoted=True)

        def build(t: exp.Expr) -> exp.Select:
            return exp.select(*(column(name, "t") for name in rows.columns), each.copy()).from_(t)

        made = rows.derive(build)
        return made.sort(column(row, "t"), column(p.output_column, "t")).drop([row])


class _Fuzzy(Parameters):
    input_column: Annotated[str, OfColumn(("string",)), Field(min_length=1)] = field("Column")
    block_by: SomeColumns = field(
        "Block by", "Only rows that are equal here are compared. Empty: all are.", default=[]
    )
    threshold: float = field("Similarity", "Jaro-Winkler's, from 0 to 1.", default=0.9, gt=0, le=1)


@catalogue.add
class FuzzyDeduplicate(Operator[_Fuzzy]):
    """Keep a row only if no row before it is as similar as the threshold, by Jaro-Winkler.

    Case and blanks around do not count; missing texts are similar to none. Every pair in a block is
    compared: without one the work grows with the square of the rows.
    """

    number, group, label = "X624", "Manage rows", "Drop similar rows"
    form = Form("studio.fuzzy_deduplicate_0.1")
    variants = ("all rows", "in blocks")
    traits = TRAITS

    def apply(self, relation: Relation, p: _Fuzzy, trained: Trained | None) -> Relation:
        rows, row = numbered(relation)
        f = rows.functions
        text = unused(rows, "studio_text")
        rows = rows.with_columns({text: f.lower(f.blank(rows[p.input_column]))}).nested()
        alike = f.similarity(column(text, "t"), column(text, "t1"))
        pairs = exp.and_(
            exp.LT(this=column(row, "t1"), expression=column(row, "t")),
            *(exp.EQ(this=column(n, "t"), expression=column(n, "t1")) for n in p.block_by),
        )
        similar = exp.GTE(this=alike, expression=f.constant(p.threshold))

        def find(t: exp.Expr, t1: exp.Expr) -> exp.Select:
            # An inner join: in others Spark has no room for a function of its executors'.
            matched = exp.select(exp.alias_(column(row, "t"), row, quoted=True)).from_(t)
            return matched.join(t1, on=pairs.copy()).where(similar.copy())

        def leave(t: exp.Expr, t1: exp.Expr) -> exp.Select:
            same = exp.EQ(this=column(row, "t"), expression=column(row, "t1"))
            before = exp.Exists(this=exp.select("1").from_(t1).where(same))
            return exp.select(*(column(n, "t") for n in rows.columns)).from_(t).where(before.not_())

        kept = rows.derive(leave, rows.derive(find, rows))
        return kept.sort(column(row, "t")).drop([row, text])
