"""What a job keeps of what it has done, for one that goes on after it: by content, not by name.

A node's mark is a hash of what it does and of the marks of what it reads; that of a source, of its
files. So a node that was changed, and all that follows from it, are done again; nothing else is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import __version__
from ...files import read_json, write_json
from ..errors import UnsupportedError, WranglerError
from ..flow import Document, Node, variables
from ..flow.typed import Address
from ..sources import queries
from ..sources.queries import ATHENA
from ..sources.reading import FILES
from .binding import JobPlaces

_CHUNK = 1 << 20


@dataclass
class Kept:
    """What is kept of a node: rows by output, what it learned, files by output."""

    rows: dict[str, int] = field(default_factory=dict)
    learned: dict[str, Any] | None = None
    files: dict[str, str] = field(default_factory=dict)


class Checkpoints:
    """A folder: ``nodes/<mark>.json``, ``tables/<mark>.<n>.parquet``, ``outputs/<mark>/``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("nodes", "tables", "outputs"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def node(self, mark: str) -> Kept | None:
        """What is kept of a node, whole."""
        found = read_json(self._folder / "nodes" / f"{mark}.json")
        if found is None:
            return None
        kept = Kept(**found)
        return kept if all(self.table(name).exists() for name in kept.files.values()) else None

    def keep(self, mark: str, kept: Kept) -> None:
        """Keep a node: from here on it is done."""
        write_json(self._folder / "nodes" / f"{mark}.json", kept.__dict__)

    def table(self, name: str) -> Path:
        """Where a table is kept."""
        return self._folder / "tables" / name

    def made(self, name: str, write: Callable[[Path], None]) -> Path:
        """A table kept under ``name``, whole or not at all."""
        target = self.table(name)
        fresh = target.with_name(f".{name}.making")
        fresh.unlink(missing_ok=True)
        write(fresh)
        os.replace(fresh, target)
        return target

    def output(self, mark: str) -> Path:
        """The folder of an output, there once it is whole."""
        return self._folder / "outputs" / mark

    def clear(self) -> None:
        """Forget everything: the job has come out."""
        shutil.rmtree(self._folder, ignore_errors=True)


class Marks:
    """Marks of a flow's nodes."""

    def __init__(
        self,
        document: Document,
        values: Mapping[str, Any],
        refit: bool,
        places: JobPlaces,
        tables: Mapping[str, Any],
    ) -> None:
        self._values, self._refit, self._places = values, refit, places
        self._tables = tables
        self._marks: dict[str, str] = {}
        for node in document.order():
            mark = self._mark(node)
            if mark is not None:
                self._marks[node.id] = mark

    def get(self, node: str) -> str | None:
        """A node's mark; None where what it is to do cannot even be read, and where what it
        follows from comes from a database, which does not tell whether its rows have changed."""
        return self._marks.get(node)

    def _mark(self, node: Node) -> str | None:
        try:
            parameters = variables.filled(node.parameters, self._values, "parameters")
            files = self._read_by(parameters) if node.type == "SOURCE" else None
        except WranglerError:
            return None  # the run says what is wrong, at its node
        if any(each.node not in self._marks for each in node.inputs):
            return None
        return hashed(
            [
                __version__,
                [node.type, node.operator, parameters, dict(node.sampling), files],
                None if self._refit else node.trained,
                [[self._marks[each.node], each.output] for each in node.inputs],
            ]
        )

    def _read_by(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The versions of all files that a source reads."""
        definition = parameters.get("dataset_definition") or {}
        kind = definition.get("datasetSourceType")
        if kind in FILES:
            return self._files(definition)
        if kind != ATHENA:
            raise UnsupportedError(f"datasetSourceType: {kind!r} tells no versions")
        return [
            [dict(table), self._files(table)] for table in queries.named(definition, self._tables)
        ]

    def _files(self, definition: Mapping[str, Any]) -> list[list[Any]]:
        place = definition.get("s3ExecutionContext") or {}
        address = place.get("s3Uri")
        wanted = address.fits if isinstance(address, Address) else lambda name: True
        if isinstance(address, Address):
            root = self._places.matching(address.folder, wanted)
        else:
            root = self._places.read(str(address))
        below = sorted(p for p in root.rglob("*") if p.is_file() and wanted(_name(p, root)))
        files = [root] if root.is_file() else below
        return [[str(path.relative_to(root.parent)), self._version(path)] for path in files]

    def _version(self, path: Path) -> Any:
        """Brought files are links to objects, with their times; fetched ones are new by time."""
        if self._places.is_brought(path):
            status = path.stat()
            return [status.st_size, status.st_mtime_ns]
        digest = hashlib.blake2b(digest_size=16)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def hashed(value: Any) -> str:
    """A name for a JSON value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
