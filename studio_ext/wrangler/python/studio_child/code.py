"""The code of a step: compiled, run, and what went wrong in it, by its own lines."""

from __future__ import annotations

import ast
import builtins
import re
from types import CodeType
from typing import Any

NAME = "<code>"
MOST_CHARACTERS = 4_000
#: DuckDB means the name that a column would have had.
_UNKNOWN = re.compile(r'Column "(.+)" referenced that exists in the SELECT clause - .*')
#: What messages of libraries end with: the query that nobody wrote, the page to read.
_END = re.compile(r"\n\s*(?:LINE \d+:|See the documentation)")
#: Methods that pandas once let change a column in place through ``df["x"]``.
_IN_PLACE = {"bfill", "clip", "ffill", "fillna", "interpolate", "mask", "replace", "where"}


class Refusal(Exception):
    """The code does what its mode cannot take; the message says it to a person."""


class Code:
    """A text of Python."""

    def __init__(self, text: str) -> None:
        self.text = text

    def compiled(self) -> CodeType:
        """As Python runs it; raises SyntaxError."""
        tree = _Old().visit(ast.parse(self.text, NAME))
        return compile(ast.fix_missing_locations(tree), NAME, "exec")

    def run(self, **names: Any) -> dict[str, Any]:
        """Run it with these names; returns all names that there are then."""
        space: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, **names}
        exec(self.compiled(), space)  # noqa: S102  (what this process is for)
        return space

    def line(self, number: int) -> str:
        """One line of it, counted from one."""
        lines = self.text.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


class _Old(ast.NodeTransformer):
    """``df["x"].fillna(0, inplace=True)`` as ``df["x"] = df["x"].fillna(0)``.

    Flows written for pandas before 3 say the first, which does nothing there since columns are
    copies.
    """

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            return node
        target = call.func.value
        inplace = [each for each in call.keywords if each.arg == "inplace"]
        if (
            call.func.attr not in _IN_PLACE
            or not isinstance(target, ast.Subscript | ast.Attribute)
            or not isinstance(target.value, ast.Name)
            or not any(isinstance(e.value, ast.Constant) and e.value.value is True for e in inplace)
        ):
            return node
        call.keywords = [each for each in call.keywords if each not in inplace]
        kind = type(target)
        place = kind(**{**dict(ast.iter_fields(target)), "ctx": ast.Store()})
        return ast.copy_location(ast.Assign(targets=[place], value=call), node)


def report(error: BaseException, code: Code) -> dict[str, Any]:
    """What the parent is told: the error, and the line of the code that it came from."""
    if _is_memory(error):
        return {"state": "memory", **_place(error, code)}
    kind = "" if isinstance(error, Refusal) else type(error).__name__
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    message = _UNKNOWN.sub(r"There is no column '\1'", _END.split(message)[0].strip())
    return {
        "state": "error",
        "kind": kind,
        "message": message[:MOST_CHARACTERS],
        **_place(error, code),
    }


def _is_memory(error: BaseException) -> bool:
    # DuckDB's is no MemoryError.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"


def _place(error: BaseException, code: Code) -> dict[str, Any]:
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == NAME else None
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"line": line, "source": code.line(line)} if line else {}
