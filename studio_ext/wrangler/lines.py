"""Steps as a person types them, one a line::

    handle_missing/impute/numeric column=age strategy=Median
    drop_column columns=[id, "first name"]
    custom_pandas(code="df['x'] = df.y * 2")
    join_tables @customers left_column=id right_column=id

A step goes by its key, or the end of it where that is no other's. ``column=`` is short for the one
parameter that names columns. Calls take Python's own values, over several lines too; ``@name`` is
another table, ``{{name}}`` a parameter of the flow, ``#`` begins a comment.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from .errors import WranglerError
from .operators import Operator, catalogue
from .operators.parameters import OfColumn, declared

_STEP = re.compile(r"\s*([A-Za-z_][\w/]*)\s*")
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*")
_TABLE = re.compile(r"\s*@([A-Za-z_]\w*)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "none": None, "null": None}
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_SHORT = ("column", "columns")

Evaluate = Callable[[str], Any]


class LineError(WranglerError):
    """What is wrong with a line; ``number`` counts from 1."""

    def __init__(self, number: int, text: str, message: str) -> None:
        super().__init__(f"line {number}: {message}\n    {text.strip()}")
        self.number = number


@dataclass(frozen=True)
class Line:
    """One step as it was typed."""

    number: int
    text: str
    operator: Operator[Any]
    parameters: Mapping[str, Any]
    #: Names of further tables that it reads.
    tables: tuple[str, ...] = field(default=())


def read(text: str, evaluate: Evaluate | None = None) -> list[Line]:
    """The steps of a text; ``evaluate`` gives the values of expressions that are no constants.

    Raises LineError that says which line is wrong, and what would be right.
    """
    return [_line(number, line, evaluate) for number, line in _logical(text)]


def operator(name: str) -> Operator[Any]:
    """The operator of a key, or of the end of a key; raises WranglerError with the nearest."""
    if name in catalogue:
        return catalogue[name]
    keys = {each.key: each for each in catalogue}
    ends = [key for key in keys if key.endswith(f"/{name}")]
    if len(ends) == 1:
        return keys[ends[0]]
    if ends:
        raise WranglerError(f"{name!r} may be {', '.join(sorted(ends))}: write the whole key")
    short = {key.rsplit("/", 1)[-1]: key for key in keys}
    near = get_close_matches(name, [*keys, *short], n=3, cutoff=0.5)
    hint = ", ".join(dict.fromkeys(short.get(each, each) for each in near))
    raise WranglerError(f"There is no step {name!r}" + (f": did you mean {hint}" if hint else ""))


def column_parameter(step: Operator[Any]) -> str | None:
    """What ``column=`` stands for: the one parameter that must name columns of the first input."""
    fields = declared(step.Parameters).items()
    marked = {
        name: info
        for name, info in fields
        if any(isinstance(each, OfColumn) and each.input == 0 for each in info.metadata)
    }
    needed = [name for name, info in marked.items() if info.is_required()]
    found = needed if len(needed) == 1 else list(marked)
    return found[0] if len(found) == 1 else None


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines with a step, and their numbers; a call goes on until it is whole."""
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        number, line = index + 1, lines[index]
        index += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _STEP.match(line)
        if match and line[match.end() : match.end() + 1] == "(":
            while not _parses(line[match.end() :]) and index < len(lines):
                line = f"{line}\n{lines[index]}"
                index += 1
        yield number, line


def _parses(call: str) -> bool:
    try:
        ast.parse(f"f{call}")
    except SyntaxError:
        return False
    return True


def unknown(step: Operator[Any], name: str) -> WranglerError:
    """That a step has no parameter of this name, and which it has."""
    names = list(declared(step.Parameters))
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}" if near else f"it has {', '.join(names) or 'none'}"
    return WranglerError(f"{step.key} has no parameter {name!r}: {hint}", field=name)


