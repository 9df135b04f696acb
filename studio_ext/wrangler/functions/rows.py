"""Chance that comes out the same every time, and the order of rows."""

from __future__ import annotations

from sqlglot import exp

from ..types import FLOAT, LONG, STRING
from .building import E, call, literal
from .numbers import Numbers

#: Digits of an MD5 sum that are used as a number below one: 52 bits fit a float exactly.
HEX_DIGITS = 13


class Rows(Numbers):
    """Chance by hash, and places of rows."""

    def uniform(self, seed: int, *key: E) -> E:
        """A number from 0 to below 1 that follows from ``seed`` and ``key`` alone (MD5)."""
        parts = [exp.cast(self.coalesce(exp.cast(each.copy(), STRING), ""), STRING) for each in key]
        digest = call("md5", call("concat_ws", "|", str(seed), *parts))
        number = exp.cast(call("concat", "0x", call("substr", digest, 1, HEX_DIGITS)), LONG)
        return exp.Div(this=exp.cast(number, FLOAT), expression=literal(float(16**HEX_DIGITS)))

    def row_number(self, *order: E) -> E:
        """Rows counted from one, in the order given, or in the order that they have."""
        window = exp.Window(this=exp.RowNumber())
        if order:
            window.set("order", exp.Order(expressions=[each.copy() for each in order]))
        return window
