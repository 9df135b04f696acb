"""A flow as a document: nodes, what feeds them, and the file they came from.

The file is kept as it is: keys that Studio does not know stay, leftovers of other sub-operators
too, and what was not changed is written byte for byte as it was read.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from ...files import write_atomic
from ..errors import FlowError, UnsupportedError, shown
from .style import Style

TYPES = ("SOURCE", "TRANSFORM", "DATASET", "VISUALIZATION", "DESTINATION")
DEFAULT = "default"
IDENTITY = "sagemaker.spark.identity_"
DISABLED = "studio_disabled"


@dataclass(frozen=True)
class Input:
    """What a node reads: the output ``output`` of the node ``node``."""

    node: str
    output: str = DEFAULT
    name: str = "df"


class Node:
    """One node; a view of its JSON, which every change goes to."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    @property
    def id(self) -> str:
        """Its identifier in this file."""
        return str(self.data["node_id"])

    @property
    def type(self) -> str:
        """SOURCE, TRANSFORM, DATASET (a name for what it reads), VISUALIZATION or DESTINATION."""
        # What splits give is passed on by transforms that do nothing.
        return "DATASET" if self.operator.startswith(IDENTITY) else str(self.data["type"])

    @property
    def operator(self) -> str:
        """The operator's identifier, such as ``sagemaker.spark.manage_columns_0.1``."""
        return str(self.data["operator"])

    @property
    def parameters(self) -> dict[str, Any]:
        """As they stand in the file."""
        return self.data.get("parameters") or {}

    @property
    def dataset(self) -> Mapping[str, Any]:
        """A source's ``dataset_definition``: what it reads."""
        given = self.parameters.get("dataset_definition")
        return given if isinstance(given, Mapping) else {}

    @property
    def trained(self) -> dict[str, Any] | None:
        """``trained_parameters``, as they stand in the file."""
        return self.data.get("trained_parameters")

    @trained.setter
    def trained(self, value: dict[str, Any] | None) -> None:
        if value is None:
            self.data.pop("trained_parameters", None)
        else:
            self.data["trained_parameters"] = value

    @property
    def switched_off(self) -> Node | None:
        """The step that this one stands for, which a person has switched off; None: none.

        Data Wrangler knows no such thing. The node is then the transform that does nothing, so that
        whoever runs the file passes the rows on, and keeps what it was under ``studio_disabled``.
        """
        was = self.data.get(DISABLED)
        return Node({**self.data, **was}) if isinstance(was, dict) else None

    @property
    def inputs(self) -> list[Input]:
        """What it reads; the order tells left from right."""
        return [
            Input(each["node_id"], each.get("output_name") or DEFAULT, each.get("name") or "df")
            for each in self.data.get("inputs") or []
        ]

    @property
    def outputs(self) -> list[str]:
        """Names of what it gives."""
        return [str(each.get("name") or DEFAULT) for each in self.data.get("outputs") or []]

    def output(self, name: str = DEFAULT) -> Input:
        """One of its outputs, as what another node reads."""
        return Input(self.id, name)

    @property
    def sampling(self) -> Mapping[str, Any]:
        """How a source is sampled; empty: not at all."""
        return next(
            (o["sampling"] for o in self.data.get("outputs") or [] if o.get("sampling")), {}
        )

    @property
    def label(self) -> str:
        """What a person calls it: its own name, else that of its dataset or its step."""
        given = self.data.get("name") or self.parameters.get("name")
        chosen = self.parameters.get("operator")
        return str(given or self.dataset.get("name") or chosen or _declared(self) or self.operator)


def _declared(node: Node) -> str | None:
    """What the catalogues call what a node does; None where they know nothing of it."""
    # They read nodes: the document must not need them to be read itself.
    from ..analyses import analyses
    from ..operators import catalogue

    try:
        if node.type == "TRANSFORM":
            return catalogue.find(node.operator, node.parameters).label
        if node.type == "VISUALIZATION":
            return analyses.find(node.operator, node.parameters).label
    except UnsupportedError:
        return None
    return None


