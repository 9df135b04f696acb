"""What functions are built with: Python values and calls as expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..types import FLOAT

if TYPE_CHECKING:
    from ..engines.base import Engine

E = exp.Expr


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


def expression(value: Any) -> E:
    """A copy of an expression, or a Python value as one."""
    return value.copy() if isinstance(value, exp.Expr) else literal(value)


def call(name: str, *arguments: Any) -> E:
    """A function by the engine's own name; Python values become literals."""
    return exp.Anonymous(this=name, expressions=[expression(each) for each in arguments])


class Builder:
    """Builders of expressions. Arguments are expressions or Python values; none is changed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def constant(self, value: Any) -> E:
        """A Python value."""
        return literal(value)
