"""From one type to another."""

from __future__ import annotations

from sqlglot import exp

from ..types import FLOAT, LONG, NAMED, STRING
from .building import E, call, literal
from .numbers import Numbers

#: A whole number, as text.
WHOLE = r"\s*[+-]?\d+\s*"


class Casts(Numbers):
    """From one type to another; what does not fit is missing."""

    def to(self, x: E, target: exp.DataType, source: exp.DataType) -> E:
        """``x`` of the type ``source`` as ``target``; what does not fit is missing."""
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
        """Text as ``long``, ``float``, ``boolean``, ``date``, ``datetime`` or ``string``.

        What is no such value is missing. Whole numbers have no point, booleans are words, and
        dates are ISO 8601's.
        """
        if kind == "boolean":
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
        return exp.TryCast(this=x.copy(), to=NAMED[kind].copy())

    def fits(self, x: E, kind: str) -> E:
        """Whether text is written as a value of ``kind`` is: 2.5 can be cut off to a long, yet is

        none.
        """
        there = self.parsed(x, kind).is_(exp.null()).not_()
        if kind == "long":
            return exp.and_(call("regexp_full_match", x, WHOLE), there)
        return there
