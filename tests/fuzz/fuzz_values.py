"""Right values for botocore's shapes, by one seeded generator.

A value is what boto3 would be given: dicts, lists, texts, numbers, ``datetime`` for timestamps,
``bytes`` for blobs. Hypothesis is not asked here: a broken request has one mutation and needs no
shrinking, and thousands a minute are wanted (Hypothesis takes the S3 sequences, which do shrink).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from re import _parser as sre_parser
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape

# Java and PCRE classes that Python's own parser does not know, as members of a set.
_CLASSES = {
    "Alnum": "a-zA-Z0-9",
    "L": "a-zA-Zäλж",
    "M": "\u0301",
    "Z": " ",
    "S": "+<=>$",
    "N": "0-9",
    "P": "!-/",
    "IsAlphabetic": "a-zA-Z",
    "IsL": "a-zA-Z",
    "ASCII": " -~",
    "Print": " -~",
    "Graph": "!-~",
    "XDigit": "0-9a-fA-F",
}
_PRINTABLE = [chr(code) for code in range(32, 127)]
_TRIES = 40
_DEEPEST = 7
_TEXTS = ("a", "value", "Ünïcödé", "with space", "x" * 40, "1", "true", "%41", "a/b", "ends.")


class Values:
    """Makes values. ``known`` has values by member name that mean something to the server."""

    def __init__(
        self, source: random.Random, known: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        self.random = source
        self.known = known or {}
        #: chance that a member takes one of its known values
        self.known_chance = 0.7

    def request(self, shape: StructureShape | None) -> dict[str, Any]:
        """Parameters of an operation: every required member, and some others."""
        if shape is None:
            return {}
        made = self._structure(shape, 0, self.random.choice((0.0, 0.05, 0.1, 0.3, 0.7)))
        # The bodies say how long they are; attacks on that are others'.
        made.pop("ContentLength", None)
        return made

    def value(self, shape: Shape, name: str = "", depth: int = 0) -> Any:
        """A value that the shape allows, or None where none was found."""
        found = self.known.get(name, ())
        known = [value for value in found if value is None or _nests(value) == _nests(shape)]
        if known and (None in known or self.random.random() < self.known_chance):
            return self.random.choice(known)
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth, 0.3 / (depth + 1))
        if isinstance(shape, ListShape):
            items = (self.value(shape.member, name, depth + 1) for _ in self._count(shape))
            return [item for item in items if item is not None]
        if isinstance(shape, MapShape):
            return self._map(shape, depth)
        return _SCALARS.get(shape.type_name, Values._string)(self, shape)

    def _structure(self, shape: StructureShape, depth: int, chance: float) -> dict[str, Any]:
        if shape.is_document_type:
            return {"a": [1, {"b": None}]}
        wanted = [name for name in shape.members if name in shape.required_members]
        if shape.is_tagged_union:
            wanted = [self.random.choice(list(shape.members))]
        elif depth < _DEEPEST:
            others = [name for name in shape.members if name not in wanted]
            wanted += [name for name in others if self.random.random() < chance]
        made = {name: self.value(shape.members[name], name, depth + 1) for name in wanted}
        return {name: value for name, value in made.items() if value is not None}

    def _map(self, shape: MapShape, depth: int) -> dict[str, Any]:
        made = {}
        for _ in self._count(shape):
            key, value = self.value(shape.key), self.value(shape.value, depth=depth + 1)
            if key is not None and value is not None:
                made[key] = value
        return made

    def _count(self, shape: Shape) -> range:
        low = int(shape.metadata.get("min", 0))
        if shape.serialization.get("location") == "querystring":
            low = max(low, 1)  # an empty list is not there at all
        high = min(int(shape.metadata.get("max", 3)), max(low, 3))
        return range(self.random.randint(low, high))

    def _string(self, shape: Shape) -> str | None:
        if values := getattr(shape, "enum", None):
            return self.random.choice(values)
        low, high = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 256))
        if pattern := shape.metadata.get("pattern"):
            return matching(pattern, self.random, low, high)
        text = self.random.choice(_TEXTS)
        return (text + "x" * max(0, low - len(text)))[: max(high, 0)]

    def _number(self, shape: Shape) -> int | float:
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 100)
        number = self.random.uniform(float(low), float(max(high, low)))
        return int(number) if shape.type_name in ("integer", "long") else number

    def _boolean(self, _shape: Shape) -> bool:
        return self.random.random() < 0.5

    def _timestamp(self, _shape: Shape) -> datetime:
        return datetime.fromtimestamp(self.random.randint(1_600_000_000, 1_900_000_000), UTC)

    def _blob(self, _shape: Shape) -> bytes:
        return self.random.choice((b"", b"{}", b"1,2,3", b"\x00\xff\xfe", b"x" * 3000))


def _nests(thing: Any) -> str:
    """What is in a value, or in values of a shape."""
    if isinstance(thing, (list, ListShape)):
        return "items"
    return "members" if isinstance(thing, (dict, StructureShape, MapShape)) else ""


_SCALARS: dict[str, Callable[[Values, Shape], Any]] = {
    "string": Values._string,
    "character": Values._string,
    "integer": Values._number,
    "long": Values._number,
    "float": Values._number,
    "double": Values._number,
    "boolean": Values._boolean,
    "timestamp": Values._timestamp,
    "blob": Values._blob,
}


def matching(pattern: str, source: random.Random, low: int = 0, high: int = 256) -> str | None:
    """A text of ``low`` to ``high`` characters that the pattern matches whole, None if unlucky."""
    compiled, tree = _parsed(pattern)
    if tree is None:
        return None
    for attempt in range(_TRIES):
        most = (1, 4, 12, max(low, 1), low + 8, 2 * low + 1)[attempt % 6]
        text = _Writer(source, most).write(tree)
        if low <= len(text) <= high and compiled.fullmatch(text, timeout=1):
            return text
    return None


@cache
def _parsed(pattern: str) -> tuple[Any, Any]:
    try:
        return regex.compile(pattern), sre_parser.parse(_translated(pattern))
    except (regex.error, re.error, RecursionError):
        return None, None


def _translated(pattern: str) -> str:
    """The pattern with classes that Python's parser knows."""
    parts, inside, at = [], False, 0
    while at < len(pattern):
        found = re.compile(r"\\[pP]\{(?:Is)?(\w+)\}").match(pattern, at)
        if found:
            members = _CLASSES.get(found[1], "a-z")
            parts.append(members if inside else f"[{members}]")
            at = found.end()
            continue
        step = 2 if pattern[at] == "\\" else 1
        if step == 1 and pattern[at] == "[":
            # Java nests sets; Python would take the inner bracket for itself.
            parts.append("\\[" if inside else "[")
            inside = True
        else:
            inside = inside and not (step == 1 and pattern[at] == "]")
            parts.append(pattern[at : at + step])
        at += step
    return "".join(parts)


