"""Validate string: 1 where a text is of a kind, 0 where not; Python's ``str.is...`` methods.

They go by Unicode: letters, digits and blanks of all scripts count. An empty text is of no kind.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from .. import types
from ..functions import characters
from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import Tested, TextOperator

GROUP = "Validate string"
FLOW = "sagemaker.spark.validate_string_0.1"


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


def _flag(condition: exp.Expr) -> exp.Expr:
    """True as 1, false as 0."""
    return exp.cast(condition, types.LONG.copy())


class _Long(Tested):
    length: int = field("Length", "In characters.", ge=0)


class _Starting(Tested):
    prefix: str = field("Prefix", min_length=1)


class _Ending(Tested):
    suffix: str = field("Suffix", min_length=1)


@catalogue.add
class StringLength(TextOperator[_Long]):
    """Whether a text has exactly so many characters."""

    number, group, label = "T084", GROUP, "String length"
    form = _form("String length")
    variants = ("length",)
    suffix = "string_length"

    def text(self, relation: Relation, x: exp.Expr, p: _Long) -> exp.Expr:
        f = relation.functions
        return _flag(exp.EQ(this=f.length(x), expression=f.constant(p.length)))


@catalogue.add
class StartsWith(TextOperator[_Starting]):
    """Whether a text begins with another."""

    number, group, label = "T085", GROUP, "Starts with"
    form = _form("Starts with")
    variants = ("prefix",)
    suffix = "starts_with"

    def text(self, relation: Relation, x: exp.Expr, p: _Starting) -> exp.Expr:
        return _flag(relation.functions.starts_with(x, p.prefix))


@catalogue.add
class EndsWith(TextOperator[_Ending]):
    """Whether a text ends with another."""

    number, group, label = "T086", GROUP, "Ends with"
    form = _form("Ends with")
    variants = ("suffix",)
    suffix = "ends_with"

    def text(self, relation: Relation, x: exp.Expr, p: _Ending) -> exp.Expr:
        return _flag(relation.functions.ends_with(x, p.suffix))


class _Only(TextOperator[Tested]):
    """Whether all characters are of one class."""

    group = GROUP
    characters: ClassVar[str]

    def text(self, relation: Relation, x: exp.Expr, p: Tested) -> exp.Expr:
        return _flag(relation.functions.only(x, self.characters))


@catalogue.add
class IsAlphanumeric(_Only):
    """Whether all characters are letters or numbers."""

    number, label, characters = "T087", "Is alphanumeric", characters.ALPHANUMERIC
    form = _form("Is alphanumeric")
    variants = ("is alphanumeric",)
    suffix = "is_alphanumeric"


@catalogue.add
class IsAlpha(_Only):
    """Whether all characters are letters."""

    number, label, characters = "T088", "Is alpha (letters)", characters.LETTER
    form = _form("Is alpha (letters)")
    variants = ("is alpha",)
    suffix = "is_alpha"


@catalogue.add
class IsDigit(_Only):
    """Whether all characters are digits, superscripts and circled ones among them."""

    number, label, characters = "T089", "Is digit", characters.DIGIT
    form = _form("Is digit")
    variants = ("is digit",)
    suffix = "is_digit"


@catalogue.add
class IsSpace(_Only):
    """Whether all characters are white space."""

    number, label, characters = "T090", "Is space", characters.SPACE
    form = _form("Is space")
    variants = ("is space",)
    suffix = "is_space"


@catalogue.add
class IsTitle(TextOperator[Tested]):
    """Whether each word begins with a capital and goes on in small letters."""

    number, group, label = "T091", GROUP, "Is title"
    form = _form("Is title")
    variants = ("is title",)
    suffix = "is_title"

    def text(self, relation: Relation, x: exp.Expr, p: Tested) -> exp.Expr:
        return _flag(relation.functions.is_title(x))


@catalogue.add
class IsLowercase(TextOperator[Tested]):
    """Whether there are letters with a case, and all are small."""

    number, group, label = "T092", GROUP, "Is lowercase"
    form = _form("Is lowercase")
    variants = ("is lowercase",)
    suffix = "is_lowercase"

    def text(self, relation: Relation, x: exp.Expr, p: Tested) -> exp.Expr:
        return _flag(relation.functions.is_lower(x))


@catalogue.add
class IsUppercase(TextOperator[Tested]):
    """Whether there are letters with a case, and all are capitals."""

    number, group, label = "T093", GROUP, "Is uppercase"
    form = _form("Is uppercase")
    variants = ("is uppercase",)
    suffix = "is_uppercase"

    def text(self, relation: Relation, x: exp.Expr, p: Tested) -> exp.Expr:
        return _flag(relation.functions.is_upper(x))


@catalogue.add
class IsNumeric(_Only):
    """Whether all characters stand for numbers: digits, fractions, Roman and Chinese ones."""

    number, label, characters = "T094", "Is numeric", characters.NUMBER
    form = _form("Is numeric")
    variants = ("is numeric",)
    suffix = "is_numeric"


@catalogue.add
class IsDecimal(_Only):
    """Whether all characters are decimal digits, of whatever script."""

    number, label, characters = "T095", "Is decimal", characters.DECIMAL
    form = _form("Is decimal")
    variants = ("is decimal",)
    suffix = "is_decimal"
