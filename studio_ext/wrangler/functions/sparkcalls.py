"""Calls of Spark's own functions."""

from __future__ import annotations

from sqlglot import exp

from .building import E, literal


def call(name: str, *arguments: E | str | float | int) -> E:
    """A function of Spark's, not to be translated again."""
    given = [each if isinstance(each, exp.Expr) else literal(each) for each in arguments]
    return exp.Anonymous(this=name.upper(), expressions=given)


def integer(x: E) -> E:
    """Of 32 bits, as Spark counts."""
    return exp.cast(x, "INT")
