"""Parameters as an audit log may keep them: in CloudTrail's spelling, short, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape


#: CloudTrail's own words for a value that is left out.
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
MOST_BYTES = 16 * 1024
_MOST_TEXT = 1024
_PLAIN_TEXT = 20  # characters: shorter ones hide nothing that _LOOKS_SECRET finds
_MOST_ITEMS = 50
_DEEPEST = 16

_SECRET = re.compile(
    r"(?i)secret|passw|passphrase|credential|api[_-]?key|private[_-]?key|access[_-]?key$"
    r"|(session|security|access|refresh|bearer|auth|id|hf|hub)[_-]?token|^token$"
)
#: Maps whose values are the user's own business; who needs them asks the resource.
_PRIVATE_MAPS = {"Environment", "environment"}
#: Texts that hold the parameters of another request.
_PRIVATE_TEXTS = {"Input"}
#: What reads like a key wherever it stands: AWS's ids with their secrets, tokens of known makers.
_LOOKS_SECRET = re.compile(r"\b(hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|sk-[\w-]{20,})")

_encode = json.JSONEncoder(default=str, separators=(",", ":")).encode


def kept(shape: Shape | None, value: Mapping[str, Any] | None) -> Any:
    """What is kept of a call's parameters or answer; None when there are none.

    Names of members begin in lower case, as CloudTrail's do; keys of maps stay. At most
    :data:`MOST_BYTES` as JSON without spaces.
    """
    return bounded(shown(shape, value))


def shown(shape: Shape | None, value: Mapping[str, Any] | None) -> Any:
    """As :func:`kept`, before anybody has measured it."""
    return _value(shape, dict(value), 0) if value else None


def bounded(found: Any) -> Any:
    """What is :func:`shown`, or the most telling of it when that is too large."""
    if found is None or (size := len(_encode(found))) <= MOST_BYTES:
        return found
    brief = {name: item for name, item in found.items() if isinstance(item, (str, int, float))}
    found = {**dict(list(brief.items())[:10]), "omitted": True, "originalSize": size}
    if len(_encode(found)) > MOST_BYTES:
        return {"omitted": True, "originalSize": size}
    return found


def _value(shape: Shape | None, value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "..."
    if _is_sensitive(shape):
        return HIDDEN
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return _mapping(shape, value, depth)
    if isinstance(value, (list, tuple)):
        member = getattr(shape, "member", None)
        items = [_value(member, item, depth + 1) for item in value[:_MOST_ITEMS]]
        return [*items, f"... {len(value)} items"] if len(value) > _MOST_ITEMS else items
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return f"<{type(value).__name__}>"


def _is_sensitive(shape: Shape | None) -> bool:
    return shape is not None and bool(shape.metadata.get("sensitive"))


def _text(value: str) -> str:
    if len(value) > _PLAIN_TEXT:
        value = _LOOKS_SECRET.sub(HIDDEN, value)
    return value if len(value) <= _MOST_TEXT else f"{value[:_MOST_TEXT]}... {len(value)} long"


def _mapping(shape: Shape | None, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, (name, item) in enumerate(value.items()):
        if number >= _MOST_ITEMS:
            found["..."] = f"{len(value)} items"
            break
        label, inner, secret, private, sensitive = _member(shape, str(name))
        if secret and isinstance(item, (str, bytes)):
            found[label] = HIDDEN
        elif private and isinstance(item, dict):
            found[label] = {str(key)[:_MOST_TEXT]: HIDDEN for key in list(item)[:_MOST_ITEMS]}
        elif type(item) is str and depth < _DEEPEST and not sensitive:
            found[label] = _text(item) if len(item) > _PLAIN_TEXT else item
        elif type(item) is dict and depth < _DEEPEST and not sensitive:
            found[label] = _mapping(inner, item, depth + 1)
        else:
            found[label] = _value(inner, item, depth + 1)
    return found


@lru_cache(maxsize=4096)
def _member(shape: Shape | None, name: str) -> tuple[str, Shape | None, bool, bool, bool]:
    """What a name in a structure or map is called, its shape, whether a text, or a map, under
    it is left out, and whether the model says so of all."""
    is_map = shape is None or shape.type_name == "map"
    inner = getattr(shape, "value", None) if is_map else getattr(shape, "members", {}).get(name)
    label = name[:_MOST_TEXT] if is_map else _lower(name)
    secret = name in _PRIVATE_TEXTS or bool(_SECRET.search(name))
    return label, inner, secret, name in _PRIVATE_MAPS, _is_sensitive(inner)


def _lower(name: str) -> str:
    """``trainingJobName`` of ``TrainingJobName``, ``kmsKeyId`` of ``KMSKeyId``."""
    head = re.match(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+$|[A-Z]", name)
    return head[0].lower() + name[head.end() :] if head else name
