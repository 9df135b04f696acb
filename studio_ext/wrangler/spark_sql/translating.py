"""Spark SQL's nodes as ours: what means the same stays, what differs goes through Functions.

The tree has its columns' types. What is neither in ``KEPT`` nor in the tables of functions is
refused by its name: nothing comes through because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from sqlglot import exp

from .. import types
from ..errors import ParameterError
from ..functions import Functions

E = exp.Expr
Handler = Callable[["Translator", Any], E]

#: What means on all engines what it means in Spark SQL.
KEPT: set[type[E]] = {
    # Queries
    exp.Select, exp.From, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Join, exp.With, exp.CTE, exp.Subquery, exp.Table, exp.TableAlias, exp.Union,
    exp.Except, exp.Intersect, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Distinct,
    exp.Tuple, exp.Window, exp.WindowSpec, exp.Var, exp.DataType, exp.Exists, exp.Null,
    exp.Boolean, exp.Dot,  exp.GroupingSets,
    # Logic
    exp.And, exp.Or, exp.Not, exp.Paren, exp.Is, exp.In, exp.Case, exp.If, exp.Coalesce,
    exp.Nullif, exp.Like, exp.ILike, exp.Escape, exp.NullSafeEQ,
    # Numbers and text
    exp.Neg, exp.Abs, exp.Round, exp.Greatest, exp.Least, exp.BitwiseAnd, exp.BitwiseOr,
    exp.BitwiseXor, exp.BitwiseNot, exp.DPipe, exp.Length, exp.Replace, exp.Translate,
    exp.Array, exp.ArraySize, exp.Interval, exp.CurrentDate, exp.Pi,
    exp.Radians, exp.Degrees, exp.Sin, exp.Cos, exp.Tan, exp.Atan, exp.Atan2, exp.MD5,
    # Aggregates and windows
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Stddev,
    exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop, exp.Corr, exp.CovarSamp,
    exp.CovarPop, exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile,
    exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.IgnoreNulls,
    exp.RespectNulls, exp.Filter,
}  # fmt: skip


class Translator:
    """Translates one tree; ``text`` and ``field`` are for messages."""

    def __init__(self, functions: Functions, text: str, field: str) -> None:
        from .scalars import HANDLERS, NAMED

        self.f = functions
        self.text = text
        self.field = field
        self._handlers = HANDLERS
        self._named = NAMED

    def __call__(self, node: E) -> E:
        """The node as ours; raises ParameterError where there is none."""
        if handler := self._handlers.get(type(node)):
            return handler(self, node)
        if isinstance(node, exp.Anonymous) and (named := self._named.get(node.name.lower())):
            return named(self, node.expressions)
        if type(node) in KEPT:
            return self.children(node)
        return self.refuse(f"uses {_called(node)}, which Studio does not have")

    def children(self, node: E) -> E:
        """The same kind of node, of translated parts."""
        return type(node)(**{key: self._value(value) for key, value in node.args.items()})

    def refuse(self, why: str) -> E:
        """Raises ParameterError."""
        raise ParameterError(self.field, self.text, why)

    def _value(self, value: Any) -> Any:
        if isinstance(value, exp.Expr):
            return self(value)
        return [self._value(each) for each in value] if isinstance(value, list) else value

    # -- parts that are literals --------------------------------------------------------------

    def string(self, node: E | None, what: str) -> str:
        """A literal text."""
        if isinstance(node, exp.Literal | exp.RawString) and node.is_string:
            return str(node.this)
        self.refuse(f"has {what} that is no literal text")
        raise AssertionError

    def whole(self, node: E | None, what: str) -> int:
        """A literal whole number."""
        try:
            return int(node.to_py()) if node is not None else self._no_number(what)
        except (ValueError, TypeError):
            return self._no_number(what)

    def _no_number(self, what: str) -> int:
        self.refuse(f"has {what} that is no literal whole number")
        raise AssertionError

    # -- parts of a type ----------------------------------------------------------------------

    def number(self, node: E) -> E:
        """An operand of arithmetic: text is read as a float."""
        made = self(node)
        return self.f.number(made) if kind(node) == "string" else made

    def moment(self, node: E, want: Literal["date", "datetime"] = "datetime") -> E:
        """A date or time: text is read as ISO 8601."""
        if isinstance(node, exp.TsOrDsToDate | exp.TimeStrToTime):
            node = node.this
        made = self(node)
        known = kind(node)
        if known == "string":
            made = self.f.parsed(self.f.blank(made), "datetime")
        elif known not in types.TEMPORAL:
            made = exp.TryCast(this=made, to=types.DATETIME.copy())
        return self.f.day(made) if want == "date" else made

    def words(self, node: E) -> E:
        """An operand of concatenation: what is no text is written as one."""
        made = self(node)
        if kind(node) in ("array", "struct", "map"):
            return self.refuse(f"takes {node.sql('spark')} for a text: join its parts first")
        return made if kind(node) == "string" else self.f.text(made)


def kind(node: E) -> str:
    """The kind of a node's type (``types.kind_of``); ``other`` where it is not known."""
    return types.kind_of(node.type) if node.type is not None else "other"


def _called(node: E) -> str:
    if isinstance(node, exp.Anonymous):
        return f"the function {node.name}"
    if isinstance(node, exp.Func):
        return f"the function {node.sql_name().lower()}"
    return node.key.upper()
