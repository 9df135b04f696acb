"""What sources need, asked of the control plane; each of it is of one question."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...wrangler.errors import UnsupportedError
from ..channel import CONNECTION, FILE, TABLES
from .question import Question

#: What was asked for, and its name.
Need = tuple[str, str]


class Asked:
    """Notes in ``used`` what was asked for, so that a kept result can be told from a stale one."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self.used: list[Need] = []

    def find(self, what: str, name: str = "") -> Any:
        """What the control plane says; raises what it refuses."""
        self.used.append((what, name))
        return self._question.find(what, name)


class AskedPlaces:
    """Addresses of files."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def read(self, address: str) -> Path:
        """The file or folder."""
        return Path(self._asked.find(FILE, address))

    def write(self, address: str) -> contextlib.AbstractContextManager[Path]:
        """Nothing is written from here."""
        raise UnsupportedError(f"output_path: previews write nothing to {address!r}")


class AskedConnections(Mapping[str, str]):
    """URLs of databases, each by its name; which there are is not told."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def __getitem__(self, name: str) -> str:
        return str(self._asked.find(CONNECTION, name))

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class AskedTables(Mapping[str, Any]):
    """Places of the tables that queries may name."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def _all(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._asked.find(TABLES)
        return found

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def version(question: Question, need: Need) -> Any:
    """What tells whether the answer to a need has changed since; raises what is refused now.

    A database does not tell whether its rows have changed: what was read of it stays.
    """
    found = question.find(*need)
    if need[0] != FILE:
        return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    path = Path(found)
    paths = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    versions: list[Any] = []
    for each in paths:
        status = each.stat()
        versions.append([str(each.resolve()), status.st_size, status.st_mtime_ns])
    return versions
