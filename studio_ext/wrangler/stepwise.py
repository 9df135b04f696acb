"""Working on a flow step by step: typed lines in, a page out; a mistake leaves it as it was."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import FlowError, StepError, WranglerError
from .flow import Input, variables
from .lines import Evaluate, Line, LineError, read
from .operators.parameters import parse
from .page import Page, page_of

if TYPE_CHECKING:
    from .api import Flow, Result

_USED = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def wrangle(
    flow: Flow, text: str, values: Mapping[str, Any], evaluate: Evaluate | None = None
) -> tuple[Result, Page]:
    """Add the steps of ``text`` to ``flow``, and run it.

    ``values`` are tables (``@name``) and parameters (``{{name}}``) by name. Raises LineError where
    a line is wrong, or its step fails; the flow is then what it was before.
    """
    before = copy.deepcopy(flow.document.data), flow.inputs
    lines = read(text, evaluate)
    try:
        added = {_added(flow, line, values): line for line in lines}
        result = flow.run()
        page = page_of(flow, result)
        if page.error:
            raise _at_its_line(result, page, added)
    except WranglerError:
        flow.document.data = before[0]
        flow.inputs = before[1]
        raise
    return result, page


def undo(flow: Flow, steps: int = 1) -> None:
    """Take the last steps away; raises FlowError where there are fewer."""
    there = [node for node in flow.document if node.type == "TRANSFORM"]
    if not 0 < steps <= len(there):
        raise FlowError(f"There are {len(there)} steps: {steps} cannot be taken away")
    gone = {node.id for node in there[-steps:]}
    kept = [each for each in flow.document.data["nodes"] if each["node_id"] not in gone]
    read_by = {given["node_id"] for each in kept for given in each.get("inputs") or []}
    # Tables that only those steps read; the one that all began with stays.
    flow.document.data["nodes"] = [
        each
        for index, each in enumerate(kept)
        if not index or each["type"] != "SOURCE" or each["node_id"] in read_by
    ]


def _added(flow: Flow, line: Line, values: Mapping[str, Any]) -> str:
    """The new node's identifier."""
    try:
        before = list(flow.document)
        if not before:
            raise WranglerError("the flow has no table to begin with")
        inputs = [before[-1].output()]
        for name in line.tables:
            if name not in values:
                raise WranglerError(f"there is no table {name!r}")
            inputs.append(Input(flow.table(name, values[name]).id))
        used = _declare(flow, line.parameters, values)
        parse(line.operator.Parameters, variables.filled(line.parameters, used))
        form = line.operator.form
        return flow.document.add(form.operator, form.write(line.parameters), inputs).id
    except WranglerError as error:
        raise LineError(line.number, line.text, error.message) from error


def _declare(flow: Flow, parameters: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Make what a step uses as ``{{name}}`` parameters of the flow; all of the flow's values."""
    used = {name for text in _texts(parameters) for name in _USED.findall(text)}
    for name in sorted(used & set(values)):
        value = values[name]
        kind = "number" if isinstance(value, int | float) else "string"
        declared = flow.document.data.setdefault("parameters", [])
        declared[:] = [each for each in declared if each.get("name") != name]
        declared.append({"name": name, "type": kind, "value": str(value)})
    return {**variables.defaults(flow.document.data)}


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _at_its_line(result: Result, page: Page, added: Mapping[str, Line]) -> WranglerError:
    for node, line in added.items():
        try:
            result.relation(node, next(iter(result.outcomes[node].outputs), "default")).to_arrow()
        except StepError as error:
            return LineError(line.number, line.text, error.cause.message)
        except WranglerError as error:
            return LineError(line.number, line.text, error.message)
    return WranglerError(page.error)
