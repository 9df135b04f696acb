"""Format string: padding, stripping, case, prefixes, symbols; Python's ``str`` methods."""

from __future__ import annotations

from typing import TypeVar

from pydantic import model_validator
from sqlglot import exp

from ..functions.characters import SPACES
from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import TextOperator, Texts

GROUP = "Format string"
FLOW = "sagemaker.spark.format_string_0.1"
#: More than any name or code is long; a slip of the keyboard is found here.
WIDEST = 1_000_000
T = TypeVar("T", bound=Texts)


class _Format(TextOperator[T]):
    group = GROUP


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


class _Wide(Texts):
    width: int = field("Width", "In characters; a longer text is cut to it.", ge=0, le=WIDEST)


class _Padded(_Wide):
    fill_character: str = field("Fill character", default=" ", min_length=1, max_length=1)


class _Stripped(Texts):
    characters: str = field(
        "Characters", "Each of them is stripped, in any order. Empty: white space.", default=""
    )


class _Fixed(Texts):
    prefix: str = field("Prefix", default="")
    suffix: str = field("Suffix", default="")

    @model_validator(mode="after")
    def _one(self) -> _Fixed:
        if not self.prefix and not self.suffix:
            raise ValueError("a prefix or a suffix must be given")
        return self


class _Symbols(Texts):
    symbols: str = field(
        "Symbols", "Each of these characters is removed. Empty: white space.", default=""
    )


@catalogue.add
class LeftPad(_Format[_Padded]):
    """Fill up with a character at the left, to a width; a longer text is cut at its right."""

    number, label = "T030", "Left pad"
    form = _form("Left pad")
    variants = ("left pad",)

    def text(self, relation: Relation, x: exp.Expr, p: _Padded) -> exp.Expr:
        return relation.functions.pad(x, p.width, p.fill_character, "left")


@catalogue.add
class RightPad(_Format[_Padded]):
    """Fill up with a character at the right, to a width; a longer text is cut."""

    number, label = "T031", "Right pad"
    form = _form("Right pad")
    variants = ("right pad",)

    def text(self, relation: Relation, x: exp.Expr, p: _Padded) -> exp.Expr:
        return relation.functions.pad(x, p.width, p.fill_character, "right")


@catalogue.add
class Center(_Format[_Padded]):
    """Fill up with a character on both sides, to a width; a longer text is cut at its right.

    Of an odd number of places the left gets the odd one where the width is odd, as in Python.
    """

    number, label = "T032", "Center (pad on either side)"
    form = _form("Center (pad on either side)")
    variants = ("center",)

    def text(self, relation: Relation, x: exp.Expr, p: _Padded) -> exp.Expr:
        return relation.functions.center(x, p.width, p.fill_character)


@catalogue.add
class PrependZeros(_Format[_Wide]):
    """Fill up with zeros at the left, behind a sign; a longer text is cut at its right."""

    number, label = "T033", "Prepend zeros"
    form = _form("Prepend zeros")
    variants = ("prepend zeros",)

    def text(self, relation: Relation, x: exp.Expr, p: _Wide) -> exp.Expr:
        f = relation.functions
        sign, rest = f.substring(x, 1, 1), f.substring(x, 2)
        signed = f.concat(sign, f.pad(rest, max(p.width - 1, 0), "0", "left"))
        behind = f.regexp_matches(x, "^[+-]")
        filled = exp.case().when(behind, signed).else_(f.pad(x, p.width, "0", "left"))
        return f.pad(filled, p.width, "0", "right")


class _Strip(_Format[_Stripped]):
    side: str

    def text(self, relation: Relation, x: exp.Expr, p: _Stripped) -> exp.Expr:
        return relation.functions.strip(x, p.characters, self.side)


@catalogue.add
class Strip(_Strip):
    """Remove characters from both ends."""

    number, label, side = "T034", "Strip left and right", "both"
    form = _form("Strip left and right")
    variants = ("both ends",)


@catalogue.add
class StripLeft(_Strip):
    """Remove characters from the beginning."""

    number, label, side = "T035", "Strip characters from left", "left"
    form = _form("Strip characters from left")
    variants = ("left",)


@catalogue.add
class StripRight(_Strip):
    """Remove characters from the end."""

    number, label, side = "T036", "Strip characters from right", "right"
    form = _form("Strip characters from right")
    variants = ("right",)


@catalogue.add
class LowerCase(_Format[Texts]):
    """Small letters for capitals; a sigma at the end of a word becomes ``ς``."""

    number, label = "T037", "Lower case"
    form = _form("Lower case")
    variants = ("lower case",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.lower(x)


@catalogue.add
class UpperCase(_Format[Texts]):
    """Capitals for small letters; ``ß`` becomes ``SS``."""

    number, label = "T038", "Upper case"
    form = _form("Upper case")
    variants = ("upper case",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.upper(x)


@catalogue.add
class Capitalize(_Format[Texts]):
    """A capital for the first letter, small letters for the rest."""

    number, label = "T039", "Capitalize"
    form = _form("Capitalize")
    variants = ("capitalize",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.capitalize(x)


@catalogue.add
class SwapCase(_Format[Texts]):
    """Capitals for small letters, and small letters for capitals.

    As Python's ``swapcase``, but a capital sigma becomes ``σ`` also at the end of a word.
    """

    number, label = "T040", "Swap case"
    form = _form("Swap case")
    variants = ("swap case",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.swapcase(x)


@catalogue.add
class AddPrefixOrSuffix(_Format[_Fixed]):
    """Put a text before, or one behind, or both."""

    number, label = "T041", "Add prefix or suffix"
    form = _form("Add prefix or suffix")
    variants = ("prefix", "suffix", "both")

    def text(self, relation: Relation, x: exp.Expr, p: _Fixed) -> exp.Expr:
        return relation.functions.concat(p.prefix, x, p.suffix)


@catalogue.add
class RemoveSymbols(_Format[_Symbols]):
    """Remove characters wherever they stand."""

    number, label = "T042", "Remove symbols"
    form = _form("Remove symbols")
    variants = ("listed characters", "white space")

    def text(self, relation: Relation, x: exp.Expr, p: _Symbols) -> exp.Expr:
        return relation.functions.remove(x, p.symbols or SPACES)
