"""What operators on columns of text share: their parameters, and patterns that are checked."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator
from sqlglot import exp

from .. import types
from ..errors import ParameterError
from ..functions import patterns
from ..relation import Relation
from .base import Operator, Trained
from .parameters import NewColumn, Parameters, ScalarColumns, StringColumns, field, outputs


def _unset(value: Any) -> Any:
    return None if value == "" else value


#: A number that need not be given.
OptionalInt = Annotated[int | None, BeforeValidator(_unset)]


class Texts(Parameters):
    """Columns of text, and where their results go."""

    input_column: StringColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")


class Written(Texts):
    """Columns that are read as text whatever their type is, and where their results go."""

    input_column: ScalarColumns = field("Columns", "Numbers and dates are read as text.")


class Tested(Parameters):
    """Columns of text, and where what is found of them goes."""

    input_column: StringColumns = field("Columns")
    output_column: NewColumn = field(
        "Output column", "Empty: named for the column and the step.", default=""
    )


T = TypeVar("T", bound=Texts | Tested)


class TextOperator(Operator[T]):
    """Makes one column of each column of text."""

    #: What the result's name ends with where none is given; empty: it takes the column's place.
    suffix: ClassVar[str] = ""

    def text(self, relation: Relation, x: exp.Expr, p: T) -> exp.Expr:
        """The result for the column ``x``."""
        raise NotImplementedError(type(self).__name__)

    def apply(self, relation: Relation, p: T, trained: Trained | None) -> Relation:
        names = outputs(p.input_column, p.output_column)
        if self.suffix and not p.output_column:
            names = {name: f"{name}_{self.suffix}" for name in names}
        return relation.with_columns(
            {new: self.text(relation, _text(relation, name), p) for name, new in names.items()}
        )


def _text(relation: Relation, name: str) -> exp.Expr:
    x = relation[name]
    return x if types.kind_of(relation.schema[name]) == "string" else relation.functions.text(x)


def checked(pattern: str, replacement: str | None = None) -> str:
    """The pattern; raises ParameterError where it, or what replaces its matches, is not right."""
    if wrong := patterns.problem(pattern):
        raise ParameterError("pattern", pattern, wrong)
    if replacement is not None and (wrong := patterns.problem(pattern, replacement)):
        right = f"does not fit the pattern: write \\1 for its first group, \\\\ for \\ ({wrong})"
        raise ParameterError("replacement", replacement, right)
    return pattern
