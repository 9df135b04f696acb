"""Wrong requests: a right one with one thing wrong, and what must come of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape
from fuzz_wire import header_text

Path = tuple[Any, ...]
HUGE = 10 << 20
MANY = 100_000
ODD_TEXTS = {
    "surrogate": "a\ud800b",
    "surrogate-pair-reversed": "\udc00\ud800",
    "nul": "a\0b",
    "rtl": "\u202eexe.txt\u202c",
    "composed": "\u00e9",
    "decomposed": "e\u0301",
    "byte-order-mark": "\ufeffa",
    "not-a-character": "\ufffe\uffff",
    "astral": "\U0001f4a9" * 40,
    "controls": "\x01\x1b[31m\x7f",
    "line-ends": "a\r\nX-Injected: yes\r\n\r\nb",
    "blank": " ",
    "empty": "",
    "percent": "%00%2e%2e%2f%ff",
    "format": "{0.__class__} %s %n ${jndi:ldap://x}",
    "sql": "'; DROP TABLE resources; --",
    "like": "%_\\",
}


@dataclass(frozen=True)
class Mutation:
    """Parameters with one thing wrong at ``member``.

    ``refused`` says that the model forbids it: the answer must be an error that names the member.
    """

    kind: str
    member: str
    params: dict[str, Any]
    refused: bool

    @property
    def label(self) -> str:
        return f"{self.kind}({self.member})" if self.member else self.kind


@dataclass(frozen=True)
class _Site:
    """A value in the parameters: where, of which shape, under which member's name."""

    path: Path
    shape: Shape
    member: str
    value: Any
    required: bool
    #: where the value travels as text of its own (URI, query, header, form), not in a document
    text: bool
    #: the member that is the whole body, if the operation has one
    payload: str


def sites(shape: Shape | None, params: dict[str, Any], protocol: str) -> list[_Site]:
    """Every value in the parameters."""
    if shape is None:
        return []
    everywhere = protocol in ("query", "rest-xml")
    payload = shape.serialization.get("payload", "")
    found = _walk(shape, params, (), "", False, everywhere)
    return [_Site(*values, payload) for values in found]


def _walk(
    shape: Shape, value: Any, path: Path, member: str, required: bool, text: bool
) -> Iterator[tuple[Any, ...]]:
    """The values of each :class:`_Site` but the last."""
    if path:
        yield path, shape, member, value, required, text
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, item in value.items():
            inner = shape.members.get(name)
            if inner is not None:
                located = text or bool(inner.serialization.get("location"))
                needed = name in shape.required_members
                yield from _walk(inner, item, (*path, name), name, needed, located)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(shape.member, item, (*path, index), member, False, text)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(shape.value, item, (*path, key), member, False, text)


def mutations(
    shape: StructureShape | None, params: dict[str, Any], protocol: str
) -> list[tuple[str, Callable[[], Mutation]]]:
    """(label, maker) of each mutation of right parameters; the large ones are made when asked."""
    found: list[tuple[str, Callable[[], Mutation]]] = []

    def offer(kind: str, site: _Site | None, wrong: Any, refused: bool, how: Any = None) -> None:
        member = site.member if site else ""
        path = site.path if site else (_UNKNOWN,)

        def make() -> Mutation:
            value = wrong() if callable(wrong) else wrong
            return Mutation(kind, member, (how or _replaced)(params, path, value), refused)

        found.append((f"{kind}({'.'.join(map(str, path))[:80]})", make))

    for site in sites(shape, params, protocol):
        located = bool(site.shape.serialization.get("location"))
        whole = site.path == (site.payload,)
        if site.required:
            # Without one in the URI or query, a request may be another operation's.
            offer("missing", site, None, not located and not whole, _removed)
        if not site.text and not whole:
            offer("null", site, None, site.required)
        for kind, wrong, refused in _wrong_values(site):
            offer(kind, site, wrong, refused and (not located or kind in _ALWAYS))
    if shape is not None and protocol != "rest-xml":
        offer("unknown-member", None, {"a": [1]}, False)
    return found


_UNKNOWN = "NoSuchMemberAtAll"
#: refused wherever the value travels
_ALWAYS = {"below", "above", "pattern", "too-long", "not-a-number"}


def _removed(params: dict[str, Any], path: Path, _value: Any) -> dict[str, Any]:
    return _at(params, path, lambda holder, last: holder.pop(last))


