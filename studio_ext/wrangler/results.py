"""Results of a run beside the flow, not in it: ``people.flow`` has ``people.flow.results``.

A folder that takes the place of an older one whole:

* ``results.json``: ``format`` (1), ``at`` (seconds since the epoch), ``parameters``, and ``nodes``:
  id -> ``mark``, ``label``, ``state``, ``error``, ``field``, ``notes``, ``printed``, ``trained``
  (what the step has learned, as the flow keeps it) and ``outputs``: name -> ``rows`` (how many),
  ``columns`` (name -> kind) and ``file``;
* ``rows/<n>.parquet``: the first rows of an output;
* ``analyses/<n>.json``: ``data``, ``figure`` (plotly) and ``notes`` of an analysis.

A node's mark is a hash of what it does, of the values of the flow's parameters that it uses, and of
the marks of what it reads. Results whose mark is no longer that of the document's node are stale:
they are not handed out. Files that a source reads are not part of its mark; ``at`` tells the time.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import read_json
from . import types
from .errors import FlowError, StepError, WranglerError
from .flow import Document, Node, typed, variables
from .plain import plain
from .relation import Relation
from .storage import LocalPlaces
from .targets.files import write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from .running import Run

FORMAT = 1
SHOWN_ROWS = 100


def folder_of(flow: str | Path) -> Path:
    """Where the results of a flow's file lie."""
    return Path(f"{flow}.results")


class Results:
    """Results of an earlier run, as far as they are still those of the document."""

    def __init__(self, folder: Path, told: Mapping[str, Any], document: Document) -> None:
        self._folder, self._told = folder, told
        marks = _marks(document, told.get("parameters") or {})
        there = told.get("nodes") or {}
        self._fresh = {
            name: each for name, each in there.items() if marks.get(name) == each["mark"]
        }
        #: Nodes that were changed since, or that read such a one.
        self.stale: list[str] = [
            name for name in marks if name in there and name not in self._fresh
        ]

    @classmethod
    def open(cls, document: Document, folder: str | Path | None = None) -> Results | None:
        """Those beside the document's file, or in ``folder``; None where there are none."""
        place = Path(folder) if folder else folder_of(_path(document))
        try:
            told = read_json(place / "results.json")
        except ValueError as error:
            raise FlowError(f"{place}: the results are damaged: remove the folder") from error
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            return None
        return cls(place, told, document)

    @property
    def at(self) -> float:
        """When the run was, in seconds since the epoch."""
        return float(self._told["at"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._fresh)

    def __contains__(self, node: object) -> bool:
        return node in self._fresh

    def __getitem__(self, node: str) -> Mapping[str, Any]:
        """What is known of a node: ``state``, ``error``, ``outputs`` and so on."""
        return dict(self._fresh[node])

    def rows(self, node: str, output: str = "default") -> pa.Table:
        """The first rows of an output."""
        import pyarrow.parquet as pq

        return pq.ParquetFile(self._folder / self._fresh[node]["outputs"][output]["file"]).read()

    def analysis(self, node: str) -> Mapping[str, Any]:
        """What an analysis has found: ``data``, ``figure`` and ``notes``."""
        found: Mapping[str, Any] = read_json(self._folder / self._fresh[node]["analysis"]) or {}
        return found


def save(run: Run, folder: str | Path | None = None, *, rows: int = SHOWN_ROWS) -> Path:
    """Keep what a run gave: counts and first ``rows`` of every output, and what analyses find."""
    place = Path(folder) if folder else folder_of(_path(run.document))
    marks = _marks(run.document, run.options.parameters)
    with LocalPlaces().write(str(place)) as made:
        for name in ("rows", "analyses"):
            (made / name).mkdir(parents=True)
        # Later nodes may show faults of earlier ones: those are told as they are at the end.
        more = {
            node.id: _kept(run, node, made, number, rows)
            for number, node in enumerate(run.document.order())
        }
        nodes = {
            name: {"mark": marks[name], **_told(run, name), **each} for name, each in more.items()
        }
        told = {
            "format": FORMAT,
            "at": time.time(),
            "parameters": dict(run.options.parameters),
            "nodes": nodes,
        }
        _write(made / "results.json", told)
    return place


def _told(run: Run, name: str) -> dict[str, Any]:
    outcome = run.outcomes[name]
    error = outcome.error if outcome.error and outcome.error.node == name else None
    return {
        "label": outcome.node.label,
        "state": str(outcome.state),
        "error": str(error) if error else None,
        "field": error.field if error else None,
        "notes": list(outcome.notes),
        "printed": outcome.printed,
        "trained": outcome.learned or outcome.node.trained,
    }


def _kept(run: Run, node: Node, made: Path, number: int, rows: int) -> dict[str, Any]:
    try:
        if node.type == "VISUALIZATION":
            found = run.findings(node.id)
            file = f"analyses/{number}.json"
            content = {"data": found.data, "figure": found.figure, "notes": found.notes}
            _write(made / file, content)
            return {"analysis": file}
        outputs = {}
        for place, (name, relation) in enumerate(run.outcomes[node.id].outputs.items()):
            file = f"rows/{number}-{place}.parquet"
            outputs[name] = {"file": file, **_output(relation, made / file, rows)}
        return {"outputs": outputs}
    except StepError as error:
        return {"state": "failed" if error.node == node.id else "skipped", "error": str(error)}
    except WranglerError as error:
        blamed = run.blamed(node.id, error)
        return {"state": "failed" if blamed.node == node.id else "skipped", "error": str(blamed)}


def _output(relation: Relation, file: Path, rows: int) -> dict[str, Any]:
    write_parquet(relation.limit(rows), file)
    columns = {name: types.kind_of(each) for name, each in relation.schema.items()}
    return {"rows": relation.count(), "columns": columns}


def _marks(document: Document, parameters: Mapping[str, Any]) -> dict[str, str]:
    try:
        values = typed.values(document.data, parameters)
    except WranglerError:
        values = dict(parameters)
    marks: dict[str, str] = {}
    for node in document.order():
        try:
            said = variables.filled(node.parameters, values, "parameters")
        except WranglerError:
            said = node.parameters
        reads = [[marks[each.node], each.output, each.name] for each in node.inputs]
        what = [node.type, node.operator, said, dict(node.sampling), reads]
        text = json.dumps(what, sort_keys=True, default=str)
        marks[node.id] = hashlib.sha256(text.encode()).hexdigest()[:32]
    return marks


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(plain(content)), encoding="utf-8")


def _path(document: Document) -> Path:
    if document.path is None:
        raise FlowError("The flow has no file yet: name a folder for its results")
    return document.path
