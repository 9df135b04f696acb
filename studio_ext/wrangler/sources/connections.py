"""Databases and tables by name: a flow says which, and holds neither addresses nor passwords.

A connection ``sales`` is the URL in the environment variable ``STUDIO_CONNECTION_SALES`` or under
``"sales"`` in ``connections.json`` in the Studio home (``$STUDIO_HOME``, else ``~/.studio``), which
its owner alone may read. Tables that queries name are listed in ``tables.json`` beside it:
``{"database.table": "s3://bucket/prefix/"}``, or the ``s3ExecutionContext`` of a source in place of
the address. In place of a URL stands ``{"url": ...}`` as well. Who runs flows for others hands in
mappings of its own; a job finds both files among its configuration.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...files import read_json
from ..errors import DataError

PREFIX = "STUDIO_CONNECTION_"
_OTHERS = 0o077


def home() -> Path:
    """The Studio home."""
    return Path(os.environ.get("STUDIO_HOME") or Path.home() / ".studio")


def variable(name: str) -> str:
    """The environment variable of a connection."""
    return PREFIX + re.sub(r"\W", "_", name).upper()


class OwnConnections(Mapping[str, str]):
    """Those of the user whose program this is; raises DataError where others may read the file.

    ``folder``: where the file lies, of a job, whose files are for nobody else.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> str:
        given = os.environ.get(variable(name))
        if given:
            return given
        entry = self._listed()[name]
        return str(entry["url"] if isinstance(entry, dict) else entry)

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed())

    def __len__(self) -> int:
        return len(self._listed())

    def _listed(self) -> Mapping[str, Any]:
        path = (self._folder or home()) / "connections.json"
        listed = _read(path)
        if listed and self._folder is None and path.stat().st_mode & _OTHERS:
            raise DataError(f"{path}: others may read this file of passwords: chmod 600 {path}")
        return listed


class OwnTables(Mapping[str, Any]):
    """The tables that are listed in the home, or in the ``folder`` of a job."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Any:
        return self._listed()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed())

    def __len__(self) -> int:
        return len(self._listed())

    def _listed(self) -> Mapping[str, Any]:
        return _read((self._folder or home()) / "tables.json")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        listed = read_json(path)
    except ValueError as error:
        raise DataError(f"{path} is no JSON document") from error
    if listed is not None and not isinstance(listed, dict):
        raise DataError(f"{path}: a JSON object of names is expected")
    return listed or {}


def url_of(name: Any, connections: Mapping[str, str], field: str) -> str:
    """The URL of a connection; raises DataError that says how to give it one."""
    if not isinstance(name, str) or not name:
        raise DataError(f"{field}: the source names no connection", field=field)
    if "://" in name:
        raise DataError(
            f"{field}: a flow holds no addresses of databases: give this one a name, and the name "
            f"its URL in {PREFIX}<NAME>",
            field=field,
        )
    try:
        return connections[name]
    except KeyError:
        raise DataError(
            f"{field}: there is no connection {name!r}: set {variable(name)} to its URL, or add it "
            "to connections.json in the Studio home",
            field=field,
        ) from None
