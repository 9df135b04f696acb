"""Checks parameters against an input shape, in AWS's words.

botocore's `ParamValidator` checks structure (missing, unknown, wrong type). What it leaves to the
service is checked here by functions compiled once per shape: lengths, ranges, patterns, enums.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

from .errors import ValidationException

log = logging.getLogger(__name__)

Report = Callable[[Any, str, str], None]  # value, path, constraint
Check = Callable[[Any, str, Report], None]

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
_checks: dict[int, tuple[OperationModel, Check | None]] = {}


def check(operation: OperationModel, params: dict[str, Any]) -> None:
    """Raises `ValidationException` naming every parameter that breaks the operation's model."""
    shape = operation.input_shape
    if shape is None:
        return
    service = operation.service_model.service_name
    code = _CODES.get(service, "ValidationException")
    try:
        structure = _structure_errors(params, shape)
        errors = structure or _constraint_errors(operation, params)
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
    report = _validator.validate(params, shape)
    if not report.has_errors():
        return []
    lines = report.generate_report().splitlines()
    # Too short or too small is told in AWS's form with the other constraints.
    ranges = ("Invalid length for parameter", "Invalid value for parameter")
    return [_shorten(line, 1000) for line in lines if not line.startswith(ranges)]


def _constraint_errors(operation: OperationModel, params: dict[str, Any]) -> list[str]:
    errors: list[str] = []

    def report(value: Any, path: str, constraint: str) -> None:
        shown = "" if isinstance(value, (dict, bytes)) else f"'{_shorten(str(value), _MAX_SHOWN)}' "
        errors.append(f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}")

    root = _compiled(operation)
    if root is not None:
        root(params, "", report)
    return errors


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _compiled(operation: OperationModel) -> Check | None:
    # Keyed by identity, and the model kept, so that a key is never reused for another model.
    known = _checks.get(id(operation))
    if known is None:
        check = _compile(operation.input_shape, {}) if operation.input_shape else None
        known = _checks[id(operation)] = (operation, check)
    return known[1]


def _compile(shape: Shape, seen: dict[str, list[Check | None]]) -> Check | None:
    """The check of a shape and all below it; None when nothing there is constrained."""
    if isinstance(shape, StructureShape) and shape.is_document_type:
        return None
    if not isinstance(shape, (StructureShape, ListShape, MapShape)):
        return _scalar(shape)
    if shape.name in seen:  # a recursive shape: look its check up when it runs
        cell = seen[shape.name]
        return lambda value, path, report: cell[0](value, path, report) if cell[0] else None
    cell = seen[shape.name] = [None]
    if isinstance(shape, StructureShape):
        cell[0] = _structure(shape, seen)
    elif isinstance(shape, ListShape):
        cell[0] = _list(shape, seen)
    else:
        cell[0] = _map(shape, seen)
    # Only an ancestor needs the cell; elsewhere the shape may have traits of its own.
    del seen[shape.name]
    return cell[0]


def _structure(shape: StructureShape, seen: dict[str, list[Check | None]]) -> Check | None:
    members = {}
    for name, member in shape.members.items():
        check = _compile(member, seen)
        if check is not None:
            members[name] = (check, name[:1].lower() + name[1:])
    if not members:
        return None

    def run(value: dict[str, Any], path: str, report: Report) -> None:
        for name, item in value.items():
            found = members.get(name)
            if found is not None:
                found[0](item, f"{path}.{found[1]}" if path else found[1], report)

    return run


def _list(shape: ListShape, seen: dict[str, list[Check | None]]) -> Check | None:
    member, size = _compile(shape.member, seen), _length(shape)
    if member is None and size is None:
        return None

    def run(value: list[Any], path: str, report: Report) -> None:
        if size is not None:
            size(value, path, report)
        if member is not None:
            for index, item in enumerate(value, 1):
                member(item, f"{path}.{index}.member", report)

    return run


def _map(shape: MapShape, seen: dict[str, list[Check | None]]) -> Check | None:
    key, member, size = _compile(shape.key, seen), _compile(shape.value, seen), _length(shape)
    if key is None and member is None and size is None:
        return None

    def run(value: dict[str, Any], path: str, report: Report) -> None:
        if size is not None:
            size(value, path, report)
        for name, item in value.items():
            if key is not None:
                key(name, f"{path}.{_shorten(name, 64)}.key", report)
            if member is not None:
                member(item, f"{path}.{_shorten(name, 64)}.member", report)

    return run


def _scalar(shape: Shape) -> Check | None:
    kind = shape.type_name
    if kind in ("integer", "long", "float", "double"):
        return _range(shape)
    if kind == "blob":
        return _length(shape)
    if kind != "string":
        return None
    checks = [c for c in (_length(shape), _pattern(shape), _enum(shape)) if c is not None]
    if len(checks) <= 1:
        return checks[0] if checks else None

    def run(value: str, path: str, report: Report) -> None:
        for check in checks:
            check(value, path, report)

    return run


def _bounds(shape: Shape) -> tuple[Any, Any]:
    return shape.metadata.get("min"), shape.metadata.get("max")


def _length(shape: Shape) -> Check | None:
    low, high = _bounds(shape)
    if low is None and high is None:
        return None

    def run(value: Any, path: str, report: Report) -> None:
        if not hasattr(value, "__len__"):  # a file-like blob of an in-process caller
            return
        size = len(value)
        if low is not None and size < low:
            report(value, path, f"Member must have length greater than or equal to {low}")
        if high is not None and size > high:
            report(value, path, f"Member must have length less than or equal to {high}")

    return run


#: What the types hold; models seldom say it.
_WHOLE = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def _range(shape: Shape) -> Check:
    low, high = _bounds(shape)
    least, most = _WHOLE.get(shape.type_name, (None, None))
    low, high = least if low is None else low, most if high is None else high

    def run(value: Any, path: str, report: Report) -> None:
        if isinstance(value, bool):  # an int to Python, and so to ParamValidator
            report(value, path, "Member must be a number")
            return
        if isinstance(value, float) and not math.isfinite(value):
            report(value, path, "Member must be a finite number")
            return
        if low is not None and value < low:
            report(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            report(value, path, f"Member must have value less than or equal to {high}")

    return run


def _pattern(shape: Shape) -> Check | None:
    text = shape.metadata.get("pattern")
    if text is None:
        return None
    try:
        compiled = regex.compile(text)
    except regex.error:
        log.debug("The pattern of %s does not compile and is not checked: %s", shape.name, text)
        return None

    def run(value: str, path: str, report: Report) -> None:
        if not (_matched if len(value) <= _MAX_SHOWN else _matches)(compiled, value):
            report(value, path, f"Member must satisfy regular expression pattern: {text}")

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

    def run(value: str, path: str, report: Report) -> None:
        if value in allowed or (has_local and _LOCAL_INSTANCE.fullmatch(value)):
            return
        report(value, path, f"Member must satisfy enum value set: [{', '.join(values)}]")

    return run
