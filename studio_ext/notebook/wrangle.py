"""``%%wrangle``: a table of the notebook, prepared step by step."""

# IPython's decorators are not typed.
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

if TYPE_CHECKING:
    from ..wrangler import Flow
    from ..wrangler.operators import Operator

_HEAD = re.compile(r"\s*%%wrangle\s+(\w+)[^\n]*\n")
_FIELD = re.compile(r"(\w+)=(?:\[(?:[^\[\]]*,)?\s*)?([^\s\[\]=,]*)$")


def register(ipython: Any) -> None:
    """Add the magic, and completion inside its cells."""
    ipython.register_magics(WrangleMagics(ipython))
    completer = getattr(ipython, "Completer", None)
    if completer is not None:
        completer.custom_matchers.append(_matcher(ipython))


@magics_class
class WrangleMagics(Magics):
    """The magic."""

    @line_cell_magic
    @magic_arguments()
    @argument("table", help="a table (pandas, Polars, Arrow), or a flow to go on with")
    @argument("-o", "--out", metavar="NAME", help="put the resulting table in this variable")
    @argument("-f", "--flow", metavar="NAME", help="put the flow in this variable")
    def wrangle(self, line: str, cell: str | None = None) -> Any:
        """Prepare a table: one step a line, and the result is shown.

            %%wrangle df -o clean
            handle_missing/impute/numeric column=age strategy=Median
            drop_column columns=[id, "first name"]
            custom_pandas(code="df['x'] = df.y * 2")

        `@name` is another table, `{{name}}` a variable of the notebook. Tab completes steps,
        parameters and columns. The result is a flow: `.undo()`, `.code()`, `.to_pandas()`,
        `.save("x.flow")`; `%%wrangle` on it goes on.
        """
        options = parse_argstring(type(self).wrangle, line)
        from ..wrangler import WranglerError

        try:
            return self._wrangled(options, cell or "")
        except WranglerError as error:
            raise UsageError(str(error)) from None

    def _wrangled(self, options: argparse.Namespace, cell: str) -> Flow:
        from ..wrangler.stepwise import wrangle
        from ..wrangler.tables import like

        assert self.shell is not None
        names = self.shell.user_ns
        flow = _flow(options.table, names)
        result, page = wrangle(flow, cell, names, self.shell.ev)
        flow.remember(page)
        if options.out:
            node = list(flow.document)[-1]
            first = next(iter(flow.inputs.values()), None)
            names[options.out] = like(first, result.table(node))
        if options.flow:
            names[options.flow] = flow
        return flow


def _flow(name: str, names: dict[str, Any]) -> Flow:
    """The flow of that name, or a new one that begins with the table of that name."""
    from ..wrangler import Flow
    from ..wrangler.tables import is_table

    value = names.get(name)
    if isinstance(value, Flow):
        return value
    if value is None or not is_table(value):
        what = f"is a {type(value).__name__}" if name in names else "is not there"
        raise UsageError(
            f"{name} {what}: give a table of pandas, Polars or Arrow, or a flow to go on with."
        )
    return Flow.from_dataframe(value, name)


# -- completion -------------------------------------------------------------------------------


def _matcher(ipython: Any) -> Any:
    @context_matcher()
    def studio_wrangle_matcher(context: CompletionContext) -> Any:
        """Steps, parameters and values in a cell of ``%%wrangle``."""
        head = _HEAD.match(context.full_text)
        if head is None or context.cursor_line == 0:
            return {"completions": []}
        line = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
        typed, found = completions(line, ipython.user_ns.get(head[1]))
        return {
            "completions": [SimpleCompletion(text=text, type=kind) for text, kind in found],
            "matched_fragment": typed,
            "suppress": bool(found),
            "ordered": True,
        }

    return studio_wrangle_matcher


def completions(line: str, table: Any) -> tuple[str, list[tuple[str, str]]]:
    """What may stand at the end of a line: the typed part, and texts with their kinds."""
    from ..wrangler import WranglerError, catalogue
    from ..wrangler.lines import operator

    words = line.split()
    typed = "" if not words or line[-1:].isspace() else words[-1]
    if not words or (len(words) == 1 and typed):
        keys = [each.key for each in catalogue]
        fitting = [key for key in keys if key.startswith(typed) or f"/{typed}" in key]
        return typed, [(key, "step") for key in fitting]
    try:
        step = operator(words[0])
    except WranglerError:
        return typed, []
    field = _FIELD.search(line)
    if field is None:
        texts = [f"{name}=" for name in _names(step)]
        return typed, [(text, "parameter") for text in texts if text.startswith(typed)]
    values = list(_values(step, field[1], table))
    return field[2], [(text, kind) for text, kind in values if text.startswith(field[2])]


def _names(step: Operator[Any]) -> list[str]:
    from ..wrangler.lines import column_parameter
    from ..wrangler.operators.parameters import declared

    short = ["column"] if column_parameter(step) else []
    return [*short, *(name for name in declared(step.Parameters) if name.isidentifier())]


def _values(step: Operator[Any], name: str, table: Any) -> Iterator[tuple[str, str]]:
    """Columns, or what a parameter offers to choose from."""
    from ..wrangler import Flow
    from ..wrangler.lines import column_parameter
    from ..wrangler.operators.parameters import OfColumn, declared
    from ..wrangler.tables import is_table, names

    fields = declared(step.Parameters)
    known = name if name in fields else column_parameter(step) or ""
    info = fields.get(known)
    if info is None:
        return
    if any(isinstance(each, OfColumn) for each in info.metadata):
        columns: list[str] = []
        if isinstance(table, Flow):
            columns = table.columns
        elif is_table(table):
            columns = names(table)
        for column in columns:
            plain = re.fullmatch(r"[^\s\"'\[\]{},=#]+", column)
            yield (column if plain else f'"{column}"'), "column"
        return
    for choice in _choices(info.annotation):
        text = str(choice)
        yield (f'"{text}"' if " " in text else text), "value"


def _choices(annotation: Any) -> list[Any]:
    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [each for part in get_args(annotation) for each in _choices(part)]
