"""How many resources have which status, counted again only when something has changed."""

from __future__ import annotations

import threading

from sqlalchemy import Connection, Engine, bindparam, func, select

from .database import read
from .eventlog import newest
from .tables import events, resources

_COUNT = (
    select(resources.c.status, func.count())
    .where(
        resources.c.kind == bindparam("kind"),
        resources.c.account == bindparam("account"),
    )
    .group_by(resources.c.status)
)
_CHANGED = (
    select(events.c.id)
    .where(
        events.c.id > bindparam("last"),
        events.c.kind == bindparam("kind"),
        events.c.account == bindparam("account"),
    )
    .limit(1)
)


class Counts:
    """Counts of one database, remembered. Every change leaves an event with it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[int, dict[str, int]]] = {}

    def by_status(self, kind: str, account: str) -> dict[str, int]:
        """How many of an account's resources of a kind have which status."""
        with self._lock:
            known = self._known.get((kind, account))
        last = newest(self._engine)
        with read(self._engine) as connection:
            if known is None or _changed(connection, known[0], kind, account):
                found = connection.execute(_COUNT, {"kind": kind, "account": account})
                known = last, {status or "": count for status, count in found}
        with self._lock:
            self._known[kind, account] = last, known[1]
        return dict(known[1])


def _changed(connection: Connection, last: int, kind: str, account: str) -> bool:
    asked = {"last": last, "kind": kind, "account": account}
    return connection.execute(_CHANGED, asked).first() is not None
