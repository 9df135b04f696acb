"""The log of what happened to resources, written with each change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select

from .database import lookup, read, write
from .portable import Turn, share_turn, take_turn
from .prepared import Driven, Prepared
from .tables import events

if TYPE_CHECKING:
    from .resources import Resource


_NEWEST = Prepared(select(func.coalesce(func.max(events.c.id), 0)))
_LATER = Prepared(select(events.c.id).where(events.c.id > bindparam("id")).limit(1))
_INSERT = Prepared(insert(events), [column.name for column in events.c if column.name != "id"])
_FORGET = Prepared(
    delete(events).where(
        events.c.resource_id == bindparam("resource_id"),
        events.c.change == bindparam("change"),
        events.c.status.is_not_distinct_from(bindparam("status")),
        events.c.actor == bindparam("actor"),
    )
)


@contextmanager
def settled(engine: Engine) -> Iterator[Connection]:
    """To read the log with: no event is on its way that would get an id below one that is seen.

    On PostgreSQL ids are given before transactions end, and these end in any order.
    """
    if engine.dialect.name != "postgresql":
        with read(engine) as connection:
            yield connection
        return
    with write(engine) as connection:
        take_turn(connection, Turn.EVENTS)
        yield connection


def newest(engine: Engine) -> int:
    """The id of the newest event, 0 when there is none."""
    with settled(engine) as connection:
        return int(_NEWEST.one(connection)[0])


def any_after(engine: Engine, event_id: int) -> bool:
    """Whether there is a later event."""
    with lookup(engine) as connection:
        return _LATER.one(connection, {"id": event_id}) is not None


def record(
    connection: Driven,
    resource: Resource,
    change: str,
    actor: str,
    *,
    replace: bool = False,
) -> None:
    """Add to the event log; ``replace`` takes out the actor's earlier notes of the same status.

    Last of all in a transaction: from here to its end, readers of the log wait.
    """
    share_turn(connection, Turn.EVENTS)
    noted = {
        "at": time.time(),
        "resource_id": resource.id,
        "kind": resource.kind,
        "account": resource.account,
        "domain": resource.domain,
        "name": resource.name,
        "change": change,
        "status": resource.status,
        "actor": actor,
    }
    if replace:
        _FORGET.run(connection, noted)
    _INSERT.run(connection, noted)
