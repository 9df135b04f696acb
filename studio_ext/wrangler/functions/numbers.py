"""Missing values and arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from ..types import FLOAT, VECTOR
from .building import Builder, E, call, expression


class Numbers(Builder):
    """What is missing, and arithmetic."""

    def finite(self, x: E) -> E:
        """A float, with NaN as missing."""
        return exp.case().when(call("isnan", x), exp.null()).else_(x.copy())

    def coalesce(self, *values: Any) -> E:
        """The first that is not missing."""
        first, *rest = (expression(each) for each in values)
        return exp.Coalesce(this=first, expressions=rest)

    def number(self, x: Any) -> E:
        """As a float; text that is no number is missing."""
        return exp.TryCast(this=expression(x), to=FLOAT.copy())

    def add(self, x: Any, y: Any) -> E:
        """x + y"""
        return exp.paren(exp.Add(this=expression(x), expression=expression(y)))

    def subtract(self, x: Any, y: Any) -> E:
        """x - y"""
        return exp.paren(exp.Sub(this=expression(x), expression=expression(y)))

    def multiply(self, x: Any, y: Any) -> E:
        """x * y"""
        return exp.paren(exp.Mul(this=expression(x), expression=expression(y)))

    def divide(self, x: Any, y: Any) -> E:
        """x / y as a float; missing where y is zero."""
        below = call("nullif", self.number(y), 0.0)
        return exp.paren(exp.Div(this=self.number(x), expression=below, typed=False, safe=False))

    def greatest(self, *values: Any) -> E:
        """The largest of these in a row; what is missing does not count."""
        return call("greatest", *values)

    def clip(self, x: E, low: Any, high: Any) -> E:
        """Between ``low`` and ``high``; what is missing stays so."""
        bounded = call("least", call("greatest", x, low), high)
        return exp.case().when(x.copy().is_(exp.null()), exp.null()).else_(bounded)

    def floats(self, values: Sequence[float]) -> E:
        """A list of floats."""
        # With an exponent, or engines read 0.1 as a decimal.
        texts = (repr(float(each)) for each in values)
        numbers = (each if "e" in each else f"{each}e0" for each in texts)
        return exp.cast(call("list_value", *(exp.Literal.number(n) for n in numbers)), VECTOR)
