"""Dates and times of day: parts, steps, differences. Times have no zone."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from ..types import DATE, DATETIME, LONG
from .building import E, call, expression

#: Part -> DuckDB's function; weeks are ISO 8601's, and their days count from Monday as one.
PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "day_of_year": "dayofyear",
    "day_of_week": "isodow",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
}
_INTEGER = exp.DataType.build("INT")


class Dates:
    """Dates and times."""

    def part(self, x: E, name: str) -> E:
        """One of ``PARTS``, as a long."""
        return exp.cast(call(PARTS[name], x), LONG)

    def day(self, x: E) -> E:
        """The date of a date and time."""
        return exp.TryCast(this=x.copy(), to=DATE.copy())

    def days_later(self, x: E, days: Any) -> E:
        """The date so many days after a date."""
        steps = exp.cast(expression(days), _INTEGER)
        return exp.paren(exp.Add(this=self.day(x), expression=steps))

    def months_later(self, x: E, months: Any) -> E:
        """The date so many months after a date; the last of its month where that is shorter."""
        steps = call("to_months", exp.cast(expression(months), _INTEGER))
        return exp.cast(exp.Add(this=self.day(x), expression=steps), DATE)

    def days_between(self, start: E, end: E) -> E:
        """Midnights from ``start`` to ``end``, negative where it is before."""
        return call("date_diff", "day", self.day(start), self.day(end))

    def last_day(self, x: E) -> E:
        """The last date of the month."""
        return call("last_day", self.day(x))

    def truncated(self, x: E, unit: str) -> E:
        """The beginning of the year, quarter, month, week (Monday), day, hour, minute, second."""
        return exp.cast(call("date_trunc", unit, x), DATETIME)

    def epoch(self, x: E) -> E:
        """Whole seconds since 1970, as a long."""
        return exp.cast(call("floor", call("epoch", x)), LONG)

    def from_epoch(self, seconds: E) -> E:
        """The time so many seconds after the beginning of 1970."""
        micros = exp.Mul(this=exp.cast(seconds.copy(), LONG), expression=expression(1_000_000))
        return call("make_timestamp", micros)

    def formatted(self, x: E, form: str) -> E:
        """A time as text, in Python's ``strftime`` codes."""
        return call("strftime", x, form)

    def read(self, x: E, form: str) -> E:
        """Text in Python's ``strptime`` codes as a time; missing where it is not in this form."""
        return call("try_strptime", x, form)
