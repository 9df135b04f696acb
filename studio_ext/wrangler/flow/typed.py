"""Typed parameters of a flow, as it declares them under ``parameters``.

``{"name": ..., "type": ..., "value": default}``, where the type is one of

* ``string``; ``path`` (an address of a dataset); ``number`` and ``integer``;
* ``pattern``: a regular expression (Python's), for every file that it fits;
* ``datetime``: with a ``format`` (``yyyy/MM/dd`` or ``%Y/%m/%d``) and a ``range`` back from now
  (``"1 years"``, ``"24 hours"``): every file whose time lies in it, or the one of a given time.

Patterns and ranges of time stand in addresses of sources alone, and not for a bucket. What they
are after is in the Data Wrangler guide under *Reusing Data Flows for Different Datasets*.
"""

from __future__ import annotations

import calendar
import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError

_JAVA = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_FIELDS = {"%Y": r"\d{4}", **dict.fromkeys(("%y", "%m", "%d", "%H", "%M", "%S"), r"\d{2}")}
_RANGE = re.compile(r"\s*(\d+)\s*(year|month|week|day|hour|minute)s?\s*", re.IGNORECASE)
TYPES = ("string", "path", "number", "integer", "pattern", "datetime")


@dataclass(frozen=True)
class Pattern:
    """Any text that a regular expression fits."""

    expression: str

    @property
    def regex(self) -> str:
        """As part of a larger one."""
        return f"(?:{self.expression})"

    def accepts(self, text: str) -> bool:
        """Whether a text that the expression fits is meant."""
        return True


@dataclass(frozen=True)
class Times:
    """Any time of a format that lies between two; as exactly as the format says."""

    format: str
    first: datetime.datetime
    last: datetime.datetime

    @property
    def regex(self) -> str:
        """As part of a larger one."""
        return re.sub(
            r"(%[YymdHMS])|(.)", lambda m: _FIELDS.get(m[0], re.escape(m[0])), self.format
        )

    def accepts(self, text: str) -> bool:
        """Whether the time of a text lies within."""
        try:
            time = datetime.datetime.strptime(text, self.format)
        except ValueError:  # a thirteenth month
            return False
        start = datetime.datetime.strptime(self.first.strftime(self.format), self.format)
        return start <= time <= self.last


class Address(str):
    """An address with places for patterns: its text, and what each place takes."""

    parts: tuple[str | Pattern | Times, ...]

    def __new__(cls, parts: tuple[str | Pattern | Times, ...]) -> Address:
        """Of texts and patterns in turn."""
        texts = [each if isinstance(each, str) else f"<{each.regex}>" for each in parts]
        made = super().__new__(cls, "".join(texts))
        made.parts = parts
        return made

    @property
    def folder(self) -> str:
        """The part before the first pattern, up to its last slash."""
        first = self.parts[0] if isinstance(self.parts[0], str) else ""
        return first[: first.rfind("/") + 1]

    def fits(self, name: str) -> bool:
        """Whether a file, named from the folder on, is one that is meant."""
        wild = [each for each in self.parts if not isinstance(each, str)]
        regex = "".join(
            re.escape(each) if isinstance(each, str) else f"({each.regex})" for each in self.parts
        )
        match = re.fullmatch(regex, self.folder + name)
        # Groups of a pattern's own would shift numbers: none captures.
        texts = match.groups() if match else ()
        return bool(match) and all(w.accepts(t) for w, t in zip(wild, texts, strict=True))


def values(
    data: Mapping[str, Any],
    given: Mapping[str, Any],
    now: datetime.datetime | None = None,
) -> dict[str, Any]:
    """Name -> value of all that the flow declares, and of what else is given.

    Raises ParameterError that names the parameter whose value is of another type.
    """
    found = dict(given)
    for declared in data.get("parameters") or []:
        if isinstance(declared, Mapping) and "name" in declared:
            name = str(declared["name"])
            default = declared.get("value", declared.get("default_value"))
            value = given.get(name, default)
            found[name] = _value(name, declared, value, now or datetime.datetime.now(datetime.UTC))
    return found


def _value(name: str, declared: Mapping[str, Any], value: Any, now: datetime.datetime) -> Any:
    field = f"parameters.{name}"
    kind = str(declared.get("type") or "string").lower()
    if kind in ("number", "integer", "float", "long"):
        return _number(field, value, whole=kind in ("integer", "long"))
    if kind == "pattern":
        return _pattern(field, value)
    if kind == "datetime":
        return _times(field, declared, value, now.replace(tzinfo=None))
    if kind not in TYPES:
        raise ParameterError(f"{field}.type", kind, f"is none of {', '.join(TYPES)}")
    if value is not None and not isinstance(value, str):
        raise ParameterError(field, value, "is no text")
    return value or ""


def _number(field: str, value: Any, *, whole: bool) -> int | float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (whole and not number.is_integer()):
        raise ParameterError(field, value, f"is no {'whole ' if whole else ''}number")
    return int(number) if number.is_integer() else number


def _pattern(field: str, value: Any) -> Pattern:
    try:
        expression = re.compile(value)
    except (re.error, TypeError) as error:
        raise ParameterError(field, value, f"is no regular expression: {error}") from error
    if expression.groups:
        raise ParameterError(field, value, "has a group: write (?:...) for (...)")
    return Pattern(value)


def _times(
    field: str, declared: Mapping[str, Any], value: Any, now: datetime.datetime
) -> str | Times:
    shape = str(declared.get("format") or "%Y-%m-%d")
    if "%" not in shape:
        shape = re.sub("yyyy|yy|MM|dd|HH|mm|ss", lambda match: _JAVA[match[0]], shape)
    unknown = re.search(r"%[^YymdHMS]|%$", shape)
    if unknown:
        raise ParameterError(f"{field}.format", shape, f"has {unknown[0]!r}, which is not read")
    if value not in (None, ""):
        try:
            moment = value if isinstance(value, datetime.date) else _parsed(str(value), shape)
        except ValueError as error:
            raise ParameterError(field, value, "is no date and time (ISO 8601)") from error
        return moment.strftime(shape)
    back = declared.get("range") or declared.get("time_range")
    match = _RANGE.fullmatch(str(back or ""))
    if not match:
        raise ParameterError(f"{field}.range", back, 'is no range of time such as "1 years"')
    return Times(shape, _before(now, int(match[1]), match[2].lower()), now)


def _parsed(text: str, shape: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return datetime.datetime.strptime(text, shape)


def _before(now: datetime.datetime, count: int, unit: str) -> datetime.datetime:
    if unit not in ("year", "month"):
        return now - datetime.timedelta(**{f"{unit}s": count})
    months = now.year * 12 + now.month - 1 - count * (12 if unit == "year" else 1)
    year, month = max(months // 12, 1), months % 12 + 1
    day = min(now.day, calendar.monthrange(year, month)[1])
    return now.replace(year=year, month=month, day=day)
