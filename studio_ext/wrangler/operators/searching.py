"""Search and edit: substrings, regular expressions, delimiters, positions.

The forms are Data Wrangler's: in a flow file the label is ``operator`` and its container the label
in small letters. Indices of what is found are Python's (from zero, from the end where negative),
positions of what is taken or replaced are Spark's (from one). Patterns are regular expressions of
RE2 (:mod:`studio_ext.wrangler.functions.patterns`). Where nothing is found the result is missing;
Data Wrangler has an empty text there.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from sqlglot import exp

from ..errors import ParameterError
from ..functions.patterns import dollars, groups, quoted
from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import OptionalInt, TextOperator, Written, checked

GROUP = "Search and edit"
FLOW = "sagemaker.spark.search_and_edit_0.1"
T = TypeVar("T", bound=Written)


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),), origin="code")


def _plain(replacement: str) -> str:
    return replacement.replace("\\", "\\\\")


class _Search(TextOperator[T]):
    group = GROUP


class _Found(Written):
    needle: str = field("Substring", min_length=1)
    start_index: OptionalInt = field("Start", "Where the search begins, from zero.", default=None)
    end_index: OptionalInt = field("End", "The place before which it ends.", default=None)


class _Pattern(Written):
    pattern: str = field("Pattern", "A regular expression (RE2).", min_length=1)


class _Delimited(Written):
    left_delimiter: str = field("Left delimiter", min_length=1)
    right_delimiter: str = field("Right delimiter", min_length=1)


class _Positions(Written):
    start_position: int = field("Start position", "From one; 0 is read as 1.", default=1, ge=0)
    length: int = field("Length", ge=0)

    @property
    def before(self) -> int:
        """How many characters come before the position."""
        return max(self.start_position - 1, 0)


class _Find(_Search[_Found]):
    """Index of a substring, as Python's ``find`` and ``rfind`` give it; -1: not there."""

    last: ClassVar[bool]

    def text(self, relation: Relation, x: exp.Expr, p: _Found) -> exp.Expr:
        f = relation.functions
        within, begin = self._window(relation, x, p)
        search = f.last_position if self.last else f.position
        place = search(within, p.needle)
        absent = exp.EQ(this=place, expression=f.constant(0))
        index = f.add(f.subtract(place, 1), begin)
        return exp.case().when(absent, f.constant(-1)).else_(index)

    def _window(
        self, relation: Relation, x: exp.Expr, p: _Found
    ) -> tuple[exp.Expr, exp.Expr | int]:
        """The part of x that is searched, and where it begins."""
        f, start, last = relation.functions, p.start_index or 0, p.end_index
        if not start and last is None:
            return x, 0
        length = f.length(x)
        begin = f.constant(start)
        if start < 0:
            begin = f.greatest(f.add(length, start), 0)
        end = length if last is None else f.constant(last)
        if last is not None and last < 0:
            end = f.add(length, last)
        width = f.greatest(f.subtract(end, begin), 0)
        return f.substring(x, f.add(begin, 1), width), begin


@catalogue.add
class FindSubstring(_Find):
    """Where a text first occurs, counted from zero; -1 where it does not."""

    number, label, last = "T068", "Find substring", False
    form = _form("Find substring")
    variants = ("whole text", "between start and end")


@catalogue.add
class FindSubstringFromRight(_Find):
    """Where a text last occurs, counted from zero; -1 where it does not."""

    number, label, last = "T069", "Find substring (from right)", True
    form = _form("Find substring (from right)")
    variants = ("whole text", "between start and end")


class _Prefixed(Written):
    pattern: str = field("Pattern", "A regular expression (RE2).", min_length=1)
    case: bool = field("Case sensitive", default=False)


@catalogue.add
class Matches(_Search[_Prefixed]):
    """Whether the text begins with what a pattern describes, as Python's ``re.match``."""

    number, label = "T070", "Matches"
    form = _form("Matches")
    variants = ("any case", "case sensitive")

    def text(self, relation: Relation, x: exp.Expr, p: _Prefixed) -> exp.Expr:
        flag = "" if p.case else "i"
        return relation.functions.regexp_matches(x, rf"\A(?{flag}:{checked(p.pattern)})")


@catalogue.add
class FindAllOccurrences(_Search[_Pattern]):
    """All matches of a pattern that do not overlap, as a list."""

    number, label = "T071", "Find all occurrences"
    form = _form("Find all occurrences")
    variants = ("list",)

    def text(self, relation: Relation, x: exp.Expr, p: _Pattern) -> exp.Expr:
        return relation.functions.regexp_all(x, checked(p.pattern))


class _Extracted(_Pattern):
    index: OptionalInt = field(
        "Group",
        "Which group of the pattern; 0: all that matches. Empty: the first, if there is one.",
        default=None,
        ge=0,
        le=9,
    )


@catalogue.add
class ExtractUsingRegex(_Search[_Extracted]):
    """One group of the first match of a pattern, or all of it; missing where nothing matches.

    A group that takes no part in a match is an empty text.
    """

    number, label = "T072", "Extract using regex"
    form = _form("Extract using regex")
    variants = ("whole match", "group")

    def text(self, relation: Relation, x: exp.Expr, p: _Extracted) -> exp.Expr:
        checked(p.pattern)
        there = groups(p.pattern)
        index = min(1, there) if p.index is None else p.index
        if index > there:
            raise ParameterError("index", index, f"is not there: the pattern has {there}")
        return relation.functions.regexp_extract(x, p.pattern, index)


