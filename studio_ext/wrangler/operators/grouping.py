"""Group rows: aggregates, pivot, unpivot, the first rows of each group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel
from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError, ParameterError
from ..functions import Functions
from ..places import in_place, numbered, unused
from ..relation import Relation, column
from .base import Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, AnyColumns, OfColumn, Parameters, SomeColumns, When, field

GROUP = "Group and reshape"
TRAITS = Traits(row_local=False, ordered=True)
#: Which need numbers.
_OF_NUMBERS = (
    "sum",
    "avg",
    "std",
    "stddev",
    "variance",
    "stddev_pop",
    "variance_pop",
    "median",
    "quantile",
)
AGGREGATES = (
    *_OF_NUMBERS,
    "min",
    "max",
    "approx_count_distinct",
    "count",
    "first",
    "last",
    "mode",
    "count_distinct",
    "collect_list",
)
MOST_PIVOTED = 1000


def aggregate(f: Functions, how: str, x: exp.Expr, row: exp.Expr, q: float = 0.5) -> exp.Expr:
    """One of ``AGGREGATES``; ``row`` is the order of rows. What is missing does not count."""
    ways = {
        "sum": f.total,
        "avg": f.mean,
        "std": f.deviation,
        "stddev": f.deviation,
        "variance": f.variance,
        "stddev_pop": f.deviation_of_all,
        "variance_pop": f.variance_of_all,
        "median": f.median,
        "min": f.least,
        "max": f.most,
        "count": f.count,
        "mode": f.mode,
        # Exact: engines' estimates differ.
        "approx_count_distinct": f.distinct,
        "count_distinct": f.distinct,
    }
    if how in ways:
        return ways[how](x)
    if how == "quantile":
        return f.quantile(x, q)
    if how == "collect_list":
        return f.gathered(x, row)
    return f.earliest(x, row) if how == "first" else f.latest(x, row)


class Aggregate(BaseModel):
    """One new column: what is made of which column."""

    column: Annotated[str, OfColumn()] = field(
        "Column", "Empty in a count of rows alone.", default=""
    )
    function: str = field("Function", json_schema_extra={"enum": list(AGGREGATES)})
    output: str = field("Output column", "Empty: COLUMN_FUNCTION.", default="")
    quantile: float = field(
        "Quantile", default=0.5, ge=0, le=1, when=When("function", ("quantile",))
    )

    @property
    def name(self) -> str:
        """The new column's name."""
        return self.output or (f"{self.column}_{self.function}" if self.column else self.function)


def check_aggregates(relation: Relation, given: Iterable[Aggregate], where: str) -> None:
    """Raises ParameterError or ColumnError for the first that cannot be."""
    for index, each in enumerate(given):
        if each.function not in AGGREGATES:
            right = f"is none of {', '.join(AGGREGATES)}"
            raise ParameterError(f"{where}.{index}.function", each.function, right)
        if not each.column and each.function == "count":
            continue
        if each.column not in relation:
            raise ColumnError.missing(each.column, relation.columns, f"{where}.{index}.column")
        kind = types.kind_of(relation.schema[each.column])
        if each.function in _OF_NUMBERS and kind not in types.NUMERIC:
            raise ColumnError(
                f"{where}.{index}.column: {each.column!r} is {kind}, not long or float",
                field=f"{where}.{index}.column",
            )


class _Grouped(Parameters):
    by: SomeColumns = field("Group by", "Empty: all rows are one group.", default=[])
    aggregates: list[Aggregate] = field("Aggregates", min_length=1)

    def check(self, relations: Iterable[Relation]) -> None:
        (relation,) = relations
        super().check([relation])
        check_aggregates(relation, self.aggregates, "aggregates")


@catalogue.add
class GroupBy(Operator[_Grouped]):
    """Make one row of each group, with aggregates of its rows; groups come in ascending order.

    What is missing is a group of its own, the last, and counts in no aggregate. Standard deviation
    and variance are of a sample unless ``pop`` says population, quantiles are interpolated, the
    mode is of several the smallest, ``first`` and ``last`` are known values in the rows' order, and
    a count of different values is exact.
    """

    number, group, label = "X602", GROUP, "Group by and aggregate"
    form = Form("studio.group_by_0.1")
    variants = AGGREGATES
    traits = TRAITS

    def apply(self, relation: Relation, p: _Grouped, trained: Trained | None) -> Relation:
        rows, row = numbered(relation)
        f, place = rows.functions, column(row, "t")
        keys = [column(name, "t") for name in p.by]

        def build(t: exp.Expr) -> exp.Select:
            made = [
                exp.alias_(
                    aggregate(f, a.function, column(a.column, "t"), place, a.quantile)
                    if a.column
                    else f.count(),
                    a.name,
                    quoted=True,
                )
                for a in p.aggregates
            ]
            select = exp.select(*keys, *made).from_(t)
            return select.group_by(*keys) if keys else select

        made = rows.derive(build)
        return made.sort(*(f.ordered(each) for each in keys)) if keys else made


class _Pivoted(Parameters):
    index: AnyColumns = field("Rows", "A row for each of their values.")
    columns: AnyColumn = field("Columns", "A column for each of its values.")
    values: AnyColumn = field("Values")
    function: str = field(
        "Aggregate",
        default="sum",
        json_schema_extra={"enum": list(AGGREGATES)},
    )

    def check(self, relations: Iterable[Relation]) -> None:
        (relation,) = relations
        super().check([relation])
        one = Aggregate(column=self.values, function=self.function)
        try:
            check_aggregates(relation, [one], "values")
        except ParameterError as error:
            right = f"is none of {', '.join(AGGREGATES)}"
            raise ParameterError("function", self.function, right) from error


