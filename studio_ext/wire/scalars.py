"""Text forms of timestamps, numbers and blobs, which every protocol places differently."""

from __future__ import annotations

import base64
import binascii
import math
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape
from botocore.utils import parse_to_aware_datetime

from .errors import ApiError

# HTTP's, whatever the locale; the standard library takes three times as long to write a date.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())


class Unreadable(ApiError):
    """A value on the wire is not of the type that the model asks for; ``path`` is its place."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__("SerializationException", f"{path}: {message}" if path else message)
        self.reason = message
        self.path = path

    def at(self, member: str) -> Unreadable:
        """The same, of a value inside ``member``."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return Unreadable(self.reason, f"{member}{dot}{self.path}")


def parse_text(shape: Shape, text: str) -> Any:
    """A scalar of `shape` from its text in a header, URI, query string, form or XML element."""
    kind = shape.type_name
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.strip().lower()]
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except (ValueError, KeyError):
        raise Unreadable(f"{_short(text)} is not a valid {kind}") from None
    if kind == "timestamp":
        return parse_timestamp(text)
    if kind == "blob":
        return parse_blob(text)
    return text


def parse_timestamp(value: Any) -> datetime:
    """Epoch seconds, ISO 8601 or an HTTP date as an aware datetime."""
    if isinstance(value, str) and _is_number(value):
        value = float(value)
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            return parse_to_aware_datetime(value)
    except (ValueError, OverflowError, OSError, RuntimeError):
        pass  # reported below, as for values of other types
    raise Unreadable(f"{_short(value)} is not a valid timestamp")


def parse_blob(value: Any) -> bytes:
    """Base64 text as bytes."""
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise Unreadable(f"{_short(value)} is not valid base64") from None


def format_text(shape: Shape, value: Any, timestamp_format: str) -> str:
    """The text of a scalar of `shape`; `timestamp_format` is the default of its location."""
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind in ("float", "double"):
        return str(format_float(float(value)))
    if kind == "timestamp":
        form = shape.serialization.get("timestampFormat", timestamp_format)
        return str(format_timestamp(value, form))
    if kind == "blob":
        return format_blob(value)
    return str(value)


def format_timestamp(value: Any, form: str) -> str | int | float:
    """A timestamp (datetime, epoch seconds or text) as `unixTimestamp`, `rfc822` or `iso8601`.

    The first two carry milliseconds, as AWS does; HTTP dates have whole seconds.
    """
    moment = value if isinstance(value, datetime) else parse_timestamp(value)
    moment = moment.astimezone(UTC)
    if form.lower() == "rfc822":
        day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
        return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"
    milliseconds = moment.microsecond // 1000
    if form.lower() == "iso8601":
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole + milliseconds / 1000 if milliseconds else whole


def format_float(value: float) -> float | str:
    """A finite number itself; the others by name, since JSON has no such numbers."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def format_blob(value: bytes | str) -> str:
    """Bytes (or text, as UTF-8) in base64."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."
