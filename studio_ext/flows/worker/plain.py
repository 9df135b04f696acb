"""Values as JSON has them: no NaN, no dates, no whole numbers that JavaScript would round."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np

#: Whole numbers beyond these are texts: a double cannot tell them apart.
EXACT = 2**53 - 1
CUT = "\N{HORIZONTAL ELLIPSIS}"


def plain(value: Any) -> Any:
    """Anything as JSON; what a number cannot say there is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return plain(float(value))
    if isinstance(value, np.generic):
        return plain(value.tolist())
    return _text(value)


def cells(column: Any, kind: str, longest: int) -> list[Any]:
    """A column of Arrow's: null where missing, what is no number, text or truth as text."""
    write: Callable[[Any], Any] = _CELLS.get(kind, _nested)
    values: list[Any] = column.to_pylist()
    return [None if each is None else _cut(write(each), longest) for each in values]


def _cut(value: Any, longest: int) -> Any:
    return value[:longest] + CUT if isinstance(value, str) and len(value) > longest else value


def _float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _text(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _nested(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(each, tuple) for each in value):
        value = dict(value)  # a map, as Arrow gives it
    if isinstance(value, list | dict):
        return json.dumps(plain(value), ensure_ascii=False)
    return _text(value)


_CELLS: dict[str, Callable[[Any], Any]] = {
    "long": lambda value: value if -EXACT <= value <= EXACT else str(value),
    "float": lambda value: _float(float(value)),
    "string": str,
    "bool": bool,
}
