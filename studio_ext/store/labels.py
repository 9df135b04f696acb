"""Tags of a resource, and the one that shares it, which its row repeats."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, insert, select, update

from .prepared import Driven, Prepared
from .tables import resources, tags

_INSERT = Prepared(insert(tags), ["resource_id", "key", "value"])


def set_tags(connection: Driven, resource_id: int, values: Mapping[str, str]) -> None:
    """Add tags to a resource that has none of these keys."""
    for key, value in values.items():
        _INSERT.run(connection, {"resource_id": resource_id, "key": key, "value": value})


def set_shared(connection: Connection, resource_id: int, value: str | None) -> None:
    """Note whom a resource is shared with, in the words of its tag."""
    at = resources.c.id == resource_id
    connection.execute(update(resources).where(at).values(shared=value))


def tags_of(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Tags of several resources, each by key."""
    query = select(tags).where(tags.c.resource_id.in_(ids)).order_by(tags.c.key)
    found: dict[int, dict[str, str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.resource_id, {})[row.key] = row.value
    return found
