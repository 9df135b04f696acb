"""What functions of a flow mean, said in DuckDB's SQL; other engines override what differs.

The meanings are ours, not an engine's: a missing value is NULL, and NaN becomes NULL where it could
arise; what arithmetic cannot answer (x/0, the logarithm of a negative number) is NULL and no error;
a cast that does not succeed is NULL, and one from a float to a long cuts off; regular expressions
are RE2's, and every match counts; positions are counted from one; days of the week from Monday as
one; standard deviation and variance are of a sample unless the name says population, skewness and
kurtosis of the population (kurtosis in excess of three); quantiles are interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..types import FLOAT, LONG, NAMED, STRING

if TYPE_CHECKING:
    from ..engines.base import Engine

E = exp.Expr
#: Digits of an MD5 sum that are used as a number below one: 52 bits fit a float exactly.
HEX_DIGITS = 13
#: A whole number, as text.
WHOLE = r"\s*[+-]?\d+\s*"


def literal(value: Any) -> E:
    """A Python value as an expression; NaN and infinities as the floats they are."""
    if isinstance(value, float) and value != value:
        return exp.cast(exp.Literal.string("NaN"), FLOAT)
    if value in (float("inf"), float("-inf")):
        return exp.cast(exp.Literal.string("Infinity" if value > 0 else "-Infinity"), FLOAT)
    if isinstance(value, float):
        # Cast, or engines read 0.1 as a decimal.
        return exp.cast(exp.Literal.number(repr(value)), FLOAT)
    return exp.convert(value)


def call(name: str, *arguments: Any) -> E:
    """A function by the engine's own name; Python values become literals."""
    return exp.Anonymous(this=name, expressions=[_expression(each) for each in arguments])


def _expression(value: Any) -> E:
    return value.copy() if isinstance(value, exp.Expr) else literal(value)


class Functions:
    """Builders of expressions. Arguments are expressions or Python values; none is changed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def constant(self, value: Any) -> E:
        """A Python value."""
        return literal(value)

    # -- missing values -----------------------------------------------------------------------

    def finite(self, x: E) -> E:
        """A float, with NaN as missing."""
        return exp.case().when(call("isnan", x), exp.null()).else_(x.copy())

    def coalesce(self, *values: Any) -> E:
        """The first that is not missing."""
        first, *rest = (_expression(each) for each in values)
        return exp.Coalesce(this=first, expressions=rest)

    # -- arithmetic ---------------------------------------------------------------------------

    def number(self, x: Any) -> E:
        """As a float; text that is no number is missing."""
        return exp.TryCast(this=_expression(x), to=FLOAT.copy())

    def add(self, x: Any, y: Any) -> E:
        """x + y"""
        return exp.paren(exp.Add(this=_expression(x), expression=_expression(y)))

    def subtract(self, x: Any, y: Any) -> E:
        """x - y"""
        return exp.paren(exp.Sub(this=_expression(x), expression=_expression(y)))

    def multiply(self, x: Any, y: Any) -> E:
        """x * y"""
        return exp.paren(exp.Mul(this=_expression(x), expression=_expression(y)))

    def divide(self, x: Any, y: Any) -> E:
        """x / y as a float; missing where y is zero."""
        below = call("nullif", self.number(y), 0.0)
        return exp.paren(exp.Div(this=self.number(x), expression=below, typed=False, safe=False))

    def clip(self, x: E, low: Any, high: Any) -> E:
        """Between ``low`` and ``high``; what is missing stays so."""
        bounded = call("least", call("greatest", x, low), high)
        return exp.case().when(x.copy().is_(exp.null()), exp.null()).else_(bounded)

    # -- casts --------------------------------------------------------------------------------

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

    # -- text ---------------------------------------------------------------------------------

    def regexp_replace(self, x: E, pattern: str, replacement: str) -> E:
        """Every match replaced; ``\\1`` stands for the first group."""
        return call("regexp_replace", x, pattern, replacement, "g")

    def regexp_matches(self, x: E, pattern: str) -> E:
        """Whether some part matches."""
        return call("regexp_matches", x, pattern)

    def replace(self, x: E, old: str, new: str) -> E:
        """Every occurrence of a plain text replaced."""
        return call("replace", x, old, new)

    def length(self, x: E) -> E:
        """Characters."""
        return call("length", x)

    # -- aggregates ---------------------------------------------------------------------------

    def mean(self, x: E) -> E:
        """The mean, as a float."""
        return exp.Avg(this=self.number(x))

    def deviation(self, x: E) -> E:
        """Standard deviation of a sample."""
        return call("stddev_samp", self.number(x))

    def frequencies(self, x: E) -> E:
        """Value -> how often it occurs, as a map; what is missing does not count."""
        return call("histogram", x)

    def least(self, x: E) -> E:
        """The smallest value."""
        return exp.Min(this=x.copy())

    def most(self, x: E) -> E:
        """The largest value."""
        return exp.Max(this=x.copy())

    def quantile(self, x: E, q: float) -> E:
        """The interpolated quantile ``q`` of 0 to 1."""
        return call("quantile_cont", self.number(x), q)

    # -- chance that comes out the same every time --------------------------------------------

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

    # -- lists --------------------------------------------------------------------------------

    def vector(self, items: Sequence[E]) -> E:
        """A list of floats."""
        return call("list_value", *(self.number(each) for each in items))

    def item(self, x: E, position: int) -> E:
        """The item at ``position``, counted from one; missing past the end."""
        return call("list_extract", x, position)
