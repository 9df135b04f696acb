"""Databases and tables that flows name, as far as whoever asks may use them.

``connections.json`` (name -> URL) and ``tables.json`` (``database.table`` -> address, or the
``s3ExecutionContext`` of a source) in the home are the administrator's. An entry that is an object,
``{"url": ..., "sharedWith": "ben carl"}``, may be used by those whom ``sharedWith`` names as the
tag ``studio:shared-with`` does. A table is no right to its files: they are read as the caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files import read_json
from ..wire.errors import ValidationException
from ..wire.identity import Caller
from . import access
from .world import World

CONNECTIONS, TABLES = "connections.json", "tables.json"
_SHARED = "sharedWith"
_OTHERS = 0o077


def url_of(world: World, caller: Caller, name: str) -> str:
    """The URL of a connection; ValidationException where the caller has none of the name."""
    found = connections(world, caller).get(name)
    if found is None:
        raise ValidationException(
            f"connection: there is no connection {name!r} that {caller.user_profile} may use: the "
            f"administrator lists it in {CONNECTIONS} in the Studio home"
        )
    return found


def connections(world: World, caller: Caller) -> dict[str, str]:
    """Name -> URL of the databases that a caller may use.

    Raises ValidationException where the file cannot be used, or others of the machine may read it.
    """
    path = world.config.path / CONNECTIONS
    listed = _listed(path)
    if listed and path.stat().st_mode & _OTHERS:
        raise ValidationException(f"{path}: others may read this file of passwords: chmod 600.")
    return {
        name: str(each["url"] if isinstance(each, dict) else each)
        for name, each in listed.items()
        if access.entry(caller, _shared(each)) and (not isinstance(each, dict) or "url" in each)
    }


def tables(world: World, caller: Caller) -> dict[str, Any]:
    """``database.table`` -> where it lies, of the tables that a caller may name."""
    return {
        name: {k: v for k, v in each.items() if k != _SHARED} if isinstance(each, dict) else each
        for name, each in _listed(world.config.path / TABLES).items()
        if access.entry(caller, _shared(each))
    }


def _shared(entry: Any) -> str | None:
    return str(entry.get(_SHARED, "")) if isinstance(entry, dict) else None


def _listed(path: Path) -> dict[str, Any]:
    try:
        listed = read_json(path)
    except ValueError:
        raise ValidationException(f"{path} is no JSON document.") from None
    if listed is not None and not isinstance(listed, dict):
        raise ValidationException(f"{path}: a JSON object of names is expected.")
    return listed or {}
