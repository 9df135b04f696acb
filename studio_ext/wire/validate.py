"""Checks parameters against an input shape, in AWS's words.

One walk, by functions compiled once per operation, checks all: structure (missing, unknown, wrong
type), lengths, ranges, patterns, enums. What is wrong with a structure botocore's
`ParamValidator` tells, in the words that clients know; walking its shapes for every request took
as long as all the other checks.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import is_json_value_header
from botocore.validate import ParamValidator

from .errors import ValidationException

log = logging.getLogger(__name__)

Flaw = tuple[str, Any, str]  # path, value, constraint
#: What is wrong with a value, None or empty when nothing is; raises _Misshapen.
Check = Callable[[Any], "list[Flaw] | None"]

# Where a service names invalid parameters differently from `ValidationException`.
_CODES = {
    "s3": "InvalidArgument",
    "sts": "ValidationError",
    "iam": "ValidationError",
    "cloudwatch": "InvalidParameterValue",
    "logs": "InvalidParameterException",
}
# ... and where it has a code for one member.
_MEMBER_CODES = {("s3", "storageClass"): "InvalidStorageClass"}
_MAX_ERRORS = 10
_MAX_SHOWN = 256
_PATTERN_TIMEOUT_S = 1.0

# Instance types of this server's own, beside AWS's: `local.cpu`, `local.gpu`, ...
_LOCAL_INSTANCE = regex.compile(r"local\.[a-z0-9][a-z0-9.-]*")

_validator = ParamValidator()
_checks: dict[int, tuple[OperationModel, Check]] = {}


class _Misshapen(Exception):
    """A value is not of the structure that its shape wants."""


def check(operation: OperationModel, params: dict[str, Any]) -> None:
    """Raises `ValidationException` naming every parameter that breaks the operation's model."""
    shape = operation.input_shape
    if shape is None:
        return
    service = operation.service_model.service_name
    code = _CODES.get(service, "ValidationException")
    structure = False
    try:
        errors = [_told(*flaw) for flaw in _compiled(operation, shape)(params) or ()]
    except _Misshapen:
        structure, errors = True, _structure_errors(params, shape)
    except RecursionError:
        raise ValidationException("The parameters are nested too deeply", code) from None
    if errors:
        for (owner, member), special in _MEMBER_CODES.items():
            if owner == service and f"at '{member}'" in errors[0]:
                code = special
        raise ValidationException(_text(errors, in_aws_form=not structure), code)


def _text(errors: list[str], in_aws_form: bool) -> str:
    shown = "; ".join(errors[:_MAX_ERRORS])
    if not in_aws_form:
        return shown
    return f"{len(errors)} validation error{'s'[: len(errors) - 1]} detected: {shown}"


def _structure_errors(params: dict[str, Any], shape: StructureShape) -> list[str]:
    lines = _validator.validate(params, shape).generate_report().splitlines()
    # Too short or too small is told in AWS's form, once the structure is right.
    ranges = ("Invalid length for parameter", "Invalid value for parameter")
    errors = [_shorten(line, 1000) for line in lines if not line.startswith(ranges)]
    return errors or ["Invalid parameters"]


def _told(path: str, value: Any, constraint: str) -> str:
    shown = "" if isinstance(value, (dict, bytes)) else f"'{_shorten(str(value), _MAX_SHOWN)}' "
    return f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}"


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _compiled(operation: OperationModel, shape: StructureShape) -> Check:
    # Keyed by identity, and the model kept, so that a key is never reused for another model.
    known = _checks.get(id(operation))
    if known is None:
        known = _checks[id(operation)] = (operation, _compile(shape, {}))
    return known[1]


def _compile(shape: Shape, seen: dict[str, list[Check]]) -> Check:
    """The check of a shape and all below it."""
    if is_json_value_header(shape) or getattr(shape, "is_document_type", False):
        return _as_botocore(shape)
    if not isinstance(shape, (StructureShape, ListShape, MapShape)):
        return _scalar(shape)
    if shape.name in seen:  # a recursive shape: look its check up when it runs
        cell = seen[shape.name]
        return lambda value: cell[0](value)
    cell = seen[shape.name] = []
    if isinstance(shape, StructureShape):
        cell.append(_structure(shape, seen))
    elif isinstance(shape, ListShape):
        cell.append(_list(shape, seen))
    else:
        cell.append(_map(shape, seen))
    # Only an ancestor needs the cell; elsewhere the shape may have traits of its own.
    del seen[shape.name]
    return cell[0]


def _as_botocore(shape: Shape) -> Check:
    def run(value: Any) -> None:
        if _validator.validate(value, shape).has_errors():
            raise _Misshapen

    return run


def _below(place: str, flaws: list[Flaw]) -> list[Flaw]:
    return [(f"{place}.{path}" if path else place, *rest) for path, *rest in flaws]


def _structure(shape: StructureShape, seen: dict[str, list[Check]]) -> Check:
    checks = {name: _compile(member, seen) for name, member in shape.members.items()}
    required = frozenset(shape.metadata.get("required", ()))
    union = shape.is_tagged_union

    def run(value: Any) -> list[Flaw] | None:
        if not isinstance(value, dict) or not value.keys() >= required:
            raise _Misshapen
        if union and len(value) != 1:
            raise _Misshapen
        flaws: list[Flaw] | None = None
        for name, item in value.items():
            check = checks.get(name)
            if check is None:
                raise _Misshapen
            found = check(item)
            if found:
                flaws = [*(flaws or ()), *_below(name[:1].lower() + name[1:], found)]
        return flaws

    return run


