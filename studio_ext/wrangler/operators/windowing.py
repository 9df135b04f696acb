"""Values of other rows: ranks, lags, running and moving aggregates, changes, fills by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel
from sqlglot import exp

from .. import types
from ..errors import ColumnError, ParameterError
from ..functions import Functions
from ..functions.building import call
from ..places import in_place
from ..relation import Relation
from .base import Form, Operator, Trained, Traits
from .catalogue import catalogue
from .filling import filled
from .parameters import (
    AnyColumn,
    NewColumn,
    NumericColumn,
    OfColumn,
    Parameters,
    SomeColumns,
    When,
    field,
    spelled,
)

GROUP = "Windows"
TRAITS = Traits(row_local=False, ordered=True)
RANKS = ("row_number", "rank", "dense_rank", "percent_rank", "ntile")
SHIFTS = ("lag", "lead")
RUNNING = ("sum", "mean", "min", "max", "count")
FUNCTIONS = (
    *RANKS,
    *SHIFTS,
    *(f"cumulative_{each}" for each in RUNNING),
    *(f"moving_{each}" for each in RUNNING),
)


class WindowFunction(BaseModel):
    """One new column."""

    function: str = field("Function", json_schema_extra={"enum": list(FUNCTIONS)})
    column: Annotated[str, OfColumn()] = field(
        "Column", default="", when=When("function", FUNCTIONS[len(RANKS) :])
    )
    output: str = field("Output column", "Empty: COLUMN_FUNCTION.", default="")
    size: int = field(
        "Rows or parts",
        "How many rows away, in the window, or how many parts.",
        default=1,
        ge=1,
        when=When(
            "function", ("ntile", *SHIFTS, *(each for each in FUNCTIONS if each[:6] == "moving"))
        ),
    )

    @property
    def name(self) -> str:
        """The new column's name."""
        return self.output or (f"{self.column}_{self.function}" if self.column else self.function)


class _Windowed(Parameters):
    partition_by: SomeColumns = field("Partition by", "Empty: all rows are one.", default=[])
    order_by: SomeColumns = field("Order by", "Empty: the rows' own order.", default=[])
    descending: bool = field("Largest first", default=False)
    functions: list[WindowFunction] = field("Functions", min_length=1)

    def check(self, relations: Iterable[Relation]) -> None:
        (relation,) = relations
        super().check([relation])
        for index, each in enumerate(self.functions):
            where = f"functions.{index}"
            if each.function not in FUNCTIONS:
                right = f"is none of {', '.join(FUNCTIONS)}"
                raise ParameterError(f"{where}.function", each.function, right)
            if each.function in RANKS:
                continue
            if each.column not in relation:
                raise ColumnError.missing(each.column, relation.columns, f"{where}.column")
            kind = types.kind_of(relation.schema[each.column])
            if each.function.endswith(("sum", "mean")) and kind not in types.NUMERIC:
                raise ColumnError(
                    f"{where}.column: {each.column!r} is {kind}, not long or float",
                    field=f"{where}.column",
                )


def _running(f: Functions, how: str, x: exp.Expr) -> exp.Expr:
    ways: dict[str, Callable[[exp.Expr], exp.Expr]] = {
        "sum": f.total,
        "mean": f.mean,
        "min": f.least,
        "max": f.most,
        "count": f.count,
    }
    return ways[how](x)


def _one(
    rows: Relation, each: WindowFunction, within: Sequence[exp.Expr], order: Sequence[exp.Expr]
) -> exp.Expr:
    f, row = rows.functions, rows[rows.columns[-1]]
    if each.function in ("rank", "dense_rank", "percent_rank"):
        # Equal rows have one rank: their places do not tell them apart.
        return f.over(call(each.function), within, order or [row])
    if each.function == "row_number":
        return f.over(exp.RowNumber(), within, [*order, row])
    if each.function == "ntile":
        return f.over(call("ntile", each.size), within, [*order, row])
    x = rows[each.column]
    if each.function in SHIFTS:
        count = each.size if each.function == "lag" else -each.size
        return f.lag(x, count, within, [*order, row])
    way, how = each.function.split("_")
    frame = (None, 0) if way == "cumulative" else (1 - each.size, 0)
    return f.over(_running(f, how, x), within, [*order, row], frame)


