"""Format string: padding, stripping, case, prefixes, symbols; Python's ``str`` methods.

In a flow file the label is ``operator`` and its container the label in small letters; columns of
other types are read as text, as Data Wrangler casts them.
"""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp

from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import TextOperator, Written

GROUP = "Format string"
FLOW = "sagemaker.spark.format_string_0.1"
#: More than any name or code is long; a slip of the keyboard is found here.
WIDEST = 1_000_000
#: What is removed where no symbols are given.
SYMBOLS = "!@#$%^&*()_+=-/\\`~{}|<>?"
T = TypeVar("T", bound=Written)


class _Format(TextOperator[T]):
    group = GROUP


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),), origin="code")


class _Wide(Written):
    width: int = field("Width", "In characters; a longer text is cut to it.", ge=0, le=WIDEST)


class _Padded(_Wide):
    fill_character: str = field("Fill character", default=" ", min_length=1, max_length=1)


class _Stripped(Written):
    characters_to_remove: str = field(
        "Characters", "Each of them is stripped, in any order. Empty: white space.", default=""
    )


class _Prefixed(Written):
    prefix: str = field("Prefix", min_length=1)


class _Suffixed(Written):
    suffix: str = field("Suffix", min_length=1)


class _Symbols(Written):
    symbols: str = field(
        "Symbols", f"Each of these characters is removed. Empty: {SYMBOLS}", default=""
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
    """Fill up with zeros at the left, behind a sign; a longer text is cut at its right.

    Data Wrangler's exported code puts the zeros before a sign; here -7 becomes -07.
    """

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
        return relation.functions.strip(x, p.characters_to_remove, self.side)


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
class LowerCase(_Format[Written]):
    """Small letters for capitals; a sigma at the end of a word becomes ``ς``."""

    number, label = "T037", "Lower case"
    form = _form("Lower case")
    variants = ("lower case",)

    def text(self, relation: Relation, x: exp.Expr, p: Written) -> exp.Expr:
        return relation.functions.lower(x)


@catalogue.add
class UpperCase(_Format[Written]):
    """Capitals for small letters; ``ß`` becomes ``SS``."""

    number, label = "T038", "Upper case"
    form = _form("Upper case")
    variants = ("upper case",)

    def text(self, relation: Relation, x: exp.Expr, p: Written) -> exp.Expr:
        return relation.functions.upper(x)


@catalogue.add
class Capitalize(_Format[Written]):
    """A capital for the first letter, small letters for the rest."""

    number, label = "T039", "Capitalize"
    form = _form("Capitalize")
    variants = ("capitalize",)

    def text(self, relation: Relation, x: exp.Expr, p: Written) -> exp.Expr:
        return relation.functions.capitalize(x)


#: Runs of letters that have a case, and what is between them.
_RUNS = r"[\p{Lu}\p{Ll}\p{Lt}]+|[^\p{Lu}\p{Ll}\p{Lt}]+"


@catalogue.add
class TitleCase(_Format[Written]):
    """A capital for the first letter of each word, small letters for the rest.

    As Python's ``title``: what is no letter ends a word, so that ``it's`` becomes ``It'S``.
    """

    number, label = "X627", "Title case"
    form = _form("Title case")
    variants = ("title case",)

    def text(self, relation: Relation, x: exp.Expr, p: Written) -> exp.Expr:
        f = relation.functions
        return f.join(f.each(f.regexp_all(x, _RUNS), f.capitalize), "")


@catalogue.add
class SwapCase(_Format[Written]):
    """Capitals for small letters, and small letters for capitals.

    As Python's ``swapcase``, but a capital sigma becomes ``σ`` also at the end of a word.
    """

    number, label = "T040", "Swap case"
    form = _form("Swap case")
    variants = ("swap case",)

    def text(self, relation: Relation, x: exp.Expr, p: Written) -> exp.Expr:
        return relation.functions.swapcase(x)


@catalogue.add
class AddPrefix(_Format[_Prefixed]):
    """Put a text before."""

    number, label = "T041", "Add prefix"
    form = _form("Add prefix")
    variants = ("prefix",)

    def text(self, relation: Relation, x: exp.Expr, p: _Prefixed) -> exp.Expr:
        return relation.functions.concat(p.prefix, x)


@catalogue.add
class AddSuffix(_Format[_Suffixed]):
    """Put a text behind."""

    number, label = "T041", "Add suffix"
    form = _form("Add suffix")
    variants = ("suffix",)

    def text(self, relation: Relation, x: exp.Expr, p: _Suffixed) -> exp.Expr:
        return relation.functions.concat(x, p.suffix)


@catalogue.add
class RemoveSymbols(_Format[_Symbols]):
    """Remove characters wherever they stand."""

    number, label = "T042", "Remove symbols"
    form = _form("Remove symbols")
    variants = ("listed characters", "usual symbols")

    def text(self, relation: Relation, x: exp.Expr, p: _Symbols) -> exp.Expr:
        return relation.functions.remove(x, p.symbols or SYMBOLS)
