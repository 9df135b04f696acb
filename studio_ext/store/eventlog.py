"""The log of what happened to resources, written with each change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, delete, insert

from .portable import Turn, take_turn
from .tables import events

if TYPE_CHECKING:
    from .resources import Resource


def record(
    connection: Connection,
    resource: Resource,
    change: str,
    actor: str,
    *,
    replace: bool = False,
) -> None:
    """Add to the event log; ``replace`` takes out the actor's earlier notes of the same status.

    Last of all in a transaction: from here to its end, other changes wait.
    """
    take_turn(connection, Turn.EVENTS)
    if replace:
        same = and_(
            events.c.resource_id == resource.id,
            events.c.change == change,
            events.c.status == resource.status,
            events.c.actor == actor,
        )
        connection.execute(delete(events).where(same))
    connection.execute(
        insert(events).values(
            at=time.time(),
            resource_id=resource.id,
            kind=resource.kind,
            account=resource.account,
            domain=resource.domain,
            name=resource.name,
            change=change,
            status=resource.status,
            actor=actor,
        )
    )
