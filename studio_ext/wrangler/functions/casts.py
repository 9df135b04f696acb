"""From one type to another."""

from __future__ import annotations

from sqlglot import exp

from ..types import DATETIME, FLOAT, LONG, NAMED, NUMERIC, STRING, TEMPORAL, kind_of
from .building import E, call, literal
from .numbers import Numbers

#: A whole number, as text.
WHOLE = r"\s*[+-]?\d+\s*"
#: How dates are written that begin with the day, in strptime's codes.
DAY_FIRST = ("%d-%m-%Y %H:%M:%S.%f", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y")


class Casts(Numbers):
    """From one type to another; what does not fit is missing."""

    def to(self, x: E, target: exp.DataType, source: exp.DataType) -> E:
        """``x`` of the type ``source`` as ``target``; what does not fit is missing.

        Between times and numbers stand seconds since 1970, fractions in floats alone.
        """
        kinds = kind_of(source), kind_of(target)
        if kinds[0] in TEMPORAL and kinds[1] in NUMERIC:
            seconds = call("epoch", exp.cast(x.copy(), DATETIME))
            return exp.cast(call("floor", seconds) if kinds[1] == "long" else seconds, target)
        if kinds[0] in NUMERIC and kinds[1] in TEMPORAL:
            return exp.TryCast(this=self.since_epoch(x), to=target.copy())
        if target == LONG and source == FLOAT:
            x = call("trunc", x)
        if target == LONG and source == STRING:
            whole = exp.TryCast(this=x.copy(), to=LONG.copy())
            digits = call("regexp_full_match", x, WHOLE)
            rest = exp.TryCast(this=call("trunc", self.number(x)), to=LONG.copy())
            return exp.case().when(digits, whole).else_(rest)
        return exp.TryCast(this=x.copy(), to=target.copy())

    def blank(self, x: E) -> E:
        """Text without blanks around it; what is empty then is missing."""
        return call("nullif", call("trim", x), "")

    def parsed(self, x: E, kind: str) -> E:
        """Text as ``long``, ``float``, ``bool``, ``date``, ``datetime`` or ``string``.

        What is no such value is missing. Whole numbers have no point, booleans are words, and
        dates are ISO 8601's.
        """
        if kind == "bool":
            word = call("lower", x)
            true = exp.Case().when(exp.EQ(this=word, expression=literal("true")), exp.true())
            return true.when(exp.EQ(this=word.copy(), expression=literal("false")), exp.false())
        if kind == "long":
            return self.to(x, LONG, STRING)
        if kind == "date":
            day = call("regexp_full_match", x, r"\d{4}-\d{1,2}-\d{1,2}")
            return exp.Case().when(day, exp.TryCast(this=x.copy(), to=NAMED["date"].copy()))
        if kind == "float":
            return self.finite(self.number(x))
        if kind == "datetime":
            # An offset counts: 10:00+02:00 is 08:00. Words such as "epoch" are no times.
            iso = call("regexp_full_match", x, r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
            moment = exp.TryCast(this=x.copy(), to=exp.DataType.build("TIMESTAMPTZ"))
            return exp.Case().when(iso, exp.cast(moment, DATETIME))
        return exp.TryCast(this=x.copy(), to=NAMED[kind].copy())

    def since_epoch(self, x: E) -> E:
        """The time so many seconds after 1970 began.

        From 1e11 on (the year 5138) these are milliseconds, from 1e14 on micro-, from 1e17 on
        nanoseconds.
        """
        number = self.number(x)
        micros = exp.case().when(call("isfinite", number).not_(), exp.null())
        for bound, factor in ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0)):
            smaller = exp.LT(this=exp.Abs(this=number.copy()), expression=literal(bound))
            micros = micros.when(smaller, self.multiply(number, factor))
        whole = exp.cast(call("round", micros.else_(self.multiply(number, 1e-3))), LONG)
        return call("make_timestamp", whole)

    def moment(self, x: E) -> E:
        """Text as a datetime: ISO 8601, dd-MM-yyyy with or without a time, seconds since 1970."""
        digits = call("regexp_full_match", x, r"-?\d+(\.\d+)?")
        epoch = exp.case().when(digits, self.since_epoch(x))
        # DuckDB reads words such as "epoch" whatever the form asked for.
        day_first = call("regexp_matches", x, r"^\d\d?-")
        read = exp.case().when(day_first, call("try_strptime", x, list(DAY_FIRST)))
        return self.coalesce(self.parsed(x, "datetime"), read, epoch)

    def fits(self, x: E, kind: str) -> E:
        """Whether text is written as a value of ``kind`` is: 2.5 can be cut off to a long, yet is

        none.
        """
        there = self.parsed(x, kind).is_(exp.null()).not_()
        if kind == "long":
            return exp.and_(call("regexp_full_match", x, WHOLE), there)
        return there
