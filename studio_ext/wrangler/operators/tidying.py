"""Clean text: accents, white space, markup, naming styles."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeVar

from sqlglot import exp

from ..functions.characters import ALPHANUMERIC, SPACE
from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import TextOperator, Texts

GROUP = "Clean text"
FLOW = "studio.clean_text_0.1"
T = TypeVar("T", bound=Texts)


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


class _Clean(TextOperator[T]):
    group = GROUP


@catalogue.add
class RemoveAccents(_Clean[Texts]):
    """Letters without their marks: ``é`` becomes ``e``; letters of their own (``ø``) stay."""

    number, label = "X109", "Remove accents"
    form = _form("Remove accents")
    variants = ("remove accents",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.unaccented(x)


@catalogue.add
class CollapseWhiteSpace(_Clean[Texts]):
    """One blank for white space of any length and kind, none at the ends."""

    number, label = "X110", "Collapse white space"
    form = _form("Collapse white space")
    variants = ("collapse white space",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.collapsed(x)


class _Styled(Texts):
    style: Literal["kebab-case", "snake_case", "camelCase", "PascalCase"] = field(
        "Style", default="kebab-case"
    )


@catalogue.add
class Slug(_Clean[_Styled]):
    """A name for addresses and programs: ASCII letters and digits alone, words joined.

    Accents go; what else is no letter from a to z and no digit parts words, as does a capital
    behind a small letter in the styles other than kebab-case.
    """

    number, label = "X111", "Slug or name style"
    form = _form("Slug or name style")
    variants = ("kebab-case", "snake_case", "camelCase", "PascalCase")

    def text(self, relation: Relation, x: exp.Expr, p: _Styled) -> exp.Expr:
        f = relation.functions
        x = f.unaccented(x)
        if p.style != "kebab-case":
            x = f.regexp_replace(x, "([a-z0-9])([A-Z])", r"\1 \2")
        plain = f.strip(f.regexp_replace(f.lower(x), "[^a-z0-9]+", " "), " ")
        if p.style in ("kebab-case", "snake_case"):
            return f.replace(plain, " ", "-" if p.style == "kebab-case" else "_")
        pascal = f.replace(f.initcap(plain), " ", "")
        if p.style == "PascalCase":
            return pascal
        return f.concat(f.lower(f.substring(pascal, 1, 1)), f.substring(pascal, 2))


@catalogue.add
class RemoveMarkup(_Clean[Texts]):
    """HTML's and XML's tags, comments, scripts and styles out; the five plain entities read."""

    number, label = "X112", "Remove markup"
    form = _form("Remove markup")
    variants = ("remove markup",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        f = relation.functions
        for pattern in (
            r"(?is)<script\b.*?</script\s*>", r"(?is)<style\b.*?</style\s*>", r"(?s)<!--.*?-->",
            r"</?[A-Za-z!?][^<>]*>",
        ):  # fmt: skip
            x = f.regexp_replace(x, pattern, "")
        # & last: what it makes is not read again.
        for entity, character in (
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"),
        ):  # fmt: skip
            x = f.replace(x, entity, character)
        return x


class _Removed(Texts):
    what: Literal[
        "punctuation", "digits", "letters", "control characters", "all but ASCII", "emoji"
    ] = field("What", default="punctuation")


@catalogue.add
class RemoveKind(_Clean[_Removed]):
    """All characters of a kind out."""

    number, label = "X113", "Remove characters of a kind"
    form = _form("Remove characters of a kind")
    variants = (
        "punctuation", "digits", "letters", "control characters", "all but ASCII", "emoji",
    )  # fmt: skip
    patterns: ClassVar[dict[str, str]] = {
        "punctuation": r"\p{P}",
        "digits": r"\p{Nd}",
        "letters": r"\p{L}",
        "control characters": r"\p{Cc}",
        "all but ASCII": r"[^\x{0}-\x{7F}]",
        "emoji": r"[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B50}\x{2B55}\x{FE0F}\x{200D}\x{20E3}]",
    }

    def text(self, relation: Relation, x: exp.Expr, p: _Removed) -> exp.Expr:
        return relation.functions.regexp_replace(x, self.patterns[p.what], "")


@catalogue.add
class NormalizeUnicode(_Clean[Texts]):
    """Marks and letters composed (NFC), so that texts that look alike are equal."""

    number, label = "X114", "Normalize Unicode"
    form = _form("Normalize Unicode")
    variants = ("NFC",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.normalized(x)


class _Shortened(Texts):
    length: int = field("Longest", "In characters, the mark included.", ge=1)
    mark: str = field("Mark", "Put at the end of what was cut.", default="…")


@catalogue.add
class Shorten(_Clean[_Shortened]):
    """Cut what is too long, and mark that it was."""

    number, label = "X115", "Shorten"
    form = _form("Shorten")
    variants = ("shorten",)

    def text(self, relation: Relation, x: exp.Expr, p: _Shortened) -> exp.Expr:
        f = relation.functions
        mark = p.mark[: p.length]
        cut = f.concat(f.substring(x, 1, p.length - len(mark)), mark)
        long = exp.GT(this=f.length(x), expression=f.constant(p.length))
        return exp.case().when(long, cut).else_(x.copy())


class _Capitals(Texts):
    which: Literal["each word", "each sentence"] = field("Of", default="each word")


@catalogue.add
class CapitalLetters(_Clean[_Capitals]):
    """A capital at the beginning of each word or sentence; small letters in the rest of a word."""

    number, label = "X116", "Capital letters"
    form = _form("Capital letters")
    variants = ("each word", "each sentence")

    def text(self, relation: Relation, x: exp.Expr, p: _Capitals) -> exp.Expr:
        f = relation.functions
        parts = (
            rf"[{SPACE}]+|[^{SPACE}]+"
            if p.which == "each word"
            else (rf"(?s)[^.!?]*(?:[.!?]+[{SPACE}]*|$)")
        )
        pieces = f.regexp_all(x, parts)

        def capital(piece: exp.Expr) -> exp.Expr:
            if p.which == "each word":
                return f.capitalize(piece)
            lead = f.coalesce(f.regexp_extract(piece, f"^[^{ALPHANUMERIC}]*", 0), "")
            rest = f.substring(piece, f.add(f.length(lead), 1))
            first = f.upper(f.substring(rest, 1, 1))
            return f.concat(lead, first, f.substring(rest, 2))

        return f.join(f.each(pieces, capital), "")
