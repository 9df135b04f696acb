"""Parameters of a flow: ``{{name}}`` in a text stands for a value chosen at run time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ParameterError
from .typed import Address, Pattern, Times

_NAME = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def defaults(data: Mapping[str, Any]) -> dict[str, str]:
    """Name -> default value of what the flow declares under ``parameters``."""
    declared = data.get("parameters") or []
    return {
        str(each["name"]): str(each.get("value", each.get("default_value", "")))
        for each in declared
        if isinstance(each, Mapping) and "name" in each
    }


def filled(value: Any, values: Mapping[str, Any], where: str = "") -> Any:
    """``value`` with every ``{{name}}`` replaced; raises ParameterError for one without a value."""
    if isinstance(value, Mapping):
        return {
            key: filled(each, values, f"{where}.{key}" if where else key)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [filled(each, values, f"{where}[{index}]") for index, each in enumerate(value)]
    if not isinstance(value, str) or "{{" not in value:
        return value
    # Texts and names in turn.
    split = _NAME.split(value)
    parts = [
        _found(each, values, where, value) if place % 2 else each
        for place, each in enumerate(split)
    ]
    if all(isinstance(each, str) for each in parts):
        return "".join(parts)
    if not where.endswith("s3Uri"):
        raise ParameterError(where, value, "has a pattern: those stand in addresses of sources")
    return Address(_joined(parts))


def _found(name: str, values: Mapping[str, Any], where: str, text: str) -> Any:
    if name not in values:
        there = ", ".join(sorted(values)) or "none"
        right = f"uses the parameter {name!r}, which has no value (there are: {there})"
        raise ParameterError(where, text, right)
    value = values[name]
    return value if isinstance(value, Pattern | Times) else str(value)


def _joined(parts: list[Any]) -> tuple[Any, ...]:
    """Texts beside each other as one."""
    joined: list[Any] = []
    for each in parts:
        if isinstance(each, str) and joined and isinstance(joined[-1], str):
            joined[-1] += each
        else:
            joined.append(each)
    return tuple(joined)
