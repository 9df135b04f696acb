"""Featurize datetime: numbers for models out of points in time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError, ParameterError
from ..functions import Functions
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, NewColumn, NewText, Parameters, field, spelled
from .resampling import GROUP, series_form

#: Feature -> its name in the engine, and the smallest and largest value; none: it does not return.
FEATURES: Mapping[str, tuple[str, tuple[int, int] | None]] = {
    "year": ("year", None),
    "month": ("month", (1, 12)),
    "day": ("day", (1, 31)),
    "hour": ("hour", (0, 23)),
    "minute": ("minute", (0, 59)),
    "second": ("second", (0, 59)),
    "week_of_year": ("week", (1, 53)),
    "day_of_year": ("day_of_year", (1, 366)),
    "quarter": ("quarter", (1, 4)),
}
#: Tried in this order, after ISO 8601; where day and month may both be meant, the month is first.
FORMATS = (
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%B %d, %Y, %I:%M:%S%p",
    "%B %d, %Y, %I:%M%p",
    "%B %d, %Y %H:%M:%S",
    "%B %d, %Y",
    "%B %d %Y",
    "%b %d, %Y, %I:%M%p",
    "%b %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%a, %d %b %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
)
ISO = "ISO 8601"
#: A number below this is in seconds from 1970 on, below the next in milliseconds, and so on.
EPOCHS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (math.inf, 1e-3))


class _Featurized(Parameters):
    input_column: AnyColumn = field("Column", "Datetimes, dates, text, or a Unix time as a number.")
    output_column: str = field("Output column", "Features are named OUTPUT_year, ...", min_length=1)
    output_mode: Annotated[Literal["Ordinal", "Cyclic"], spelled("Ordinal", "Cyclic")] = field(
        "Embedding mode", default="Ordinal"
    )
    output_format: Annotated[Literal["Columns", "Vector"], spelled("Columns", "Vector")] = field(
        "Output format", default="Columns"
    )
    infer_datetime_format: bool = field(
        "Infer datetime format", "The first value's is every value's.", default=False
    )
    date_time_format: str = field("Datetime format", "Python's codes.", default="")
    year: bool = field("Year", default=True)
    month: bool = field("Month", default=True)
    day: bool = field("Day", default=True)
    hour: bool = field("Hour", default=True)
    minute: bool = field("Minute", default=True)
    second: bool = field("Second", default=True)
    week_of_year: bool = field("Week of year", default=True)
    day_of_year: bool = field("Day of year", default=True)
    quarter: bool = field("Quarter", default=True)


def _plain(f: Functions, x: exp.Expr) -> exp.Expr:
    """``January 1st`` as ``January 1``."""
    return f.regexp_replace(f.blank(x), r"(\d)(st|nd|rd|th)\b", r"\1")


def _by(f: Functions, x: exp.Expr, format: str) -> exp.Expr:
    return f.time(x) if format == ISO else f.parsed_time(x, [format])


def from_epoch(f: Functions, x: exp.Expr) -> exp.Expr:
    """A Unix time as a datetime; its unit follows from its size (``EPOCHS``)."""
    size = exp.Abs(this=f.number(x))
    micros = exp.Case()
    for bound, factor in EPOCHS:
        scaled = f.round(f.multiply(f.number(x), factor), 0)
        micros = micros.when(exp.LT(this=size.copy(), expression=f.constant(bound)), scaled)
    return f.from_microseconds(micros)


@catalogue.add
class FeaturizeDatetime(Operator[_Featurized]):
    """Add the parts of a point in time as numbers.

    Ordinal: the year as it is, and all other parts counted from 0 (January, the first day and the
    first quarter are 0). Weeks are ISO 8601's, from 0 to 52. Cyclic: each part but the year as sine
    and cosine of its place in the circle of 12 months, 31 days, 24 hours, 60 minutes, 60 seconds,
    53 weeks, 366 days or 4 quarters. What is no time has missing parts. Text is read by the format
    given; else by the first value's where it is to be inferred; else each value by the first format
    that fits. Numbers are Unix times in seconds below 1e11, milliseconds below 1e14, microseconds
    below 1e17, else nanoseconds.
    """

    number, group, label = "T029", GROUP, "Featurize datetime"
    form = series_form("Featurize datetime", origin="file")
    variants = (
        *FEATURES,
        "ordinal",
        "cyclic",
        "columns",
        "vector",
        "inferred format",
        "explicit format",
        "Unix time",
    )

    def fit(self, relation: Relation, p: _Featurized) -> Trained | None:
        text = types.kind_of(relation.schema[p.input_column]) == "string"
        if not text or p.date_time_format or not p.infer_datetime_format:
            return None
        f = relation.functions
        x = _plain(f, relation[p.input_column])
        known = relation.with_columns({p.input_column: x}).nested()
        known = known.filter(known[p.input_column].is_(exp.null()).not_())
        first = known.select([p.input_column]).limit(1).rows()
        if not first:
            raise DataError(f"input_column: {p.input_column!r} has no value to learn from")
        value = f.constant(first[0][0])
        for format in (ISO, *FORMATS):
            if relation.engine.evaluate(_by(f, value, format)) is not None:
                return {"format": format}
        raise DataError(
            f"input_column: no format is known for {first[0][0]!r}: give one",
            field="date_time_format",
        )

    def _time(self, relation: Relation, p: _Featurized, trained: Trained | None) -> exp.Expr:
        f, x = relation.functions, relation[p.input_column]
        kind = types.kind_of(relation.schema[p.input_column])
        if kind in types.TEMPORAL:
            return f.time(x)
        if kind in types.NUMERIC:
            return from_epoch(f, x)
        if kind != "string":
            raise ColumnError(f"input_column: {p.input_column!r} is {kind}, which is no time")
        if p.date_time_format:
            return f.parsed_time(x, [p.date_time_format])
        if trained:
            return _by(f, _plain(f, x), str(trained["format"]))
        return f.coalesce(f.time(_plain(f, x)), f.parsed_time(_plain(f, x), FORMATS))

    def apply(self, relation: Relation, p: _Featurized, trained: Trained | None) -> Relation:
        return self._added(relation, p, p.output_column, trained, ("sin", "cos"))

    def _added(
        self,
        relation: Relation,
        p: _Featurized,
        output: str,
        trained: Trained | None,
        circle: tuple[str, str],
        one: frozenset[str] = frozenset(),
    ) -> Relation:
        """The parts chosen; ``circle`` ends the names of cyclic ones, ``one`` counts from 1."""
        f = relation.functions
        time = self._time(relation, p, trained)
        made: dict[str, exp.Expr] = {}
        for name, (part, bounds) in FEATURES.items():
            if not getattr(p, name):
                continue
            value = f.part(time, part)
            if bounds is None:
                made[name] = value
            elif p.output_mode == "Ordinal":
                made[name] = value if name in one else f.subtract(value, bounds[0])
            else:
                whole = bounds[1] - bounds[0] + 1
                angle = f.multiply(f.subtract(value, bounds[0]), 2 * math.pi / whole)
                made[f"{name}_{circle[0]}"] = exp.Sin(this=angle)
                made[f"{name}_{circle[1]}"] = exp.Cos(this=angle.copy())
        if p.output_format == "Vector":
            return relation.with_columns({output: f.vector(list(made.values()))})
        return relation.with_columns({f"{output}_{n}": x for n, x in made.items()})


class _Extracted(_Featurized):
    output_column: NewColumn = field("Prefix", "Empty: the column's name.", default="")
    use_one_indexing: bool = field(
        "Count from 1", "Months, days, weeks, days of the year, quarters; ordinal.", default=False
    )
    date_time_format: NewText = field("Datetime format", "Python's codes.", default="")
    year: bool = field("Year", default=False)
    month: bool = field("Month", default=False)
    day: bool = field("Day", default=False)
    hour: bool = field("Hour", default=False)
    minute: bool = field("Minute", default=False)
    second: bool = field("Second", default=False)
    week_of_year: bool = field("Week of year", default=False)
    day_of_year: bool = field("Day of year", default=False)
    quarter: bool = field("Quarter", default=False)


@catalogue.add
class ExtractColumns(FeaturizeDatetime):
    """Add the parts of a point in time that are chosen, as the group of its own has it in files.

    As *Featurize datetime*, but parts are left out unless chosen, may be counted from 1, and a
    cyclic part is called ``month_1`` and ``month_2``.
    """

    Parameters = _Extracted
    number, group, label = "X626", "Featurize date/time", "Extract columns"
    form = Form(
        "sagemaker.spark.featurize_date_time_0.1",
        (Choice("operator", "Extract columns"),),
        origin="code",
    )
    variants = ("counted from 1",)

    def apply(self, relation: Relation, p: _Featurized, trained: Trained | None) -> Relation:
        assert isinstance(p, _Extracted)
        if p.use_one_indexing and p.output_mode == "Cyclic":
            raise ParameterError("use_one_indexing", True, "is for the ordinal mode")
        counted = {"month", "day", "week_of_year", "day_of_year", "quarter"}
        one = frozenset(counted if p.use_one_indexing else ())
        return self._added(relation, p, p.output_column or p.input_column, trained, ("1", "2"), one)
