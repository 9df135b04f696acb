"""Values to JSON and from it, by functions compiled once for each shape.

Walking a botocore shape for each message asks it for members, names and formats anew; that was a
quarter of what DescribeTrainingJob cost. A writer, or a reader, knows them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .scalars import (
    Unreadable,
    format_blob,
    format_float,
    format_timestamp,
    parse_blob,
    parse_timestamp,
)

#: Makes of a value what ``json.dumps`` takes.
Writer = Callable[[Any], Any]
#: Makes of what ``json.loads`` gives a value; None: that is it already.
Reader = Callable[[Any], Any] | None

# Keyed by identity; the shape is kept, so that a key is never reused for another one.
_writers: dict[int, tuple[Shape, Writer]] = {}
_readers: dict[int, tuple[Shape, Reader]] = {}
_YEAR_10000 = 253_402_300_800
_PLAIN: dict[str, Writer] = {
    "blob": format_blob,
    "integer": int,
    "long": int,
    "boolean": bool,
}


def to_json(shape: Shape, value: Any) -> Any:
    """A value of a model's ``shape`` (one that lives as long as the model) for ``json.dumps``.

    Members that are None or that the shape has not are left out.
    """
    known = _writers.get(id(shape))
    if known is None:
        known = _writers[id(shape)] = (shape, _writer(shape))
    return known[1](value)


def from_json(shape: Shape, value: Any) -> Any:
    """A value of a model's ``shape``; one of another JSON type is passed on for validation to
    refuse, and so are members that the shape has not. Raises Unreadable with its place."""
    known = _readers.get(id(shape))
    if known is None:
        known = _readers[id(shape)] = (shape, _reader(shape))
    return value if known[1] is None else known[1](value)


def _writer(shape: Shape) -> Writer:
    if isinstance(shape, StructureShape):
        return _same if shape.is_document_type else _structure(shape)
    if isinstance(shape, ListShape):
        item = _writer(shape.member)
        return lambda value: [item(each) for each in value]
    if isinstance(shape, MapShape):
        item = _writer(shape.value)
        return lambda value: {str(k): item(v) for k, v in value.items() if v is not None}
    kind = shape.type_name
    if kind == "timestamp":
        return _timestamp(shape.serialization.get("timestampFormat", "unixTimestamp"))
    if kind in ("float", "double"):
        return lambda value: format_float(float(value))
    return _PLAIN.get(kind, str)


def _same(value: Any) -> Any:
    return value


def _structure(shape: StructureShape) -> Writer:
    """Members are looked up at the first value, since a shape may contain itself."""
    members: dict[str, tuple[str, Writer]] = {}

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        if not members:
            for name, member in shape.members.items():
                members[name] = member.serialization.get("name", name), _writer(member)
        written = {}
        for name, item in value.items():
            found = members.get(name)
            if item is not None and found is not None:
                written[found[0]] = found[1](item)
        return written

    return write


def _timestamp(form: str) -> Writer:
    if form.lower() != "unixtimestamp":
        return lambda value: format_timestamp(value, form)
    return _epoch


def _epoch(value: Any) -> str | int | float:
    """Epoch seconds are what the store holds and what the wire wants: no calendar in between."""
    if type(value) not in (int, float) or not 0 <= value < _YEAR_10000:
        return format_timestamp(value, "unixTimestamp")  # also refuses what is no time
    fraction, whole = math.modf(value)
    milliseconds = round(fraction * 1_000_000) // 1000
    return whole + milliseconds / 1000 if milliseconds % 1000 else int(whole) + milliseconds // 1000


def _reader(shape: Shape) -> Reader:
    if isinstance(shape, StructureShape):
        return None if shape.is_document_type else _structure_reader(shape)
    if isinstance(shape, ListShape):
        return _list_reader(_reader(shape.member))
    if isinstance(shape, MapShape):
        return _map_reader(_reader(shape.value))
    return _READERS.get(shape.type_name)


def _structure_reader(shape: StructureShape) -> Reader:
    """Members are looked up at the first value, since a shape may contain itself."""
    members: dict[str, tuple[str, Reader]] | None = None

    def read(value: Any) -> Any:
        nonlocal members
        if not isinstance(value, dict):
            return value
        if members is None:
            members = {
                member.serialization.get("name", name): (name, _reader(member))
                for name, member in shape.members.items()
            }
        found = {}
        for key, item in value.items():
            if item is None or key == "__type":  # AWS's own, and nobody's member
                continue
            name, convert = members.get(key) or (key, None)
            try:
                found[name] = item if convert is None else convert(item)
            except Unreadable as error:
                raise error.at(name) from None
        return found

    return read


def _list_reader(item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [each if item is None else item(each) for each in value if each is not None]

    return read


def _map_reader(item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v if item is None else item(v) for k, v in value.items() if v is not None}

    return read


def _float(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


_READERS: dict[str, Callable[[Any], Any]] = {
    "timestamp": parse_timestamp,
    "blob": parse_blob,
    "float": _float,
    "double": _float,
}