@catalogue.add
class Windows(Operator[_Windowed]):
    """Add values that follow from the rows of the same partition, in an order.

    What is missing comes last in the order and counts in no aggregate. Equal rows share a rank;
    otherwise they go by the rows' own order. A moving window is the row and those before it, so
    many in all, fewer at the start. Ranks count from 1, the percent rank from 0 to 1.
    """

    number, group, label = "X606", GROUP, "Window functions"
    form = Form("studio.window_0.1")
    variants = FUNCTIONS
    traits = TRAITS

    def apply(self, relation: Relation, p: _Windowed, trained: Trained | None) -> Relation:
        def windowed(rows: Relation) -> Relation:
            f = rows.functions
            within = [rows[name] for name in p.partition_by]
            order = [f.ordered(rows[name], descending=p.descending) for name in p.order_by]
            return rows.with_columns({e.name: _one(rows, e, within, order) for e in p.functions})

        return in_place(relation, windowed)


class _Ordered(Parameters):
    input_column: NumericColumn = field("Column")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    partition_by: SomeColumns = field("Partition by", "Empty: all rows are one.", default=[])
    order_by: SomeColumns = field("Order by", "Empty: the rows' own order.", default=[])
    periods: int = field("Rows between", "Negative: against a later row.", default=1)


class _Change(Operator[_Ordered]):
    group = GROUP
    traits = TRAITS
    relative: bool

    def apply(self, relation: Relation, p: _Ordered, trained: Trained | None) -> Relation:
        def changed(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            within = [rows[name] for name in p.partition_by]
            order = [*(f.ordered(rows[name]) for name in p.order_by), row]
            x = rows[p.input_column]
            before = f.lag(x, p.periods, within, order)
            change = f.subtract(x, before)
            made = f.divide(change, before) if self.relative else change
            return rows.with_columns({p.output_column or p.input_column: made})

        return in_place(relation, changed)


@catalogue.add
class Difference(_Change):
    """Subtract the value that the partition had some rows before."""

    number, label = "X607", "Difference"
    form = Form("studio.difference_0.1")
    variants = ("difference",)
    relative = False


@catalogue.add
class PercentChange(_Change):
    """The change against the value some rows before, as a part of it; missing where it was 0."""

    number, label = "X608", "Percent change"
    form = Form("studio.percent_change_0.1")
    variants = ("percent change",)
    relative = True


class _GroupFilled(Parameters):
    input_column: AnyColumn = field("Column")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    by: SomeColumns = field("Group by", "Empty: all rows are one group.", default=[])
    order_by: SomeColumns = field("Order by", "Empty: the rows' own order.", default=[])
    method: Annotated[
        Literal["mean", "median", "mode", "ffill", "bfill"],
        spelled("mean", "median", "mode", "ffill", "bfill"),
    ] = field("Method", default="mean")


@catalogue.add
class FillByGroup(Operator[_GroupFilled]):
    """Fill missing values from the group's own: mean, median, mode, or the row before or after.

    Nothing is learned: a group is what the table at hand has of it. A group without a value stays
    as it is. Means and medians make a float of the column.
    """

    number, group, label = "X609", GROUP, "Fill missing by group"
    form = Form("studio.fill_by_group_0.1")
    variants = ("mean", "median", "mode", "ffill", "bfill")
    traits = TRAITS

    def apply(self, relation: Relation, p: _GroupFilled, trained: Trained | None) -> Relation:
        name = p.input_column
        kind = types.kind_of(relation.schema[name])
        if p.method in ("mean", "median") and kind not in types.NUMERIC:
            raise ColumnError(f"input_column: {name!r} is {kind}, not long or float")

        def fill(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            within = [rows[each] for each in p.by]
            order = [*(f.ordered(rows[each]) for each in p.order_by), row]
            x = rows[name]
            if p.method in ("ffill", "bfill"):
                made = filled(f, x, p.method, within, order, row)
            elif p.method == "mode":
                made = f.coalesce(x, f.most_frequent(f.over(f.frequencies(x), within)))
            else:
                middle = f.mean(x) if p.method == "mean" else f.median(x)
                made = f.coalesce(f.number(x), f.over(middle, within))
            return rows.with_columns({p.output_column or name: made})

        return in_place(relation, fill)
