"""Search and edit: substrings, regular expressions, delimiters, positions.

Positions are Python's: counted from zero, and from the end where negative. Patterns are regular
expressions of RE2 (:mod:`studio_ext.wrangler.functions.patterns`).
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeVar

from sqlglot import exp

from ..errors import ParameterError
from ..functions.patterns import groups, quoted
from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import OptionalInt, Tested, TextOperator, Texts, checked

GROUP = "Search and edit"
FLOW = "sagemaker.spark.search_and_edit_0.1"
T = TypeVar("T", bound=Texts | Tested)


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


def _plain(replacement: str) -> str:
    return replacement.replace("\\", "\\\\")


class _Search(TextOperator[T]):
    group = GROUP


class _Found(Tested):
    substring: str = field("Substring", min_length=1)
    start: int = field("Start", "Where the search begins, from zero.", default=0)
    end: OptionalInt = field("End", "The place before which it ends.", default=None)


class _Pattern(Texts):
    pattern: str = field("Pattern", "A regular expression (RE2).", min_length=1)


class _Delimited(Texts):
    left_delimiter: str = field("Left delimiter", min_length=1)
    right_delimiter: str = field("Right delimiter", min_length=1)


class _Positions(Texts):
    start_position: int = field("Start position", "From zero.", default=0, ge=0)
    length: int = field("Length", ge=0)


class _Find(_Search[_Found]):
    """Index of a substring, as Python's ``find`` and ``rfind`` give it; -1: not there."""

    last: ClassVar[bool]

    def text(self, relation: Relation, x: exp.Expr, p: _Found) -> exp.Expr:
        f = relation.functions
        within, begin = self._window(relation, x, p)
        search = f.last_position if self.last else f.position
        place = search(within, p.substring)
        absent = exp.EQ(this=place, expression=f.constant(0))
        index = f.add(f.subtract(place, 1), begin)
        return exp.case().when(absent, f.constant(-1)).else_(index)

    def _window(
        self, relation: Relation, x: exp.Expr, p: _Found
    ) -> tuple[exp.Expr, exp.Expr | int]:
        """The part of x that is searched, and where it begins."""
        f = relation.functions
        if not p.start and p.end is None:
            return x, 0
        length = f.length(x)
        begin = f.constant(p.start)
        if p.start < 0:
            begin = f.greatest(f.add(length, p.start), 0)
        end = length if p.end is None else f.constant(p.end)
        if p.end is not None and p.end < 0:
            end = f.add(length, p.end)
        width = f.greatest(f.subtract(end, begin), 0)
        return f.substring(x, f.add(begin, 1), width), begin


@catalogue.add
class FindSubstring(_Find):
    """Where a text first occurs, counted from zero; -1 where it does not."""

    number, label, last = "T068", "Find substring", False
    form = _form("Find substring")
    variants = ("whole text", "between start and end")
    suffix = "find_substring"


@catalogue.add
class FindSubstringFromRight(_Find):
    """Where a text last occurs, counted from zero; -1 where it does not."""

    number, label, last = "T069", "Find substring (from right)", True
    form = _form("Find substring (from right)")
    variants = ("whole text", "between start and end")
    suffix = "find_substring_from_right"


class _Prefixed(Tested):
    pattern: str = field("Pattern", "A regular expression (RE2).", min_length=1)
    case_sensitive: bool = field("Case sensitive", default=False)


@catalogue.add
class MatchesPrefix(_Search[_Prefixed]):
    """Whether the text begins with what a pattern describes, as Python's ``re.match``."""

    number, label = "T070", "Matches prefix"
    form = _form("Matches prefix")
    variants = ("any case", "case sensitive")
    suffix = "matches_prefix"

    def text(self, relation: Relation, x: exp.Expr, p: _Prefixed) -> exp.Expr:
        flag = "" if p.case_sensitive else "i"
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
    group: int = field(
        "Group", "Which group of the pattern; 0: all that matches.", default=0, ge=0, le=9
    )