@dataclass
class Document:
    """All of one flow file."""

    data: dict[str, Any]
    path: Path | None = None
    style: Style = field(default_factory=Style)
    _text: str | None = None
    _read: Any = None

    @classmethod
    def new(cls) -> Document:
        """A flow without nodes."""
        return cls({"metadata": {"version": 1, "disable_limits": False}, "nodes": []})

    @classmethod
    def open(cls, path: str | Path) -> Document:
        """Read a file; raises FlowError where it is no flow."""
        document = cls.parse(Path(path).read_bytes(), str(path))
        document.path = Path(path)
        return document

    @classmethod
    def parse(cls, content: bytes | str, name: str = "The flow") -> Document:
        """Read a text; raises FlowError where it is no flow."""
        try:
            text = content.decode("utf-8") if isinstance(content, bytes) else content
            data = json.loads(text.removeprefix("\ufeff"))  # a mark that editors of Windows write
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise FlowError(f"{name} is no JSON document: {error}") from error
        document = cls(data, None, Style.of(text, data), text, copy.deepcopy(data))
        document.validate()
        return document

    def text(self) -> str:
        """As it is written: what was read, where nothing has changed."""
        if self._text is not None and self.data == self._read:
            return self._text
        return self.style.dumps(self.data)

    def save(self, path: str | Path | None = None) -> Path:
        """Write the file, whole or not at all; by default to where it was read from."""
        target = Path(path) if path else self.path
        if target is None:
            raise FlowError("The flow has no file yet: name one")
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        write_atomic(target, self.text().encode("utf-8"), mode=mode)
        self.path = target
        return target

    # -- nodes --------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Node]:
        return (Node(each) for each in self.data["nodes"])

    def __len__(self) -> int:
        return len(self.data["nodes"])

    def __getitem__(self, node: str) -> Node:
        for each in self.data["nodes"]:
            if each["node_id"] == node:
                return Node(each)
        raise FlowError(f"The flow has no node {node!r}")

    def add(
        self,
        operator: str,
        parameters: Mapping[str, Any],
        inputs: Sequence[Input] = (),
        *,
        type: str = "TRANSFORM",
        name: str | None = None,
        outputs: Sequence[str] = (DEFAULT,),
    ) -> Node:
        """A further node at the end."""
        data: dict[str, Any] = {
            "node_id": str(uuid.uuid4()),
            "type": type,
            "operator": operator,
            "parameters": dict(parameters),
            "inputs": [
                {"name": each.name, "node_id": each.node, "output_name": each.output}
                for each in inputs
            ],
            "outputs": [{"name": each} for each in outputs],
        }
        if name:
            data["name"] = name
        self.data["nodes"].append(data)
        self.validate()
        return Node(data)

    def order(self) -> list[Node]:
        """Nodes, each after those that it reads; raises FlowError where they go in a circle."""
        graph = {node.id: {each.node for each in node.inputs} for node in self}
        # Among nodes that are ready at once, the file's order.
        place = {node.id: index for index, node in enumerate(self)}
        sorter = TopologicalSorter(graph)
        try:
            sorter.prepare()
        except CycleError as error:
            circle = " -> ".join(self[each].label for each in error.args[1])
            raise FlowError(f"nodes: the flow goes in a circle: {circle}", field="nodes") from error
        ordered: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=place.__getitem__)
            ordered += ready
            sorter.done(*ready)
        return [self[each] for each in ordered]

    def last(self) -> Node:
        """The last transform; raises FlowError where there is none."""
        last = [each for each in self.order() if each.type == "TRANSFORM"]
        if not last:
            raise FlowError("The flow has no transform: name a node")
        return last[-1]

    def readers(self, node: str) -> list[Node]:
        """The nodes that read ``node``."""
        return [each for each in self if any(given.node == node for given in each.inputs)]

    def upstream(self, node: str) -> list[Node]:
        """``node`` and all that it follows from, in order."""
        wanted = {node}
        ordered = self.order()
        for each in reversed(ordered):
            if each.id in wanted:
                wanted |= {given.node for given in each.inputs}
        return [each for each in ordered if each.id in wanted]

    # -- whether it is one --------------------------------------------------------------------

    def validate(self) -> None:
        """Raises FlowError that names the first thing that makes this no flow."""
        if not isinstance(self.data, dict) or not isinstance(self.data.get("nodes"), list):
            raise FlowError("nodes: a flow is a JSON object with a list of nodes", field="nodes")
        seen: set[str] = set()
        for index, node in enumerate(self.data["nodes"]):
            _validate(node, f"nodes[{index}]")
            if node["node_id"] in seen:
                raise FlowError(f"nodes[{index}].node_id: {node['node_id']!r} is there twice")
            seen.add(node["node_id"])
        for index, node in enumerate(self.data["nodes"]):
            for given in node.get("inputs") or []:
                if given["node_id"] not in seen:
                    raise FlowError(
                        f"nodes[{index}].inputs: there is no node {shown(given['node_id'])}"
                    )
        self.order()


def _validate(node: Any, where: str) -> None:
    if not isinstance(node, dict):
        raise FlowError(f"{where}: {shown(node)} is no JSON object")
    for key in ("node_id", "type", "operator"):
        if not isinstance(node.get(key), str) or not node[key]:
            raise FlowError(f"{where}.{key}: {shown(node.get(key))} is no text", field=key)
    if node["type"] not in TYPES:
        raise FlowError(f"{where}.type: {shown(node['type'])} is none of {', '.join(TYPES)}")
    for key, kind in (("parameters", dict), ("trained_parameters", dict)):
        if node.get(key) is not None and not isinstance(node[key], kind):
            raise FlowError(f"{where}.{key}: {shown(node[key])} is no JSON object", field=key)
    for key in ("inputs", "outputs"):
        entries = node.get(key) or []
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise FlowError(f"{where}.{key}: {shown(entries)} is no list of objects", field=key)
    for given in node.get("inputs") or []:
        if not isinstance(given.get("node_id"), str):
            raise FlowError(f"{where}.inputs: {shown(given)} names no node_id", field="inputs")
        _expect(given, ("output_name", "name"), str, "text", f"{where}.inputs")
    for given in node.get("outputs") or []:
        _expect(given, ("name",), str, "text", f"{where}.outputs")
        _expect(given, ("sampling",), dict, "JSON object", f"{where}.outputs")


def _expect(
    given: Mapping[str, Any], keys: Sequence[str], kind: type, word: str, where: str
) -> None:
    """What is there under ``keys`` is of a kind, or null; raises FlowError."""
    for key in keys:
        if given.get(key) is not None and not isinstance(given[key], kind):
            raise FlowError(f"{where}.{key}: {shown(given[key])} is no {word}", field=key)