@catalogue.add
class Pivot(Operator[_Pivoted]):
    """Turn the values of a column into columns of their own, filled with an aggregate.

    The values are learned, in ascending order; rows of others count in none of the columns, and a
    column stays though its value is there no more.
    """

    number, group, label = "X603", GROUP, "Pivot"
    form = Form("studio.pivot_0.1")
    variants = tuple(f"of {each}" for each in AGGREGATES)
    traits = TRAITS

    def fit(self, relation: Relation, p: _Pivoted) -> Trained:
        text = relation.functions.text(relation[p.columns])
        seen = relation.select({"value": text}).distinct()
        values = sorted(v for (v,) in seen.limit(MOST_PIVOTED + 2).rows() if v is not None)
        if len(values) > MOST_PIVOTED:
            raise DataError(f"columns: {p.columns!r} has more than {MOST_PIVOTED} values")
        return {"values": values}

    def apply(self, relation: Relation, p: _Pivoted, trained: Trained | None) -> Relation:
        assert trained
        taken = [value for value in trained["values"] if value in p.index]
        if taken:
            raise ColumnError(f"columns: there is a column {taken[0]!r} already", field="columns")
        rows, row = numbered(relation)
        f, place = rows.functions, column(row, "t")
        keys = [column(name, "t") for name in p.index]
        text, x = f.text(column(p.columns, "t")), column(p.values, "t")

        def build(t: exp.Expr) -> exp.Select:
            made = []
            for value in trained["values"]:
                same = exp.EQ(this=text.copy(), expression=f.constant(value))
                one = aggregate(f, p.function, f.when(same, x), place)
                if p.function == "collect_list":
                    one = exp.Filter(
                        this=aggregate(f, p.function, x, place), expression=exp.Where(this=same)
                    )
                made.append(exp.alias_(one, value, quoted=True))
            return exp.select(*keys, *made).from_(t).group_by(*keys)

        return rows.derive(build).sort(*(f.ordered(each) for each in keys))


class _Unpivoted(Parameters):
    columns: AnyColumns = field("Columns", "A row for each of them.")
    name_column: str = field("Column of names", default="variable", min_length=1)
    value_column: str = field("Column of values", default="value", min_length=1)


@catalogue.add
class Unpivot(Operator[_Unpivoted]):
    """Turn columns into rows: one for each, with its name and its value; the others are repeated.

    Values of different types become floats where all are numbers, else text.
    """

    number, group, label = "X604", GROUP, "Unpivot"
    form = Form("studio.unpivot_0.1")
    variants = ("unpivot",)
    traits = TRAITS

    def apply(self, relation: Relation, p: _Unpivoted, trained: Trained | None) -> Relation:
        kept = [name for name in relation.columns if name not in p.columns]
        for name in (p.name_column, p.value_column):
            if name in kept:
                raise ColumnError(f"name_column: there is a column {name!r} already")
        kinds = {relation.schema[name] for name in p.columns}
        to = next(iter(kinds)) if len(kinds) == 1 else types.STRING
        if len(kinds) > 1 and all(types.is_numeric(each) for each in kinds):
            to = types.FLOAT
        rows, row = numbered(relation)
        f = rows.functions
        values = [
            f.to(column(n, "t"), to, relation.schema[n])
            if relation.schema[n] != to
            else column(n, "t")
            for n in p.columns
        ]
        # Two lists unfolded side by side go step by step.
        names = exp.array(*(exp.Literal.string(each) for each in p.columns))
        place = unused(rows, "studio_place")
        places = f.numbers_between(1, len(p.columns))
        unfolded = {p.name_column: names, p.value_column: exp.array(*values), place: places}

        def build(t: exp.Expr) -> exp.Select:
            outputs = [column(each, "t") for each in [*kept, row]]
            new = [exp.alias_(f.exploded(x), n, quoted=True) for n, x in unfolded.items()]
            return exp.select(*outputs, *new).from_(t)

        ordered = rows.derive(build).sort(column(row, "t"), column(place, "t"))
        return ordered.select([*kept, p.name_column, p.value_column])


class _Top(Parameters):
    count: int = field("Rows", "How many of each group stay.", ge=1)
    order_by: AnyColumns = field("Order by")
    descending: bool = field("Largest first", default=True)
    by: SomeColumns = field("Group by", "Empty: all rows are one group.", default=[])


@catalogue.add
class TopRows(Operator[_Top]):
    """Keep the first rows of each group in an order; equal ones in the rows' own order."""

    number, group, label = "X605", GROUP, "Top rows of each group"
    form = Form("studio.top_rows_0.1")
    variants = ("largest", "smallest")
    traits = TRAITS

    def apply(self, relation: Relation, p: _Top, trained: Trained | None) -> Relation:
        def top(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            keys = [f.ordered(rows[name], descending=p.descending) for name in p.order_by]
            place, name = unused(rows, "studio_place"), [rows[each] for each in p.by]
            ranked = rows.with_columns({place: f.over(exp.RowNumber(), name, [*keys, row])})
            first = exp.LTE(this=ranked[place], expression=f.constant(p.count))
            return ranked.filter(first).drop([place])

        return in_place(relation, top)
