"""Points in time: datetimes without a zone, in microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from ..types import DATETIME, LONG
from .building import E, call, expression
from .numbers import Numbers

#: Microseconds of each unit that is always as long.
MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
#: Months of the units that are not.
MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Times(Numbers):
    """Reading, writing, moving and measuring datetimes."""

    def time(self, x: E) -> E:
        """A date, a datetime or ISO 8601's text as a datetime; what is none is missing."""
        return exp.TryCast(this=x.copy(), to=DATETIME.copy())

    def parsed_time(self, x: E, formats: Sequence[str]) -> E:
        """Text as a datetime by the first of the formats (Python's codes) that fits all of it."""
        return call("try_strptime", x, list(formats))

    def microseconds(self, x: E) -> E:
        """Microseconds from 1970 on, as a long."""
        return call("epoch_us", x)

    def from_microseconds(self, x: E) -> E:
        """The datetime so many microseconds after 1970 began; past what datetimes hold: missing."""
        return call("TRY", call("make_timestamp", exp.cast(x.copy(), LONG)))

    def moved(self, x: E, count: Any, unit: str) -> E:
        """``count`` units later; by months, a day that a month lacks becomes its last."""
        if unit in MONTHS:
            months = self.multiply(count, MONTHS[unit])
            step = call("to_months", exp.cast(months, exp.DataType.build("INT")))
        else:
            step = call("to_microseconds", exp.cast(self._length(count, unit), LONG))
        return exp.paren(exp.Add(this=x.copy(), expression=step))

    def _length(self, count: Any, unit: str) -> E:
        return self.multiply(exp.cast(expression(count), LONG), MICROSECONDS[unit])

    def elapsed(self, start: E, end: E, unit: str) -> E:
        """From ``start`` to ``end``, as a float, with a fraction; months and years in full ones."""
        if unit in MONTHS:
            months = call("date_sub", "month", start, end)
            whole = exp.cast(months, exp.DataType.build("DOUBLE"))
            return call("trunc", self.divide(whole, MONTHS[unit]))
        gone = self.subtract(self.microseconds(end), self.microseconds(start))
        return self.divide(gone, MICROSECONDS[unit])

    def time_of(self, year: E, month: E, day: E, hour: E, minute: E, second: E) -> E:
        """The datetime of these numbers; missing where there is no such day or time."""
        whole = [exp.cast(each.copy(), LONG) for each in (year, month, day, hour, minute)]
        return call("TRY", call("make_timestamp", *whole, self.number(second)))

    def numbers_between(self, first: Any, last: Any) -> E:
        """A list of the whole numbers from ``first`` to ``last``, both in it."""
        return call("generate_series", first, last)