def _replaced(params: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    return _at(params, path, lambda holder, last: holder.__setitem__(last, value))


def _at(params: dict[str, Any], path: Path, change: Callable[[Any, Any], Any]) -> dict[str, Any]:
    result = copy.deepcopy(params)
    holder: Any = result
    for step in path[:-1]:
        holder = holder[step]
    change(holder, path[-1])
    return result


# --- one value


def _wrong_values(site: _Site) -> Iterator[tuple[str, Any, bool]]:
    """(kind, value or its maker, whether the model forbids it)."""
    shape = site.shape
    if site.path == (site.payload,) and shape.type_name in ("blob", "string"):
        return  # the whole body: any bytes will do
    if isinstance(shape, StructureShape):
        if not shape.is_document_type:
            yield from _of_type(site, "text", [1], 7)
        yield "deep", "@objects@", False
    elif isinstance(shape, ListShape):
        yield from _of_type(site, "text", {"a": 1}, 7)
        yield "deep", "@lists@", False
        if isinstance(site.value, list) and site.value:
            first = site.value[0]
            high = shape.metadata.get("max")
            forbidden = high is not None and high < MANY and not site.text
            yield "many", lambda: [first] * MANY, forbidden
    elif isinstance(shape, MapShape):
        yield from _of_type(site, "text", [1], 7)
        yield "many", lambda: {f"k{number}": "v" for number in range(MANY)}, False
    elif shape.type_name == "string":
        yield from _texts(site)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _numbers(site)
    elif shape.type_name == "boolean":
        yield "not-a-number", "maybe", True
        yield from _of_type(site, [True], {}, 7)
    elif shape.type_name == "timestamp":
        yield "not-a-number", "the day after tomorrow", True
        for odd in ("@1e400@", "@nan@", -(10**18), 10**18, "9999-99-99T99:99:99Z", "@digits@"):
            yield "odd-time", odd, False
        yield from _of_type(site, [1], {}, True)
    elif shape.type_name == "blob" and not site.text:
        yield "not-base64", "*not base64*", True
        yield from _of_type(site, [1], {}, 7)


def _of_type(site: _Site, *values: Any) -> Iterator[tuple[str, Any, bool]]:
    if not site.text:
        for value in values:
            yield f"type:{type(value).__name__}", value, True


def _texts(site: _Site) -> Iterator[tuple[str, Any, bool]]:
    traits = site.shape.metadata
    yield from _of_type(site, [1], {}, 7, True)
    low, high = traits.get("min", 0), traits.get("max")
    value = str(site.value)
    if low:
        yield "too-short", value[: low - 1], not site.text
    if high is not None and high < HUGE // 10:
        yield "too-long", (value or "x") * (high // max(len(value), 1) + 2), True
    if not site.text:
        yield "huge", lambda: (value or "x") * (HUGE // max(len(value), 1)), False
    pattern = traits.get("pattern")
    if getattr(site.shape, "enum", None):
        yield "enum", "NoSuchValueInTheEnum", not site.text
    if pattern:
        for wrong in ("../../etc/passwd", "a b\t!", "\u202e", "\n", "$(id)"):
            # Around a header there are no blanks, and in it no controls.
            sent = header_text(value + wrong).strip() if site.text else value + wrong
            if not _matches(pattern, sent):
                yield "pattern", sent, True
    for kind, text in ODD_TEXTS.items():
        yield f"odd:{kind}", text, False


def _matches(pattern: str, text: str) -> bool:
    try:
        return regex.fullmatch(pattern, text, timeout=1) is not None
    except (regex.error, TimeoutError):
        return True


def _numbers(site: _Site) -> Iterator[tuple[str, Any, bool]]:
    traits, whole = site.shape.metadata, site.shape.type_name in ("integer", "long")
    if "min" in traits:
        yield "below", traits["min"] - 1, True
    if "max" in traits:
        yield "above", traits["max"] + 1, True
    yield "not-a-number", "many", True
    yield "beyond-64-bit", 2**63, whole
    yield "digits", "@digits@", whole
    yield "1e400", "@1e400@", whole
    yield "nan", "@nan@", whole
    yield "infinite", "@-inf@", whole
    yield "negative-zero", -0.0, False
    if whole:
        yield "fraction", 1.5, True
    yield from _of_type(site, [1], {}, True)
    if isinstance(site.value, datetime):
        raise TypeError(site)
