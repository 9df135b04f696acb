"""Dates: differences, moves, starts of units, numbers to dates, ages; distances of places."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from sqlglot import exp

from .. import types
from ..errors import ParameterError
from ..relation import Relation
from .base import Form, Operator, Trained
from .catalogue import catalogue
from .frequencies import Unit, time_column
from .parameters import AnyColumn, NewColumn, NumericColumn, OfColumn, Parameters, field, spelled

GROUP = "Dates"
OptionalNumber = Annotated[str, OfColumn(types.NUMERIC)]


class _Between(Parameters):
    start_column: AnyColumn = field("From")
    end_column: AnyColumn = field("To")
    output_column: str = field("Output column", min_length=1)
    unit: Unit = field("Unit", default="day")


@catalogue.add
class DateDifference(Operator[_Between]):
    """How long it is from one time to another, negative where the second is earlier.

    In weeks and shorter units with a fraction; in full months, quarters or years.
    """

    number, group, label = "X610", GROUP, "Date difference"
    form = Form("studio.date_difference_0.1")
    variants = ("week and shorter", "month", "quarter", "year")

    def apply(self, relation: Relation, p: _Between, trained: Trained | None) -> Relation:
        start = time_column(relation, p.start_column, "start_column")
        end = time_column(relation, p.end_column, "end_column")
        gone = relation.functions.elapsed(start, end, p.unit)
        return relation.with_columns({p.output_column: gone})


class _Timed(Parameters):
    input_column: AnyColumn = field("Column")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")

    def time(self, relation: Relation) -> exp.Expr:
        """The column as a datetime."""
        return time_column(relation, self.input_column, "input_column")

    def put(self, relation: Relation, x: exp.Expr) -> Relation:
        """The result in its column."""
        return relation.with_columns({self.output_column or self.input_column: x})


class _Added(_Timed):
    count: int = field("Count", "Negative: earlier.")
    unit: Unit = field("Unit", default="day")


@catalogue.add
class DateAdd(Operator[_Added]):
    """Move a time by a count of units; a day that a month lacks becomes its last."""

    number, group, label = "X611", GROUP, "Add to date"
    form = Form("studio.date_add_0.1")
    variants = ("later", "earlier")

    def apply(self, relation: Relation, p: _Added, trained: Trained | None) -> Relation:
        return p.put(relation, relation.functions.moved(p.time(relation), p.count, p.unit))


class _Truncated(_Timed):
    unit: Unit = field("Unit", default="day")


@catalogue.add
class DateTruncate(Operator[_Truncated]):
    """The start of the unit that a time lies in; weeks begin on Monday."""

    number, group, label = "X612", GROUP, "Start of unit"
    form = Form("studio.date_truncate_0.1")
    variants = ("second to day", "week", "month", "quarter", "year")

    def apply(self, relation: Relation, p: _Truncated, trained: Trained | None) -> Relation:
        return p.put(relation, relation.functions.truncated(p.time(relation), p.unit))


class _Formatted(_Timed):
    date_time_format: str = field("Format", "Python's codes, as %d.%m.%Y.", min_length=1)


@catalogue.add
class DateFormat(Operator[_Formatted]):
    """Write a time as text, by Python's codes."""

    number, group, label = "X613", GROUP, "Format date"
    form = Form("studio.date_format_0.1")
    variants = ("format",)

    def apply(self, relation: Relation, p: _Formatted, trained: Trained | None) -> Relation:
        return p.put(relation, relation.functions.formatted(p.time(relation), p.date_time_format))


@catalogue.add
class DateParse(Operator[_Formatted]):
    """Read text as a time, by Python's codes; what is not written so is missing."""

    number, group, label = "X614", GROUP, "Parse date"
    form = Form("studio.date_parse_0.1")
    variants = ("parse",)

    def apply(self, relation: Relation, p: _Formatted, trained: Trained | None) -> Relation:
        f, x = relation.functions, relation[p.input_column]
        return p.put(relation, f.parsed_time(f.text(x), [p.date_time_format]))


class _Parts(Parameters):
    year_column: NumericColumn = field("Year")
    month_column: OptionalNumber = field("Month", "Empty: January.", default="")
    day_column: OptionalNumber = field("Day", "Empty: the first.", default="")
    hour_column: OptionalNumber = field("Hour", "Empty: 0.", default="")
    minute_column: OptionalNumber = field("Minute", "Empty: 0.", default="")
    second_column: OptionalNumber = field("Second", "Empty: 0.", default="")
    output_column: str = field("Output column", min_length=1)