def _list(shape: ListShape, seen: dict[str, list[Check]]) -> Check:
    member, size = _compile(shape.member, seen), _length(shape)

    def run(value: Any) -> list[Flaw]:
        if not isinstance(value, (list, tuple)):
            raise _Misshapen
        flaws = [] if size is None else size(value)
        for index, item in enumerate(value, 1):
            found = member(item)
            if found:
                flaws += _below(f"{index}.member", found)
        return flaws

    return run


def _map(shape: MapShape, seen: dict[str, list[Check]]) -> Check:
    key, member, size = _compile(shape.key, seen), _compile(shape.value, seen), _length(shape)

    def run(value: Any) -> list[Flaw]:
        if not isinstance(value, dict):
            raise _Misshapen
        flaws = [] if size is None else size(value)
        for name, item in value.items():
            wrong, found = key(name), member(item)
            if wrong:
                flaws += _below(f"{_shorten(name, 64)}.key", wrong)
            if found:
                flaws += _below(f"{_shorten(name, 64)}.member", found)
        return flaws

    return run


def _scalar(shape: Shape) -> Check:
    kind = shape.type_name
    if kind == "string":
        return _string(shape)
    if kind == "boolean":
        return _boolean
    if kind == "blob":
        return _blob(shape)
    if kind in ("integer", "long", "float", "double"):
        return _number(shape)
    return _as_botocore(shape)


def _boolean(value: Any) -> None:
    if not isinstance(value, bool):
        raise _Misshapen


def _string(shape: Shape) -> Check:
    checks = [c for c in (_length(shape), _pattern(shape), _enum(shape)) if c is not None]
    low, high = _bounds(shape)
    least, most = 0 if low is None else low, math.inf if high is None else high
    pattern, values = _pattern_of(shape), frozenset(getattr(shape, "enum", ()))

    def run(value: Any) -> list[Flaw] | None:
        if not isinstance(value, str):
            raise _Misshapen
        # Nearly all are right, and this tells it without asking each check.
        if (
            least <= len(value) <= most
            and (not values or value in values)
            and (pattern is None or (len(value) <= _MAX_SHOWN and _matched(pattern, value)))
        ):
            return None
        flaws: list[Flaw] | None = None
        for check in checks:
            found = check(value)
            if found:
                flaws = [*(flaws or ()), *found]
        return flaws

    return run


def _blob(shape: Shape) -> Check:
    size = _length(shape)

    def run(value: Any) -> list[Flaw] | None:
        if not isinstance(value, (bytes, bytearray, str)):
            if not hasattr(value, "read"):
                raise _Misshapen
            return None  # a file-like blob of an in-process caller
        return size(value) if size is not None else None

    return run


def _bounds(shape: Shape) -> tuple[Any, Any]:
    return shape.metadata.get("min"), shape.metadata.get("max")


def _length(shape: Shape) -> Callable[[Any], list[Flaw]] | None:
    low, high = _bounds(shape)
    if low is None and high is None:
        return None

    def run(value: Any) -> list[Flaw]:
        size = len(value)
        if low is not None and size < low:
            return _flaw(value, f"Member must have length greater than or equal to {low}")
        if high is not None and size > high:
            return _flaw(value, f"Member must have length less than or equal to {high}")
        return []

    return run


def _flaw(value: Any, constraint: str) -> list[Flaw]:
    return [("", value, constraint)]


#: What the types hold; models seldom say it.
_WHOLE = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def _number(shape: Shape) -> Check:
    low, high = _bounds(shape)
    least, most = _WHOLE.get(shape.type_name, (None, None))
    low, high = least if low is None else low, most if high is None else high
    types = _validator.SCALAR_TYPES[shape.type_name]

    def run(value: Any) -> list[Flaw] | None:
        if not isinstance(value, types):
            raise _Misshapen
        if isinstance(value, bool):  # an int to Python, and so to ParamValidator
            return _flaw(value, "Member must be a number")
        if isinstance(value, float) and not math.isfinite(value):
            return _flaw(value, "Member must be a finite number")
        if low is not None and value < low:
            return _flaw(value, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            return _flaw(value, f"Member must have value less than or equal to {high}")
        return None

    return run


def _pattern_of(shape: Shape) -> regex.Pattern[str] | None:
    text = shape.metadata.get("pattern")
    if text is None:
        return None
    try:
        return regex.compile(text)
    except regex.error:
        log.debug("The pattern of %s does not compile and is not checked: %s", shape.name, text)
        return None


def _pattern(shape: Shape) -> Check | None:
    text, compiled = shape.metadata.get("pattern"), _pattern_of(shape)
    if compiled is None:
        return None

    def run(value: str) -> list[Flaw] | None:
        if (_matched if len(value) <= _MAX_SHOWN else _matches)(compiled, value):
            return None
        return _flaw(value, f"Member must satisfy regular expression pattern: {text}")

    return run


def _matches(pattern: regex.Pattern[str], value: str) -> bool:
    try:
        return pattern.fullmatch(value, timeout=_PATTERN_TIMEOUT_S) is not None
    except TimeoutError:  # a value made to backtrack for ever
        return False


# Roles, images and buckets come again and again, and to watch the clock takes five times the match.
_matched = lru_cache(maxsize=4096)(_matches)


def _enum(shape: Shape) -> Check | None:
    values = getattr(shape, "enum", None)
    if not values:
        return None
    allowed = frozenset(values)
    has_local = shape.name.endswith("InstanceType")

    def run(value: str) -> list[Flaw] | None:
        if value in allowed or (has_local and _LOCAL_INSTANCE.fullmatch(value)):
            return None
        return _flaw(value, f"Member must satisfy enum value set: [{', '.join(values)}]")

    return run
