"""Resample: series at regular times, with pandas' meanings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from sqlglot import exp

from .. import types
from ..functions import Functions
from ..places import unused
from ..relation import Relation, column
from .base import Choice, Form, Operator, Origin, Trained, Traits
from .catalogue import catalogue
from .filling import filled
from .frequencies import Frequency, time_column
from .parameters import AnyColumn, OfColumn, Parameters, field, spelled

GROUP = "Time series"
FLOW = "sagemaker.spark.time_series_0.1"
#: A column that tells series apart; empty: there is one series.
SeriesColumn = Annotated[str, OfColumn()]
_NUMERIC = ("mean", "median", "min", "max", "sum", "first", "last")
_OTHERS = ("most common", "first", "last")
_UP = ("linear", "ffill", "bfill", "nearest")
_UP_OTHERS = ("ffill", "bfill")


def series_form(label: str, *further: Choice, origin: Origin = "guessed") -> Form:
    """Time series keep their parameters under the label itself."""
    return Form(FLOW, (Choice("operator", label, f"{label}_parameters"), *further), origin=origin)


class _Down(BaseModel):
    numeric: Annotated[
        Literal["mean", "median", "min", "max", "sum", "first", "last"], spelled(*_NUMERIC)
    ] = field("Numbers", default="mean")
    non_numeric: Annotated[Literal["most common", "first", "last"], spelled(*_OTHERS)] = field(
        "Other values", default="most common"
    )


class _Up(BaseModel):
    numeric: Annotated[Literal["linear", "ffill", "bfill", "nearest"], spelled(*_UP)] = field(
        "Numbers", default="linear"
    )
    non_numeric: Annotated[Literal["ffill", "bfill"], spelled(*_UP_OTHERS)] = field(
        "Other values", default="ffill"
    )


class _Resampled(Parameters):
    timestamp_column: AnyColumn = field("Timestamp")
    id_column: SeriesColumn = field("ID", "Tells series apart. Empty: there is one.", default="")
    frequency: Frequency = field("Frequency", default=Frequency())
    downsample: _Down = Field(
        title="Downsample", description="Of several rows at one time.", default=_Down()
    )
    upsample: _Up = Field(title="Upsample", description="Of a time without rows.", default=_Up())


def _several(f: Functions, x: exp.Expr, way: str, time: exp.Expr) -> exp.Expr:
    """One value for all rows of a bin."""
    ways = {
        "mean": f.mean,
        "median": f.median,
        "min": f.least,
        "max": f.most,
        "sum": f.total,
        "most common": f.mode,
    }
    if way in ways:
        return ways[way](x)
    return f.earliest(x, time) if way == "first" else f.latest(x, time)


@catalogue.add
class Resample(Operator[_Resampled]):
    """Bring each series to regular times: one row for each, from its first to its last.

    Several rows at one time become one, and times without rows are filled from those around. A time
    stands for the start of its bin. Bins within a day are counted from the midnight before the
    series begins, weeks begin on Monday, and bins of weeks, months, quarters and years with the one
    in which the series begins. Rows without a time are left out; the rows come by series and time.
    """

    number, group, label = "T021", GROUP, "Resample"
    form = series_form("Resample", origin="file")
    variants = tuple(
        [f"down: {each}" for each in dict.fromkeys((*_NUMERIC, *_OTHERS))]
        + [f"up: {each}" for each in _UP]
    )
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Resampled, trained: Trained | None) -> Relation:
        f = relation.functions
        time = time_column(relation, p.timestamp_column, "timestamp_column")
        origin, number = unused(relation, "studio_origin"), unused(relation, "studio_bin")
        # The series' column may be none: then all rows share a constant.
        ids = p.id_column or unused(relation, "studio_series")
        rows = relation.with_columns({p.timestamp_column: time})
        if not p.id_column:
            rows = rows.with_columns({ids: f.constant(0)})
        rows = rows.filter(rows[p.timestamp_column].is_(exp.null()).not_()).nested()
        first = f.over(f.least(rows[p.timestamp_column]), [rows[ids]])
        rows = rows.with_columns({origin: p.frequency.origin(f, first)}).nested()
        bins = p.frequency.bin(f, rows[p.timestamp_column], rows[origin])
        rows = rows.with_columns({number: bins}).nested()
        regular = self._regular(rows, p, ids, origin, number)
        return regular.select(relation.columns)

    def _regular(
        self, rows: Relation, p: _Resampled, ids: str, origin: str, number: str
    ) -> Relation:
        f, stamp = rows.functions, p.timestamp_column
        values = [n for n in rows.columns if n not in (ids, origin, number, stamp)]
        numeric = {name for name in values if types.is_numeric(rows.schema[name])}

        def one(name: str) -> exp.Expr:
            way = p.downsample.numeric if name in numeric else p.downsample.non_numeric
            several = _several(f, column(name, "t"), way, column(stamp, "t"))
            return exp.alias_(several, name, quoted=True)

        keys = [column(ids, "t"), column(origin, "t"), column(number, "t")]
        binned = rows.derive(
            lambda t: exp.select(*keys, *(one(n) for n in values)).from_(t).group_by(*keys)
        )
        first, last = unused(binned, "studio_first"), unused(binned, "studio_last")
        x = binned[number]
        ends = binned.with_columns(
            {
                first: f.over(f.least(x), [binned[ids]]),
                last: f.over(f.most(x), [binned[ids]]),
            }
        )
        ends = ends.select([ids, origin, first, last]).distinct()
        places = f.exploded(f.numbers_between(column(first, "t"), column(last, "t")))
        outputs = [column(ids, "t"), column(origin, "t"), exp.alias_(places, number, quoted=True)]
        grid = ends.derive(lambda t: exp.select(*outputs).from_(t))

        def side_by_side(t: exp.Expr, t1: exp.Expr) -> exp.Select:
            same = exp.and_(
                exp.NullSafeEQ(this=column(ids, "t"), expression=column(ids, "t1")),
                exp.EQ(this=column(number, "t"), expression=column(number, "t1")),
            )
            outputs = [column(n, "t") for n in (ids, origin, number)]
            return (
                exp.select(*outputs, *(column(n, "t1") for n in values))
                .from_(t)
                .join(t1, on=same, join_type="LEFT")
            )

        whole = grid.derive(side_by_side, binned)
        within, order = [whole[ids]], [whole[number]]
        done = {stamp: p.frequency.start(f, whole[number], whole[origin])}
        for name in values:
            way = p.upsample.numeric if name in numeric else p.upsample.non_numeric
            done[name] = filled(f, whole[name], way, within, order, whole[number])
        return whole.with_columns(done).sort(f.ordered(column(ids, "t")), column(number, "t"))
