"""Functions of one number, defined where the answer is a number and missing elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from ..types import FLOAT, LONG, STRING
from .building import E, call, expression, literal
from .numbers import Numbers


class Mathematics(Numbers):
    """Logarithms, powers, rounding, and values looked up."""

    def figure(self, x: E) -> E:
        """A finite float; NaN and the infinities, which no statistic can use, are missing."""
        number = self.number(x)
        return exp.case().when(call("isfinite", number), number)

    def text(self, x: E) -> E:
        """A value as text, as a cast writes it: 1, 1.5, true, 2024-01-31."""
        return exp.cast(x.copy(), STRING)

    def fail(self, message: E) -> E:
        """Ends the run with this message, where a row comes to it; of no type."""
        return call("error", message)

    def when(self, condition: E, value: Any, otherwise: Any = None) -> E:
        """``value`` where the condition is true, ``otherwise`` where it is false or missing."""
        return exp.case().when(condition.copy(), expression(value)).else_(expression(otherwise))

    def larger(self, x: E, y: E) -> E:
        """The larger of two numbers; missing where one is."""
        bigger = exp.GT(this=x.copy(), expression=y.copy())
        both = exp.and_(x.copy().is_(exp.null()).not_(), y.copy().is_(exp.null()).not_())
        return exp.case().when(both, exp.case().when(bigger, x.copy()).else_(y.copy()))

    def differs(self, x: E, y: E) -> E:
        """Whether two values differ; missing is a value of its own."""
        return exp.NullSafeNEQ(this=x.copy(), expression=y.copy())

    def ln(self, x: E) -> E:
        """The natural logarithm; missing where x is not above zero."""
        return exp.case().when(_above(x, 0.0), exp.Ln(this=x.copy()))

    def sqrt(self, x: E) -> E:
        """The square root; missing where x is negative."""
        return exp.case().when(x.copy() >= literal(0.0), exp.Sqrt(this=x.copy()))

    def exp(self, x: E) -> E:
        """e to the power of x; missing where that is past the largest float."""
        return exp.case().when(x.copy() <= literal(709.0), exp.Exp(this=x.copy()))

    def power(self, x: E, y: float) -> E:
        """x to the power of ``y``, for x of zero and above; 0 to a negative power is missing."""
        bound = x.copy() >= literal(0.0) if y >= 0 else _above(x, 0.0)
        return exp.case().when(bound, call("pow", x, float(y)))

    def round(self, x: E, digits: int) -> E:
        """To ``digits`` decimals, halves away from zero."""
        return call("round", x, digits)

    def floor(self, x: E) -> E:
        """The largest whole number that is not above x, as a float."""
        return exp.cast(call("floor", x), FLOAT)

    def ceiling(self, x: E) -> E:
        """The smallest whole number that is not below x, as a float."""
        return exp.cast(call("ceil", x), FLOAT)

    def whole(self, x: E) -> E:
        """A float that has no fraction, as a long."""
        return exp.cast(x.copy(), LONG)

    def remainder(self, x: E, y: int) -> E:
        """What is left of a long that is not negative after division by ``y``."""
        return exp.paren(exp.Mod(this=exp.paren(x.copy()), expression=literal(y)))

    def sign(self, x: E) -> E:
        """-1, 0 or 1, as a float."""
        return exp.cast(call("sign", x), FLOAT)

    def lookup(self, x: E, values: Mapping[str, float]) -> E:
        """The float that belongs to a text; missing where none does."""
        if not values:
            return exp.cast(exp.null(), FLOAT)
        keys = call("list_value", *values)
        found = self.floats(list(values.values()))
        return call("map_extract_value", call("map", keys, found), x)

    def md5_number(self, x: E, digits: int) -> E:
        """The first hexadecimal ``digits`` of a text's MD5 sum (15 at most), as a long."""
        return exp.cast(call("concat", "0x", call("substr", call("md5", x), 1, digits)), LONG)


def _above(x: E, bound: float) -> E:
    return exp.GT(this=x.copy(), expression=literal(bound))
