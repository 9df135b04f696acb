"""Values as JSON, by functions compiled once for each shape.

Walking a botocore shape for each answer asks it for members, names and formats anew; that was a
quarter of what DescribeTrainingJob cost. A writer knows them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .scalars import format_blob, format_float, format_timestamp

#: Makes of a value what ``json.dumps`` takes.
Writer = Callable[[Any], Any]

# Keyed by identity; the shape is kept, so that a key is never reused for another one.
_writers: dict[int, tuple[Shape, Writer]] = {}
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
