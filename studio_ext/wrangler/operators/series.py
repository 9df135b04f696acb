"""Time series: series as lists, lags, regular times, valid times, one length."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlglot import exp

from .. import types
from ..errors import DataError, ParameterError
from ..places import in_place, numbered, unused
from ..relation import Relation, column
from .base import Operator, Trained, Traits
from .catalogue import catalogue
from .frequencies import Frequency, time_column
from .parameters import AnyColumn, AnyColumns, NewColumn, OfColumn, Parameters, When, field, spelled
from .resampling import GROUP, SeriesColumn, series_form

ListColumn = Annotated[str, OfColumn(("array",)), Field(min_length=1)]


class _Grouped(Parameters):
    id_column: AnyColumn = field("Group by this column")
    timestamp_column: AnyColumn = field("Timestamp", "Orders each series.")
    apply_columns: AnyColumns = field("Apply to columns")
    include_start_end: bool = field("Add the times of start and end", default=False)


@catalogue.add
class GroupSeries(Operator[_Grouped]):
    """Make one row of each series, with its values as lists in the order of time.

    Other columns go. With start and end, ``Start_time`` and ``End_time`` say when a series begins
    and ends.
    """

    number, group, label = "T020", GROUP, "Group by"
    form = series_form("Group by")
    variants = ("lists", "lists with start and end")
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Grouped, trained: Trained | None) -> Relation:
        rows, row = numbered(relation)
        f = rows.functions
        time, place = column(p.timestamp_column, "t"), column(row, "t")
        order = [time, place]
        lists = {n: f.gathered(column(n, "t"), *order) for n in p.apply_columns}
        if p.include_start_end:
            lists |= {"Start_time": f.least(time), "End_time": f.most(time)}
        key = column(p.id_column, "t")

        def build(t: exp.Expr) -> exp.Select:
            outputs = [exp.alias_(each, name, quoted=True) for name, each in lists.items()]
            return exp.select(key, *outputs).from_(t).group_by(key)

        return rows.derive(build).sort(f.ordered(column(p.id_column, "t")))


class _Window(BaseModel):
    flatten: bool = field("A column for each lag", default=False)


class _Lagged(Parameters):
    sequence_column: AnyColumn = field("Column")
    id_column: SeriesColumn = field("ID", "Tells series apart. Empty: there is one.", default="")
    timestamp_column: AnyColumn = field("Timestamp")
    lag: int = field("Lag", "In rows of the series.", ge=1)
    entire_window: bool = field("Include the entire lag window", default=False)
    window: _Window = field(
        "Window",
        alias="entire_window_True_parameters",
        default=_Window(),
        when=When("entire_window", (True,)),
    )
    drop_rows: bool = field("Drop rows without history", default=False)


@catalogue.add
class LagFeatures(Operator[_Lagged]):
    """Add the values that a series had some rows before.

    One lag is ``COLUMN_lag_N``. The entire window is all lags from 1 on: as columns, or as one list
    ``COLUMN_lag_window``, the latest first. Rows without history are the first ones of a series.
    """

    number, group, label = "T026", GROUP, "Lag features"
    form = series_form("Lag features", origin="file")
    variants = ("one lag", "entire window", "flattened window", "without rows of no history")
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Lagged, trained: Trained | None) -> Relation:
        def lagged(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            within = [rows[p.id_column]] if p.id_column else []
            order = [f.ordered(rows[p.timestamp_column]), row]
            x, name = rows[p.sequence_column], p.sequence_column
            counts = range(1, p.lag + 1) if p.entire_window else [p.lag]
            lags = {f"{name}_lag_{n}": f.lag(x, n, within, order) for n in counts}
            if p.entire_window and not p.window.flatten:
                lags = {f"{name}_lag_window": exp.array(*lags.values())}
            if p.drop_rows:
                before = unused(rows, "studio_before")
                lags[before] = f.over(exp.RowNumber(), within, order)
            made = rows.with_columns(lags)
            if not p.drop_rows:
                return made
            kept = exp.GT(this=made[before], expression=f.constant(p.lag))
            return made.filter(kept).drop([before])

        return in_place(relation, lagged)


class _Validated(Parameters):
    timestamp_column: AnyColumn = field("Timestamp")
    policy: Annotated[
        Literal["drop", "indicate", "raise"], spelled("drop", "indicate", "raise")
    ] = field("Policy", "What becomes of rows whose time is missing or cannot be read.")
    output_column: NewColumn = field(
        "Output column", "Empty: `COLUMN_is_valid`.", default="", when=When("policy", ("indicate",))
    )
    cast_to_datetime: bool = field("Cast to datetime", "Text becomes datetimes.", default=True)


@catalogue.add
class ValidateTimestamps(Operator[_Validated]):
    """Drop rows without a valid time, say which rows have one, or refuse a table with such rows.

    Text is valid where it is a date or a time as ISO 8601 writes it.
    """

    number, group, label = "T023", GROUP, "Validate timestamps"
    form = series_form("Validate timestamps", origin="file")
    variants = ("drop", "indicate", "raise")

    def apply(self, relation: Relation, p: _Validated, trained: Trained | None) -> Relation:
        f, name = relation.functions, p.timestamp_column
        time = time_column(relation, name, "timestamp_column")
        valid = time.copy().is_(exp.null()).not_()
        if p.policy == "indicate":
            relation = relation.with_columns({p.output_column or f"{name}_is_valid": valid})
        elif p.policy == "drop":
            relation = relation.filter(valid)
        else:
            message = f"timestamp_column: {name!r} has a row without a valid time"
            relation = relation.filter(f.when(valid, True, f.fail(f.constant(message))))
        if p.cast_to_datetime and types.kind_of(relation.schema[name]) == "string":
            relation = relation.with_columns({name: f.time(relation[name])})
        return relation


class _Standardised(Parameters):
    sequence_column: ListColumn = field("Column", "Of lists.")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    cutoff_quantile: float = field(
        "Cutoff quantile", "Of the lengths that the series have.", default=0.9, ge=0, le=1
    )
    flatten: bool = field("Flatten the output", "A column for each item.", default=False)


@catalogue.add
class StandardizeLength(Operator[_Standardised]):
    """Bring lists to one length: a quantile, rounded up, of the lengths they had when learned from.

    Longer ones are cut off, shorter ones get missing items at the end. Flattened, the items become
    columns ``NAME_0``, ``NAME_1``, ...
    """

    number, group, label = "T024", GROUP, "Standardize length"
    form = series_form("Standardize length")
    variants = ("list", "flattened")

    def aggregates(self, relation: Relation, p: _Standardised) -> Mapping[str, exp.Expr]:
        f = relation.functions
        return {"length": f.quantile(f.size(relation[p.sequence_column]), p.cutoff_quantile)}

    def learned(self, values: Mapping[str, Any], p: _Standardised) -> Trained:
        if values["length"] is None:
            raise DataError(f"sequence_column: {p.sequence_column!r} has no list to learn from")
        # Quantiles of whole numbers may miss one by a rounding.
        return {"length": ceil(round(float(values["length"]), 9))}

    def apply(self, relation: Relation, p: _Standardised, trained: Trained | None) -> Relation:
        assert trained
        f, x, length = relation.functions, relation[p.sequence_column], int(trained["length"])
        name = p.output_column or p.sequence_column
        if not p.flatten:
            return relation.with_columns({name: f.resized(x, length)})
        items = {f"{name}_{index}": f.item(x, index + 1) for index in range(length)}
        made = relation.with_columns(items)
        return made if p.output_column else made.drop([p.sequence_column])


class _Ranged(Parameters):
    output_column: str = field("Output column", min_length=1)
    starting_timestamp: str = field("Starting timestamp", "As ISO 8601 writes it.")
    frequency: Frequency = field("Frequency", default=Frequency())
    periods: int = field(
        "Periods", "After so many rows the range begins again; 0: never.", default=0, ge=0
    )


@catalogue.add
class DatetimeRange(Operator[_Ranged]):
    """Give the rows, in their order, times that follow one another at a regular distance."""

    number, group, label = "T028", GROUP, "Datetime range"
    form = series_form("Datetime range")
    variants = ("start and frequency", "periods")
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Ranged, trained: Trained | None) -> Relation:
        f = relation.functions
        start = f.time(f.constant(p.starting_timestamp))
        if relation.engine.evaluate(start) is None:
            right = "is no date or time as ISO 8601 writes it"
            raise ParameterError("starting_timestamp", p.starting_timestamp, right)
        rows, row = numbered(relation)
        place = f.subtract(rows[row], 1)
        if p.periods:
            place = exp.paren(exp.Mod(this=place, expression=f.constant(p.periods)))
        unit = p.frequency.offset_description
        time = f.moved(start, f.multiply(place, p.frequency.quantity), unit)
        return rows.with_columns({p.output_column: time}).drop([row])
