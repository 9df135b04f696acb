"""A flow as Python code against this library: run, it makes the flow again.

Kept are the steps with their parameters, what they have learned, names, sampling, and the flow's
own parameters. Not kept is what no run reads: node identifiers, parameters that an editor left
behind for other choices, results of analyses, records of past jobs.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from ..errors import FlowError, ParameterError, UnsupportedError
from ..flow import Document, Node
from ..operators import Operator, catalogue
from ..operators.parameters import declared, parse
from ..sources.reading import TABLE
from .literals import call, comment, literal

IMPORT = "from studio_ext.wrangler import Flow"
NEW = "flow = Flow.new()"
#: What a node may carry beside what makes it.
_FURTHER = ("name", "outputs")


@dataclass
class Step:
    """One node as code: ``variable`` is what later steps call it."""

    node: Node
    variable: str
    #: What a person calls it.
    title: str
    #: One sentence of what it does, where the catalogue knows.
    help: str
    code: str
    #: Code that gives the step what it has learned; empty: nothing.
    learned: str = ""

    @property
    def text(self) -> str:
        """All of it, under its title."""
        return "\n".join(each for each in (comment(self.title), self.code, self.learned) if each)


@dataclass
class Script:
    """A flow as code, in parts that a script and a notebook put together."""

    document: Document
    #: Source by dataset name -> the variable that holds its table, for tables of a program.
    tables: Mapping[str, str] = field(default_factory=dict)
    #: Whether to write what was learned.
    learned: bool = True

    def __post_init__(self) -> None:
        self._taken = {"flow", "Flow", "result", *keyword.kwlist, *self.tables.values()}
        self._variables: dict[str, str] = {}
        self.steps = [self._step(node) for node in self.document.order()]

    @property
    def head(self) -> str:
        """Makes the empty flow."""
        lines = [NEW]
        fresh = Document.new().data
        for key, value in self.document.data.items():
            if key not in ("nodes", "internal_metadata") and fresh.get(key) != value:
                place = f"flow.document.data[{literal(key)}] = "
                lines.append(place + literal(value, 0, len(place)))
        return "\n".join(lines)

    @property
    def run(self) -> str:
        """Runs it."""
        inputs = {name: self.tables.get(name) for name in self.sources}
        given = ", ".join(f"{literal(name)}: {value or name}" for name, value in inputs.items())
        arguments = [f"inputs={{{given}}}"] if inputs else []
        arguments += ["write=True"] if self._has("DESTINATION") else []
        return f"result = {call('flow.run', arguments)}"

    @property
    def result(self) -> str:
        """The table that comes out: an expression."""
        last = [each.variable for each in self.steps if each.node.type == "TRANSFORM"]
        return f"result.table({last[-1]})" if last else "result"

    @property
    def sources(self) -> list[str]:
        """Names of the tables that the flow does not read itself."""
        return [_dataset(each.node) for each in self.steps if _is_table(each.node)]

    def text(self, title: str = "A flow of Data Wrangler, as code.") -> str:
        """The whole script."""
        parts = [f'"""{title}"""', IMPORT, self.head, *(each.text for each in self.steps)]
        if self.sources and not self.tables:
            names = ", ".join(f"{literal(name)}: ..." for name in self.sources)
            parts.append(comment(f"Its table is given when it runs: flow.run(inputs={{{names}}})"))
        elif self.tables:
            parts.append(f"{self.run}\ntable = {self.result}")
        else:
            shown = f"print({self.result})" if self._has("TRANSFORM") else "print(result.errors)"
            parts.append(f'if __name__ == "__main__":\n    {self.run}\n    {shown}')
        return "\n\n".join(parts) + "\n"

    def _has(self, kind: str) -> bool:
        return any(each.node.type == kind for each in self.steps)

    # -- one step -----------------------------------------------------------------------------

    def _step(self, node: Node) -> Step:
        operator = _operator(node)
        variable = self._variables[node.id] = self._name(node, operator)
        own = _own(operator, node) if operator else None
        if operator and own is not None:
            made = _as_step(operator, own, self._given(node))
        else:
            made = _as_node(node, self._given(node))
        further = [
            f"{variable}.data[{literal(key)}] = {literal(node.data[key])}"
            for key in _FURTHER
            if node.data.get(key) not in (None, _plain(key))
        ]
        code = "\n".join([f"{variable} = {made}", *further])
        kept = _kept(operator, node) if self.learned and node.type == "TRANSFORM" else None
        place = f"{variable}.trained = "
        learned = place + literal(kept, 0, len(place)) if kept else ""
        help = operator.help if operator else ""
        return Step(node, variable, _title(node, operator), help, code, learned)

    def _given(self, node: Node) -> list[str]:
        return [
            self._variables[each.node]
            if each.output == "default"
            else f"{self._variables[each.node]}.output({literal(each.output)})"
            for each in node.inputs
        ]

    def _name(self, node: Node, operator: Operator[Any] | None) -> str:
        words = operator.label if operator else node.label
        if node.type == "SOURCE":
            words = PurePath(_dataset(node)).stem or "source"
            words += "_source" if _is_table(node) else ""
        name = re.sub(r"\W+", "_", words.lower()).strip("_")
        name = name if name.isidentifier() and not keyword.iskeyword(name) else f"step_{name}"
        unique, number = name, 1
        while unique in self._taken:
            number += 1
            unique = f"{name}_{number}"
        self._taken.add(unique)
        return unique


def to_python(document: Document, **options: Any) -> str:
    """The flow as a script; ``learned=False`` leaves out what the steps have learned."""
    return Script(document, **options).text()


def _plain(key: str) -> Any:
    return [{"name": "default"}] if key == "outputs" else None


def _dataset(node: Node) -> str:
    return str(node.dataset.get("name") or "")


def _is_table(node: Node) -> bool:
    return node.type == "SOURCE" and node.dataset.get("datasetSourceType") == TABLE


def _title(node: Node, operator: Operator[Any] | None) -> str:
    given = node.data.get("name")
    if operator:
        return f"{operator.label}: {given}" if given else operator.label
    if node.type == "SOURCE":
        return f"Source: {given or _dataset(node) or node.label}"
    return f"{node.type.capitalize()}: {node.label}"


def _operator(node: Node) -> Operator[Any] | None:
    if node.type != "TRANSFORM":
        return None
    try:
        return catalogue.find(node.operator, node.parameters)
    except UnsupportedError:
        return None


def _own(operator: Operator[Any], node: Node) -> dict[str, Any] | None:
    """The step's parameters as ``Flow.add`` takes them; None where it would not take them.

    That is so where ``{{name}}`` stands for a number, and where the file holds what cannot run.
    """
    read = operator.form.read(node.parameters)
    known = {key: each for key, each in read.items() if key in declared(operator.Parameters)}
    short = {key: each for key, each in known.items() if not _blank(each)}
    try:
        whole = parse(operator.Parameters, read)
        return short if parse(operator.Parameters, short) == whole else known
    except ParameterError:
        return None


def _blank(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _as_step(operator: Operator[Any], own: Mapping[str, Any], given: list[str]) -> str:
    plain = [(n, v) for n, v in own.items() if n.isidentifier() and not keyword.iskeyword(n)]
    other = {name: value for name, value in own.items() if (name, value) not in plain}
    arguments = [literal(operator.key), *given]
    arguments += [f"{name}={literal(value, 1, len(name) + 2)}" for name, value in plain]
    arguments += [f"**{literal(other, 1, 3)}"] if other else []
    return call("flow.add", arguments)


def _as_node(node: Node, given: list[str]) -> str:
    inputs = "[" + ", ".join(e if "(" in e else f"{e}.output()" for e in given) + "]"
    arguments = [literal(node.operator), literal(node.parameters, 1)]
    arguments += [inputs] if given else []
    arguments += [f"type={literal(node.type)}"] if node.type != "TRANSFORM" else []
    return call("flow.document.add", arguments)


def _kept(operator: Operator[Any] | None, node: Node) -> dict[str, Any] | None:
    """What the step has learned, in Studio's form: Spark's saved models become plain values."""
    if operator is None or not node.trained:
        return node.trained
    try:
        p = parse(operator.Parameters, operator.form.read(node.parameters))
        saved = operator.form.read_trained(node.trained)
        restored = operator.restored(saved, p) if saved else None
    except (FlowError, ParameterError):
        return node.trained  # damaged, or of parameters that are known when it runs
    return operator.form.write_trained(operator.saved(restored, p)) if restored else None
