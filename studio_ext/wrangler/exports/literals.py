"""Python values as a person would write them: one line where it fits, else one item a line."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDTH = 88
STEP = "    "


def literal(value: Any, indent: int = 0, used: int = 0) -> str:
    """The expression that gives ``value`` again (numbers, texts, lists, dicts, None).

    ``indent``: levels around it; ``used``: characters before it on its first line.
    """
    flat = _flat(value)
    if len(STEP) * indent + used + len(flat) <= WIDTH and "\\n" not in flat:
        return flat
    if isinstance(value, Mapping):
        pairs = (
            f"{_flat(key)}: {literal(each, indent + 1, len(_flat(key)) + 3)},"
            for key, each in value.items()
        )
        return _block("{", pairs, "}", indent)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(each, str | int | float | None) for each in value):
            return _block("[", _filled(value, indent + 1), "]", indent)
        return _block("[", (f"{literal(each, indent + 1, 1)}," for each in value), "]", indent)
    return _text(value, flat) if isinstance(value, str) else flat


def call(function: str, arguments: Sequence[str], indent: int = 0) -> str:
    """``function(arguments)``; on lines of their own where they do not fit on one."""
    flat = f"{function}({', '.join(arguments)})"
    if len(flat) + len(STEP) * indent <= WIDTH and "\n" not in flat:
        return flat
    return function + _block("(", (f"{each}," for each in arguments), ")", indent)


def comment(text: str) -> str:
    """``text`` as one line of comment, whatever it holds."""
    return "# " + " ".join(text.split())


def _block(start: str, lines: Iterable[str], end: str, indent: int) -> str:
    inner = "\n".join(STEP * (indent + 1) + line for line in lines)
    return f"{start}\n{inner}\n{STEP * indent}{end}" if inner else start + end


def _flat(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_flat(key)}: {_flat(each)}" for key, each in value.items())
        return "{" + inner + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """In double quotes, unless that takes more escapes."""
    shown = repr(text)
    return shown if '"' in text or "\\'" in shown else f'"{shown[1:-1]}"'


def _text(text: str, flat: str) -> str:
    """A text of several lines between three quotes, where that gives the very text again."""
    if "\n" not in text:
        return flat
    for prefix in ("", "r"):
        body = text if prefix else text.replace("\\", "\\\\")
        written = f'{prefix}"""{body}"""'
        try:
            if ast.literal_eval(written) == text and (prefix or "\\" not in text):
                return written
        except (SyntaxError, ValueError):
            continue
    return flat


def _filled(values: Iterable[Any], indent: int) -> Iterable[str]:
    """Items side by side, as many as a line takes."""
    line = ""
    for value in values:
        item = f"{_flat(value)},"
        if line and len(STEP) * indent + len(line) + 1 + len(item) > WIDTH:
            yield line
            line = ""
        line = f"{line} {item}" if line else item
    if line:
        yield line
