"""Parameters of a flow: ``{{name}}`` in a text stands for a value chosen at run time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ParameterError

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

    def put(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            there = ", ".join(sorted(values)) or "none"
            raise ParameterError(
                where,
                value,
                f"uses the parameter {name!r}, which has no value (there are: {there})",
            )
        return str(values[name])

    return _NAME.sub(put, value)
