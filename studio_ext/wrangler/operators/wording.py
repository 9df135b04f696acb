"""Words and measures: counts, similarity, initials, numbers within texts, joined columns."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from sqlglot import exp

from .. import types
from ..errors import ColumnError
from ..functions.patterns import quoted
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumns, NewColumn, Parameters, StringColumn, When, field
from .texts import Tested, TextOperator, Texts, checked

GROUP = "Words and measures"
FLOW = "studio.words_0.1"
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


@catalogue.add
class CountWords(TextOperator[Tested]):
    """How many words there are: parts between white space."""

    number, group, label = "X117", GROUP, "Count words"
    form = _form("Count words")
    variants = ("count words",)
    suffix = "words"

    def text(self, relation: Relation, x: exp.Expr, p: Tested) -> exp.Expr:
        f = relation.functions
        return f.size(f.words(x))


class _Sought(Tested):
    pattern: str = field("Pattern", "A regular expression (RE2).", min_length=1)


@catalogue.add
class CountMatches(TextOperator[_Sought]):
    """How often a pattern matches without overlapping."""

    number, group, label = "X118", GROUP, "Count matches"
    form = _form("Count matches")
    variants = ("count matches",)
    suffix = "matches"

    def text(self, relation: Relation, x: exp.Expr, p: _Sought) -> exp.Expr:
        return relation.functions.regexp_count(x, checked(p.pattern))


class _Contained(Tested):
    text: str = field("Text", min_length=1)
    case_sensitive: bool = field("Case sensitive", default=True)
    whole_words: bool = field("Whole words", "Not as a part of a longer word.", default=False)


@catalogue.add
class Contains(TextOperator[_Contained]):
    """Whether a text occurs in another."""

    number, group, label = "X119", GROUP, "Contains"
    form = _form("Contains")
    variants = ("case sensitive", "any case", "whole words")
    suffix = "contains"

    def text(self, relation: Relation, x: exp.Expr, p: _Contained) -> exp.Expr:
        f = relation.functions
        if p.case_sensitive and not p.whole_words:
            return f.contains(x, p.text)
        flag = "" if p.case_sensitive else "i"
        inside = quoted(p.text)
        if p.whole_words:
            inside = rf"(?:^|[^\p{{L}}\p{{N}}_]){inside}(?:$|[^\p{{L}}\p{{N}}_])"
        return f.regexp_matches(x, f"(?{flag}:{inside})")


class _Compared(Tested):
    text: str = field("Text", min_length=1)
    measure: Literal["Jaro-Winkler", "Levenshtein", "Damerau-Levenshtein"] = field(
        "Measure", default="Jaro-Winkler"
    )
    ignore_case: bool = field("Ignore case and accents", default=True)


@catalogue.add
class Similarity(TextOperator[_Compared]):
    """How like a text is to a given one: 1 equal, 0 nothing in common.

    The distances are taken from one, as parts of the longer text's length. Characters outside
    ASCII that have no plain letter count by the bytes of UTF-8.
    """

    number, group, label = "X120", GROUP, "Similarity"
    form = _form("Similarity")
    variants = ("Jaro-Winkler", "Levenshtein", "Damerau-Levenshtein")
    suffix = "similarity"

    def text(self, relation: Relation, x: exp.Expr, p: _Compared) -> exp.Expr:
        f = relation.functions
        other = p.text
        if p.ignore_case:
            x = f.lower(f.unaccented(x))
            other = relation.engine.evaluate(f.lower(f.unaccented(f.constant(other))))
        if p.measure == "Jaro-Winkler":
            return f.similarity(x, other)
        distance = f.edits(x, other) if p.measure == "Levenshtein" else f.swaps(x, other)
        longer = f.greatest(f.bytes(x), len(other.encode()))
        return f.subtract(1.0, f.divide(distance, longer))


@catalogue.add
class Initials(TextOperator[Texts]):
    """The first letters of all words, as capitals: ``Ada King`` becomes ``AK``."""

    number, group, label = "X121", GROUP, "Initials"
    form = _form("Initials")
    variants = ("initials",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        f = relation.functions
        firsts = f.each(f.words(x), lambda word: f.substring(word, 1, 1))
        return f.upper(f.join(firsts, ""))


@catalogue.add
class Reverse(TextOperator[Texts]):
    """The characters backwards."""

    number, group, label = "X122", GROUP, "Reverse"
    form = _form("Reverse")
    variants = ("reverse",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.reverse(x)


class _Repeated(Texts):
    times: int = field("Times", ge=0, le=1_000)


@catalogue.add
class Repeat(TextOperator[_Repeated]):
    """A text several times, one behind the other."""

    number, group, label = "X123", GROUP, "Repeat"
    form = _form("Repeat")
    variants = ("repeat",)

    def text(self, relation: Relation, x: exp.Expr, p: _Repeated) -> exp.Expr:
        return relation.functions.repeated(x, p.times)


class _Numbers(Tested):
    which: Literal["first", "last", "all", "sum"] = field("Which", default="first")
    group_separator: str = field(
        "Separator of thousands", "Left out between digits: , in 1,000.", default="", max_length=1
    )


@catalogue.add
class ExtractNumbers(TextOperator[_Numbers]):
    """Numbers that stand in a text, with a point before decimals: one, their list, or their sum."""

    number, group, label = "X124", GROUP, "Extract numbers"
    form = _form("Extract numbers")
    variants = ("first", "last", "all", "sum")
    suffix = "numbers"

    def text(self, relation: Relation, x: exp.Expr, p: _Numbers) -> exp.Expr:
        f = relation.functions
        if p.group_separator:
            x = f.regexp_replace(x, rf"(\d){quoted(p.group_separator)}(\d{{3}})", r"\1\2")
            # Once more: two groups share a digit's neighbourhood.
            x = f.regexp_replace(x, rf"(\d){quoted(p.group_separator)}(\d{{3}})", r"\1\2")
        found = f.each(f.regexp_all(x, _NUMBER), f.number)
        if p.which == "all":
            return found
        if p.which == "sum":
            return f.list_total(found)
        return f.item(found, 1 if p.which == "first" else f.size(found))


def _counted(position: int) -> int:
    if not position:
        raise ValueError("words are counted from 1, or from -1 at the end")
    return position


class _Word(Texts):
    position: Annotated[int, AfterValidator(_counted)] = field(
        "Which word", "From one; from the end where negative.", default=1
    )


@catalogue.add
class ExtractWord(TextOperator[_Word]):
    """One word of a text: a part between white space; missing where there are fewer."""

    number, group, label = "X125", GROUP, "Extract a word"
    form = _form("Extract a word")
    variants = ("from the beginning", "from the end")

    def text(self, relation: Relation, x: exp.Expr, p: _Word) -> exp.Expr:
        f = relation.functions
        words = f.words(x)
        if p.position > 0:
            return f.item(words, p.position)
        place = f.add(f.size(words), p.position + 1)
        there = exp.GT(this=place, expression=f.constant(0))
        return exp.case().when(there, f.item(words, place))


class _Joined(Parameters):
    input_column: AnyColumns = field("Columns", "In the order in which they are joined.")
    output_column: str = field("Output column", min_length=1)
    separator: str = field("Separator", default=" ")
    missing: Literal["leave out", "missing result"] = field("A missing value", default="leave out")


@catalogue.add
class JoinColumns(Operator[_Joined]):
    """The texts of several columns in one, with a separator between them."""

    number, group, label = "X126", GROUP, "Join columns"
    form = _form("Join columns")
    variants = ("leave out what is missing", "missing where one is")

    def apply(self, relation: Relation, p: _Joined, trained: Trained | None) -> Relation:
        f = relation.functions
        parts = [f.text(relation[name]) for name in p.input_column]
        made = f.joined_texts(p.separator, parts)
        if p.missing == "missing result":
            gone = exp.or_(*(relation[name].is_(exp.null()) for name in p.input_column))
            made = exp.case().when(gone, exp.null()).else_(made)
        return relation.with_columns({p.output_column: made})


class _IntoColumns(Parameters):
    input_column: StringColumn = field("Column")
    delimiter: str = field("Delimiter", "Empty: white space.", default="")
    count: Annotated[int, Field(ge=1, le=1_000)] = field("How many columns", default=2)
    output_prefix: NewColumn = field("Prefix", "Empty: the column's name and _.", default="")
    rest: Literal["last column", "leave out"] = field(
        "More parts than columns", "Stay whole in the last, or are left out.", default="last column"
    )


@catalogue.add
class SplitIntoColumns(Operator[_IntoColumns]):
    """The parts of a text in columns numbered from one; missing where there are fewer."""

    number, group, label = "X127", GROUP, "Split into columns"
    form = _form("Split into columns")
    variants = ("rest in the last column", "rest left out")
    taken: ClassVar[str] = "output_prefix: there is a column {!r} already"

    def apply(self, relation: Relation, p: _IntoColumns, trained: Trained | None) -> Relation:
        f, x = relation.functions, relation[p.input_column]
        most = p.count - 1 if p.rest == "last column" else None
        parts = f.split(x, p.delimiter, most) if p.delimiter else f.words(x, most)
        prefix = p.output_prefix or f"{p.input_column}_"
        new = {f"{prefix}{place}": f.item(parts, place) for place in range(1, p.count + 1)}
        if name := next((each for each in new if each in relation), None):
            raise ColumnError(self.taken.format(name), field="output_prefix")
        return relation.with_columns(new)


class _Mapped(Parameters):
    input_column: StringColumn = field("Column")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    values: dict[str, str] = field("Values", "What it is, and what it becomes.", min_length=1)
    others: Literal["keep", "missing", "value"] = field("Other values", default="keep")
    other: str = field("Value for others", default="", when=When("others", ("value",)))


@catalogue.add
class MapValues(Operator[_Mapped]):
    """Whole values replaced by others, as a list of pairs says; the rest stays or goes."""

    number, group, label = "X128", GROUP, "Map values"
    form = _form("Map values")
    variants = ("keep others", "others missing", "others a value")

    def apply(self, relation: Relation, p: _Mapped, trained: Trained | None) -> Relation:
        x = relation[p.input_column]
        f = relation.functions
        case = exp.Case(this=x)
        for old, new in p.values.items():
            case = case.when(f.constant(old), f.constant(new))
        rest = {"keep": x, "missing": exp.null(), "value": f.constant(p.other)}[p.others]
        made: exp.Expr = case.else_(rest.copy()) if p.values else rest.copy()
        gone = exp.case().when(x.is_(exp.null()), exp.cast(exp.null(), types.STRING.copy()))
        return relation.with_columns({p.output_column or p.input_column: gone.else_(made)})