@catalogue.add
class ExtractUsingRegex(_Search[_Extracted]):
    """The first match of a pattern, or one group of it; missing where nothing matches.

    A group that takes no part in a match is an empty text.
    """

    number, label = "T072", "Extract using regex"
    form = _form("Extract using regex")
    variants = ("whole match", "group")

    def text(self, relation: Relation, x: exp.Expr, p: _Extracted) -> exp.Expr:
        checked(p.pattern)
        if p.group > (there := groups(p.pattern)):
            raise ParameterError("group", p.group, f"is not there: the pattern has {there}")
        return relation.functions.regexp_extract(x, p.pattern, p.group)


@catalogue.add
class ExtractBetweenDelimiters(_Search[_Delimited]):
    """What stands between the first left delimiter and the next right one; missing without."""

    number, label = "T073", "Extract between delimiters"
    form = _form("Extract between delimiters")
    variants = ("between delimiters",)

    def text(self, relation: Relation, x: exp.Expr, p: _Delimited) -> exp.Expr:
        pattern = f"(?s){quoted(p.left_delimiter)}(.*?){quoted(p.right_delimiter)}"
        return relation.functions.regexp_extract(x, pattern, 1)


@catalogue.add
class ExtractFromPosition(_Search[_Positions]):
    """So many characters from a position on; fewer where the text ends."""

    number, label = "T074", "Extract from position"
    form = _form("Extract from position")
    variants = ("from position",)

    def text(self, relation: Relation, x: exp.Expr, p: _Positions) -> exp.Expr:
        return relation.functions.substring(x, p.start_position + 1, p.length)


class _Replaced(_Pattern):
    replacement: str = field(
        "Replacement", "\\1 stands for the first group, \\0 for the match.", default=""
    )


@catalogue.add
class FindAndReplaceSubstring(_Search[_Replaced]):
    """Every match of a pattern replaced."""

    number, label = "T075", "Find and replace substring"
    form = _form("Find and replace substring")
    variants = ("plain replacement", "with groups")

    def text(self, relation: Relation, x: exp.Expr, p: _Replaced) -> exp.Expr:
        pattern = checked(p.pattern, p.replacement)
        return relation.functions.regexp_replace(x, pattern, p.replacement)


class _DelimitedReplaced(_Delimited):
    replacement: str = field("Replacement", default="")


@catalogue.add
class ReplaceBetweenDelimiters(_Search[_DelimitedReplaced]):
    """What stands between the first left and the last right delimiter replaced; these stay."""

    number, label = "T076", "Replace between delimiters"
    form = _form("Replace between delimiters")
    variants = ("between delimiters",)

    def text(self, relation: Relation, x: exp.Expr, p: _DelimitedReplaced) -> exp.Expr:
        left, right = quoted(p.left_delimiter), quoted(p.right_delimiter)
        pattern = rf"(?s)\A(.*?{left}).*({right})"
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
        before = f.substring(x, 1, p.start_position)
        after = f.substring(x, p.start_position + p.length + 1)
        return f.concat(before, p.replacement, after)


class _Missing(_Pattern):
    missing_when: Literal["matches", "does not match"] = field("Missing when it", default="matches")


@catalogue.add
class ConvertRegexToMissing(_Search[_Missing]):
    """A text in which some part matches a pattern becomes missing; or one in which none does."""

    number, label = "T078", "Convert regex to missing"
    form = _form("Convert regex to missing")
    variants = ("what matches", "what does not match")

    def text(self, relation: Relation, x: exp.Expr, p: _Missing) -> exp.Expr:
        found = relation.functions.regexp_matches(x, checked(p.pattern))
        kept = exp.not_(found) if p.missing_when == "matches" else found
        return exp.case().when(kept, x.copy()).else_(exp.null())


class _Split(Texts):
    delimiter: str = field("Delimiter", "Empty: white space of any length.", default="")
    max_splits: OptionalInt = field(
        "Max number of splits", "Empty: no limit. What is left stays whole.", default=None, ge=0
    )


@catalogue.add
class SplitString(_Search[_Split]):
    """A list of the parts between delimiters, as Python's ``split``."""

    number, label = "T079", "Split string by delimiter"
    form = _form("Split string by delimiter")
    variants = ("delimiter", "white space", "max splits")

    def text(self, relation: Relation, x: exp.Expr, p: _Split) -> exp.Expr:
        f = relation.functions
        if p.delimiter:
            return f.split(x, p.delimiter, p.max_splits)
        return f.words(x, p.max_splits)