def _line(number: int, text: str, evaluate: Evaluate | None) -> Line:
    try:
        match = _STEP.match(text)
        if match is None:
            raise WranglerError("a line begins with the name of a step")
        step = operator(match[1])
        rest = text[match.end() :]
        tables: list[str] = []
        given = _call(rest, evaluate) if rest[:1] == "(" else dict(_pairs(rest, tables))
        return Line(number, text, step, _known(step, given), tuple(tables))
    except LineError:
        raise
    except (WranglerError, ValueError, SyntaxError) as error:
        raise LineError(number, text, str(error)) from error


def _known(step: Operator[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Names as the operator declares them; one that it does not is a mistake."""
    names = list(declared(step.Parameters))
    found = {}
    for name, value in given.items():
        short = column_parameter(step) if name in _SHORT and name not in names else None
        if short is None and name not in names:
            raise unknown(step, name)
        found[short or name] = value
    return found


def _call(text: str, evaluate: Evaluate | None) -> dict[str, Any]:
    tree = ast.parse(f"f{text}", mode="eval").body
    if not isinstance(tree, ast.Call) or tree.args or any(k.arg is None for k in tree.keywords):
        raise WranglerError('a call names its parameters: step(parameter="value")')
    found = {}
    for keyword in tree.keywords:
        assert keyword.arg is not None
        try:
            found[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError:
            if evaluate is None:
                raise
            found[keyword.arg] = evaluate(ast.unparse(keyword.value))
    return found


# -- name=value -------------------------------------------------------------------------------


def _pairs(text: str, tables: list[str]) -> Iterator[tuple[str, Any]]:
    at = 0
    while rest := text[at:].strip():
        if rest.startswith("#"):
            return
        if table := _TABLE.match(text, at):
            tables.append(table[1])
            at = table.end()
            continue
        match = _NAME.match(text, at)
        if match is None:
            raise WranglerError(f"{rest.split()[0]!r} is no parameter: write name=value")
        end = _end(text, match.end())
        yield match[1], _value(text[match.end() : end])
        at = end


def _end(text: str, at: int) -> int:
    """Where the value that begins at ``at`` ends: at a blank outside of quotes and brackets."""
    open_brackets: list[str] = []
    quote = ""
    while at < len(text):
        sign = text[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "'\"" and (open_brackets or text[at - 1] in "= ,"):
            quote = sign
        elif text.startswith("{{", at) and "}}" in text[at:]:
            at = text.index("}}", at) + 1
        elif sign in _CLOSING:
            open_brackets.append(_CLOSING[sign])
        elif open_brackets and sign == open_brackets[-1]:
            open_brackets.pop()
        elif sign.isspace() and not open_brackets:
            return at
        at += 1
    if quote or open_brackets:
        raise WranglerError(f"{quote or open_brackets[-1]} is missing at the end of the line")
    return at


def _value(text: str) -> Any:
    text = text.strip()
    if text[:1] in ("'", '"'):
        return ast.literal_eval(text)
    if text.startswith("{") and not text.startswith("{{"):
        try:
            return json.loads(text)
        except ValueError:
            return ast.literal_eval(text)
    if text.startswith("["):
        return [_value(each) for each in _items(text[1:-1])]
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        return float(text) if set(text) & set(".eE") else int(text)
    return text


def _items(text: str) -> Iterator[str]:
    """What stands between the commas of a list."""
    start = at = 0
    while at <= len(text):
        if at == len(text) or text[at] == ",":
            if text[start:at].strip():
                yield text[start:at]
            start = at = at + 1
        elif text[at] in _CLOSING or text[at] in "'\"":
            at = _closed(text, at)
        else:
            at += 1


def _closed(text: str, at: int) -> int:
    """Behind the bracket or quote that closes the one at ``at``."""
    sign, at = text[at], at + 1
    last = _CLOSING.get(sign, sign)
    while at < len(text) and text[at] != last:
        if text[at] == "\\":
            at += 2
        elif last != sign and (text[at] in _CLOSING or text[at] in "'\""):
            at = _closed(text, at)
        else:
            at += 1
    return at + 1
