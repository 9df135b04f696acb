"""Protect personal data: hashes, masks, and patterns blacked out."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import TextOperator, Texts

GROUP = "Protect personal data"
FLOW = "studio.privacy_0.1"

#: What is blacked out, by name. Written for finding too much rather than too little.
PATTERNS = {
    "e-mail address": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    "web address": r"(?i)\b(?:https?|ftp)://[^\s<>\x22]+",
    "IP address": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    "credit card": r"\b\d(?:[ -]?\d){12,18}\b",
    "IBAN": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
    "social security number": r"\b\d{3}-\d{2}-\d{4}\b",
    "phone number": r"(?:\+|\b)(?:\(?\d{1,4}\)?[ ./-]?){2,5}\d{2,4}\b",
}
Kind = Literal[
    "e-mail address",
    "web address",
    "IP address",
    "credit card",
    "IBAN",
    "social security number",
    "phone number",
]


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


class _Hashed(Texts):
    salt: str = field(
        "Salt",
        "Put before each text: without it, hashes of short texts can be guessed.",
        default="",
    )


@catalogue.add
class Hash(TextOperator[_Hashed]):
    """The SHA-256 sum of a text in 64 hexadecimal digits: equal texts stay equal, unreadable."""

    number, group, label = "X101", GROUP, "Hash"
    form = _form("Hash")
    variants = ("SHA-256", "SHA-256 with salt")

    def text(self, relation: Relation, x: exp.Expr, p: _Hashed) -> exp.Expr:
        f = relation.functions
        return f.sha256(f.concat(p.salt, x) if p.salt else x)


class _Masked(Texts):
    keep: int = field("Keep", "How many stay readable.", default=4, ge=0, le=100)
    side: Literal["last", "first"] = field("Which stay", default="last")
    only_digits: bool = field(
        "Digits alone", "Mask and count digits; all else stays as it is.", default=False
    )
    mask: str = field("Mask", default="*", min_length=1, max_length=1)


@catalogue.add
class Mask(TextOperator[_Masked]):
    """Characters masked but for the last or first few; a text with no more than those wholly."""

    number, group, label = "X102", GROUP, "Mask"
    form = _form("Mask")
    variants = ("last characters", "first characters", "last digits", "first digits")

    def text(self, relation: Relation, x: exp.Expr, p: _Masked) -> exp.Expr:
        f = relation.functions
        kept, rest = ("[0-9]", "[^0-9]*") if p.only_digits else (".", "")
        mask = "\\\\" if p.mask == "\\" else p.mask
        masked = f.regexp_replace(x, f"(?s){kept}", mask)
        if not p.keep:
            return masked
        if p.side == "last":
            shape = f"(?s)^(.*?{kept}{rest})((?:{kept}{rest}){{{p.keep}}})$"
        else:
            shape = f"(?s)^((?:{rest}{kept}){{{p.keep}}})({rest}{kept}.*)$"
        head, tail = (f.regexp_extract(x, shape, each) for each in (1, 2))
        if p.side == "last":
            made = f.concat(f.regexp_replace(head, f"(?s){kept}", mask), tail)
        else:
            made = f.concat(head, f.regexp_replace(tail, f"(?s){kept}", mask))
        return f.coalesce(made, masked)


@catalogue.add
class MaskEmail(TextOperator[Texts]):
    """Of an e-mail address the first letter and the domain; of all else nothing but ``***``."""

    number, group, label = "X103", GROUP, "Mask e-mail address"
    form = _form("Mask e-mail address")
    variants = ("mask e-mail address",)

    def text(self, relation: Relation, x: exp.Expr, p: Texts) -> exp.Expr:
        return relation.functions.regexp_replace(x, r"(?s)^(?:([^@])[^@]*(@[^@]+)|.*)$", r"\1***\2")


class _Redacted(Texts):
    kinds: list[Kind] = field("What", default=["e-mail address", "phone number"], min_length=1)
    replacement: str = field("In its place", default="[redacted]")


@catalogue.add
class Redact(TextOperator[_Redacted]):
    """E-mail addresses, phone, card and account numbers within texts replaced.

    Found by their form alone: some that are none are replaced too, and unusual ones may stay.
    """

    number, group, label = "X104", GROUP, "Redact"
    form = _form("Redact")
    variants = tuple(PATTERNS)

    def text(self, relation: Relation, x: exp.Expr, p: _Redacted) -> exp.Expr:
        put = p.replacement.replace("\\", "\\\\")
        for kind in (each for each in PATTERNS if each in p.kinds):
            x = relation.functions.regexp_replace(x, PATTERNS[kind], put)
        return x