@catalogue.add
class ExtractBetweenDelimiters(_Search[_Delimited]):
    """What stands between the first left and the last right delimiter; missing without."""

    number, label = "T073", "Extract between delimiters"
    form = _form("Extract between delimiters")
    variants = ("between delimiters",)

    def text(self, relation: Relation, x: exp.Expr, p: _Delimited) -> exp.Expr:
        pattern = f"(?s){quoted(p.left_delimiter)}(.*){quoted(p.right_delimiter)}"
        return relation.functions.regexp_extract(x, pattern, 1)


@catalogue.add
class ExtractFromPosition(_Search[_Positions]):
    """So many characters from a position on; fewer where the text ends."""

    number, label = "T074", "Extract from position"
    form = _form("Extract from position")
    variants = ("from position",)

    def text(self, relation: Relation, x: exp.Expr, p: _Positions) -> exp.Expr:
        return relation.functions.substring(x, p.before + 1, p.length)


class _Replaced(_Pattern):
    replacement: str = field(
        "Replacement",
        "$1 or \\1 stands for the first group, $0 for the match; \\$ is a dollar.",
        default="",
    )


@catalogue.add
class FindAndReplaceSubstring(_Search[_Replaced]):
    """Every match of a pattern replaced."""

    number, label = "T075", "Find and replace substring"
    form = _form("Find and replace substring")
    variants = ("plain replacement", "with groups")

    def text(self, relation: Relation, x: exp.Expr, p: _Replaced) -> exp.Expr:
        replacement = dollars(p.replacement)
        pattern = checked(p.pattern, replacement)
        return relation.functions.regexp_replace(x, pattern, replacement)


class _DelimitedReplaced(_Delimited):
    replacement: str = field("Replacement", default="")


@catalogue.add
class ReplaceBetweenDelimiters(_Search[_DelimitedReplaced]):
    """What stands between the last left delimiter and the last right one replaced; these stay."""

    number, label = "T076", "Replace between delimiters"
    form = _form("Replace between delimiters")
    variants = ("between delimiters",)

    def text(self, relation: Relation, x: exp.Expr, p: _DelimitedReplaced) -> exp.Expr:
        left, right = quoted(p.left_delimiter), quoted(p.right_delimiter)
        pattern = rf"(?s)\A(.*{left}).*({right})"
        return relation.functions.regexp_replace(x, pattern, rf"\1{_plain(p.replacement)}\2")


class _PositionReplaced(_Positions):
    replacement: str = field("Replacement", default="")


@catalogue.add
class ReplaceFromPosition(_Search[_PositionReplaced]):
    """So many characters from a position on replaced; at the end where the text is shorter."""

    number, label = "T077", "Replace from position"
    form = _form("Replace from position")
    variants = ("from position",)

    def text(self, relation: Relation, x: exp.Expr, p: _PositionReplaced) -> exp.Expr:
        f = relation.functions
        before = f.substring(x, 1, p.before)
        after = f.substring(x, p.before + p.length + 1)
        return f.concat(before, p.replacement, after)


def _whole(relation: Relation, x: exp.Expr, pattern: str) -> exp.Expr:
    return relation.functions.regexp_matches(x, rf"\A(?:{checked(pattern)})\z")


@catalogue.add
class ConvertRegexToMissing(_Search[_Pattern]):
    """A text that matches a pattern as a whole becomes missing."""

    number, label = "T078", "Convert regex to missing"
    form = _form("Convert regex to missing")
    variants = ("what matches",)

    def text(self, relation: Relation, x: exp.Expr, p: _Pattern) -> exp.Expr:
        kept = exp.not_(_whole(relation, x, p.pattern))
        return exp.case().when(kept, x.copy()).else_(exp.null())


@catalogue.add
class ConvertNonMatchesToMissing(_Search[_Pattern]):
    """A text that does not match a pattern as a whole becomes missing."""

    number, label = "T078", "Convert non-matches to missing"
    form = _form("Convert non-matches to missing")
    variants = ("what does not match",)

    def text(self, relation: Relation, x: exp.Expr, p: _Pattern) -> exp.Expr:
        return exp.case().when(_whole(relation, x, p.pattern), x.copy()).else_(exp.null())


class _Split(Written):
    delimiter: str = field("Delimiter", "Empty: white space of any length.", default="")
    limit: OptionalInt = field(
        "Most parts", "Empty, 0 or less: no limit. What is left stays whole.", default=None
    )


@catalogue.add
class SplitString(_Search[_Split]):
    """A list of the parts between delimiters, at most ``limit`` of them.

    White space at the ends makes no part, as in Python; Spark has an empty text for it.
    """

    number, label = "T079", "Split string by delimiter"
    form = _form("Split string by delimiter")
    variants = ("delimiter", "white space", "limit")

    def text(self, relation: Relation, x: exp.Expr, p: _Split) -> exp.Expr:
        f = relation.functions
        splits = p.limit - 1 if p.limit and p.limit > 0 else None
        return f.split(x, p.delimiter, splits) if p.delimiter else f.words(x, splits)