class _Writer:
    """Walks a parsed pattern and writes one of its texts."""

    def __init__(self, source: random.Random, most: int) -> None:
        self.random, self.most = source, most
        self.groups: dict[int, str] = {}

    def write(self, tree: Any) -> str:
        return "".join(self._node(str(kind), argument) for kind, argument in tree)

    def _node(self, kind: str, argument: Any) -> str:
        if kind == "LITERAL":
            return chr(argument)
        if kind in ("ANY", "NOT_LITERAL"):
            return self.random.choice("aZ0-_. x")
        if kind == "IN":
            return self._one_of(argument)
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            count = self.random.randint(low, max(low, min(high, self.most)))
            return "".join(self.write(inner) for _ in range(count))
        if kind == "SUBPATTERN":
            text = self.write(argument[-1])
            self.groups[argument[0]] = text
            return text
        if kind == "BRANCH":
            return self.write(self.random.choice(argument[1]))
        if kind == "ATOMIC_GROUP":
            return self.write(argument)
        if kind == "GROUPREF":
            return self.groups.get(argument, "")
        return ""  # positions and look-around: the whole text is held against the pattern later

    def _one_of(self, members: Any) -> str:
        if str(members[0][0]) == "NEGATE":
            wanted = regex.compile("|".join(map(re.escape, self._characters(members[1:]))) or "$^")
            return self.random.choice([c for c in _PRINTABLE if not wanted.fullmatch(c)] or ["é"])
        return self.random.choice(self._characters(members) or ["a"])

    def _characters(self, members: Any) -> list[str]:
        found: list[str] = []
        for kind, argument in members:
            if str(kind) == "LITERAL":
                found.append(chr(argument))
            elif str(kind) == "RANGE":
                found += [chr(code) for code in range(argument[0], min(argument[1], 0x250) + 1)]
            elif str(kind) == "CATEGORY":
                found += _CATEGORIES.get(str(argument), ["a"])
        return found


_CATEGORIES = {
    "CATEGORY_DIGIT": list("0123456789"),
    "CATEGORY_NOT_DIGIT": list("aZ_-"),
    "CATEGORY_SPACE": [" "],
    "CATEGORY_NOT_SPACE": list("aZ0_-./"),
    "CATEGORY_WORD": list("aZ0_"),
    "CATEGORY_NOT_WORD": list(" -./"),
}
