"""Requests of one kind read as one array, and their answers written as one document.

Most of what a small request costs is the beginning and the end of each call, so that a batch of
rows of numbers is read at the price of a few. Whatever is not such a row is left to
:mod:`.codecs`, which reads it the same and says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from . import codecs

_OF_NUMBERS = b"0123456789+-.eE,"


def csv_rows(bodies: Sequence[bytes]) -> Any:
    """An array of float64, shape (bodies, columns); None unless each is one row of plain numbers
    as wide as the others."""
    import numpy as np

    rows = [body.strip() for body in bodies]
    text = b",".join(rows)
    if not text or text.translate(None, _OF_NUMBERS):
        return None
    commas = rows[0].count(b",")
    for row in rows:
        if row.count(b",") != commas:
            return None
    try:
        # Each number by the function that float() calls.
        array = np.fromstring(text, np.float64, sep=",")
    except (ValueError, DeprecationWarning):
        return None
    # It ends at the first field that is no number.
    return array.reshape(len(rows), -1) if array.size == len(rows) * (commas + 1) else None


def encode_each(values: Sequence[Any], kind: str) -> list[bytes]:
    """Each of several arrays as the given type, one of csv, json and npy.

    Where they are one array of numbers, of two dimensions or more, one document is cut apart.
    """
    array: Any = values
    depth = getattr(array, "ndim", 0)
    if kind != codecs.JSON or depth < 2 or array.dtype.kind not in "biuf":
        return [codecs.encode_as(value, kind) for value in values]
    opening, closing = "[" * (depth - 1), "]" * (depth - 1)
    plain = array.tolist()
    text = repr(plain)
    if array.dtype.kind == "b" or "n" in text:  # else JSON writes them so too: no nan, no inf
        text = json.dumps(plain)
    parts = text[depth:-depth].split(f"{closing}, {opening}")
    return [f"{opening}{part}{closing}".encode() for part in parts]