@catalogue.add
class DateFromParts(Operator[_Parts]):
    """Make a time of its numbers; missing where there is no such day or time."""

    number, group, label = "X615", GROUP, "Date from parts"
    form = Form("studio.date_from_parts_0.1")
    variants = ("date", "date and time")

    def apply(self, relation: Relation, p: _Parts, trained: Trained | None) -> Relation:
        f = relation.functions

        def part(name: str, otherwise: int) -> exp.Expr:
            return relation[name] if name else f.constant(otherwise)

        time = f.time_of(
            relation[p.year_column],
            part(p.month_column, 1),
            part(p.day_column, 1),
            part(p.hour_column, 0),
            part(p.minute_column, 0),
            part(p.second_column, 0),
        )
        return relation.with_columns({p.output_column: time})


class _Aged(_Timed):
    on: str = field("On this day", "As ISO 8601 writes it.", min_length=1)
    output_column: str = field("Output column", default="age", min_length=1)


@catalogue.add
class Age(Operator[_Aged]):
    """Full years from a birth to a day, which is stated: the same flow gives the same ages."""

    number, group, label = "X616", GROUP, "Age"
    form = Form("studio.age_0.1")
    variants = ("years",)

    def apply(self, relation: Relation, p: _Aged, trained: Trained | None) -> Relation:
        f = relation.functions
        day = f.time(f.constant(p.on))
        if relation.engine.evaluate(day) is None:
            raise ParameterError("on", p.on, "is no date as ISO 8601 writes it")
        return p.put(relation, f.elapsed(p.time(relation), day, "year"))


class _Weekend(_Timed):
    output_column: str = field("Output column", default="is_weekend", min_length=1)


@catalogue.add
class IsWeekend(Operator[_Weekend]):
    """Whether a time lies on a Saturday or a Sunday."""

    number, group, label = "X617", GROUP, "Is weekend"
    form = Form("studio.is_weekend_0.1")
    variants = ("weekend",)

    def apply(self, relation: Relation, p: _Weekend, trained: Trained | None) -> Relation:
        f = relation.functions
        day = f.part(p.time(relation), "day_of_week")
        return p.put(relation, exp.GTE(this=day, expression=f.constant(6)))


class _Distance(Parameters):
    latitude_column: NumericColumn = field("Latitude", "In degrees.")
    longitude_column: NumericColumn = field("Longitude", "In degrees.")
    other_latitude_column: NumericColumn = field("Latitude of the other point")
    other_longitude_column: NumericColumn = field("Longitude of the other point")
    output_column: str = field("Output column", default="distance", min_length=1)
    unit: Annotated[Literal["kilometres", "miles"], spelled("kilometres", "miles")] = Field(
        title="Unit", default="kilometres"
    )


#: The Earth's mean radius (IUGG), and the international mile.
RADIUS = 6371.0088
MILE = 1.609344


@catalogue.add
class GeoDistance(Operator[_Distance]):
    """The distance of two points on a sphere of the Earth's mean radius, 6371.0088 km (haversine).

    The formula is R. W. Sinnott's, "Virtues of the Haversine", Sky and Telescope 68 (1984). Missing
    where a latitude is past 90 degrees.
    """

    number, group, label = "X618", "Places", "Geographic distance"
    form = Form("studio.geo_distance_0.1")
    variants = ("kilometres", "miles")

    def apply(self, relation: Relation, p: _Distance, trained: Trained | None) -> Relation:
        f = relation.functions
        radians = 3.141592653589793 / 180
        here, there = relation[p.latitude_column], relation[p.other_latitude_column]
        lat, other = f.multiply(here, radians), f.multiply(there, radians)
        east = f.subtract(relation[p.other_longitude_column], relation[p.longitude_column])

        def haversine(angle: exp.Expr) -> exp.Expr:
            sine = exp.Sin(this=f.multiply(angle, 0.5))
            return f.multiply(sine, sine.copy())

        across = f.multiply(exp.Cos(this=lat.copy()), exp.Cos(this=other.copy()))
        chord = f.add(
            haversine(f.subtract(other, lat)),
            f.multiply(across, haversine(f.multiply(east, radians))),
        )
        # Rounding may bring antipodes past 1.
        angle = exp.Asin(this=exp.Sqrt(this=f.clip(chord, 0.0, 1.0)))
        length = f.multiply(angle, 2 * RADIUS / (MILE if p.unit == "miles" else 1.0))
        limit = f.constant(90)
        valid = exp.and_(
            exp.LTE(this=exp.Abs(this=here), expression=limit),
            exp.LTE(this=exp.Abs(this=there), expression=limit.copy()),
        )
        return relation.with_columns({p.output_column: f.when(valid, length)})
