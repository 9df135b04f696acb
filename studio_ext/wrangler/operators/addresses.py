"""Web and e-mail addresses: their parts (RFC 3986), and percent codes."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from ..functions.patterns import quoted
from ..relation import Relation
from .base import Choice, Form
from .catalogue import catalogue
from .parameters import field
from .texts import Tested, TextOperator, Texts

GROUP = "Web addresses"
FLOW = "studio.web_0.1"
#: Appendix B of RFC 3986: scheme, authority, path, query, fragment.
_URL = r"(?s)^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$"
_GROUPS = {"scheme": 1, "path": 3, "query": 4, "fragment": 5}
_HOST = r"^(?:.*@)?(?:\[([^\]]*)\]|([^:]*))(?::([0-9]*))?$"
_EMAIL = r"^([^@\s]+)@([^@\s.]+(?:\.[^@\s.]+)*\.([^@\s.]+))$"


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),))


class _UrlPart(Tested):
    part: Literal["scheme", "host", "port", "path", "query", "fragment"] = field("Part")


@catalogue.add
class UrlPart(TextOperator[_UrlPart]):
    """One part of a web address, schemes and hosts in small letters; missing where not there."""

    number, group, label = "X105", GROUP, "Part of a web address"
    form = _form("Part of a web address")
    variants = ("scheme", "host", "port", "path", "query", "fragment")
    suffix = "part"

    def text(self, relation: Relation, x: exp.Expr, p: _UrlPart) -> exp.Expr:
        f = relation.functions
        if p.part in _GROUPS:
            found = f.filled(f.regexp_extract(x, _URL, _GROUPS[p.part]))
            return f.lower(found) if p.part == "scheme" else found
        authority = f.regexp_extract(x, _URL, 2)
        if p.part == "port":
            return f.parsed(f.regexp_extract(authority, _HOST, 3), "long")
        names = (f.filled(f.regexp_extract(authority, _HOST, each)) for each in (1, 2))
        return f.lower(f.coalesce(*names))


class _Queried(Tested):
    name: str = field("Name", "Of the parameter: q in ?q=x.", min_length=1)


@catalogue.add
class UrlParameter(TextOperator[_Queried]):
    """The first value of a parameter in a web address's query, decoded; missing where not there."""

    number, group, label = "X106", GROUP, "Parameter of a web address"
    form = _form("Parameter of a web address")
    variants = ("parameter",)
    suffix = "parameter"

    def text(self, relation: Relation, x: exp.Expr, p: _Queried) -> exp.Expr:
        f = relation.functions
        query = f.regexp_extract(x, _URL, 4)
        value = f.regexp_extract(query, f"(?:^|&){quoted(p.name)}=([^&]*)", 1)
        return f.url_decoded(f.replace(value, "+", " "))


class _EmailPart(Tested):
    part: Literal["user", "domain", "top-level domain"] = field("Part", default="domain")


@catalogue.add
class EmailPart(TextOperator[_EmailPart]):
    """A part of an e-mail address, domains in small letters; missing where it is none."""

    number, group, label = "X107", GROUP, "Part of an e-mail address"
    form = _form("Part of an e-mail address")
    variants = ("user", "domain", "top-level domain")
    suffix = "part"

    def text(self, relation: Relation, x: exp.Expr, p: _EmailPart) -> exp.Expr:
        f = relation.functions
        place = {"user": 1, "domain": 2, "top-level domain": 3}[p.part]
        found = f.regexp_extract(x, _EMAIL, place)
        return found if p.part == "user" else f.lower(found)


class _Coded(Texts):
    direction: Literal["decode", "encode"] = field("Direction", default="decode")


@catalogue.add
class PercentCodes(TextOperator[_Coded]):
    """Percent codes of web addresses read, or written for all but letters, digits and ``-._~``."""

    number, group, label = "X108", GROUP, "Percent codes"
    form = _form("Percent codes")
    variants = ("decode", "encode")

    def text(self, relation: Relation, x: exp.Expr, p: _Coded) -> exp.Expr:
        f = relation.functions
        return f.url_decoded(x) if p.direction == "decode" else f.url_encoded(x)
