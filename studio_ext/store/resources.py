"""Every resource of every kind: one table, and a log of events."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ..seen import context
from . import eventlog, queue
from .counts import Counts
from .database import glance, read, write
from .eventlog import record
from .labels import set_shared, set_tags
from .listing import Fields, Query, page
from .portable import now
from .tables import events, resources, tags

#: A tag whose value says who else may read and invoke a resource: see control/access.py.
SHARED_WITH = "studio:shared-with"

log = logging.getLogger(__name__)


#: Built once: putting such a statement together costs more than SQLite takes to answer it.
_INSERT = insert(resources)
_INSERT_DUE = _INSERT.values(wake_at=now())
_BY_ID = select(resources).where(resources.c.id == bindparam("id"))
_BY_ARN = select(resources).where(resources.c.arn == bindparam("arn"))
_BY_NAME = select(resources).where(
    *(resources.c[name] == bindparam(name) for name in ("kind", "account", "name", "version"))
)


# Not ordered: for the order's sake SQLite would look at all there is of the kind.
_SHARED = select(resources).where(
    resources.c.kind == bindparam("kind"), resources.c.shared.is_not(None)
)


class NameTaken(Exception):
    """A resource of that kind and name exists."""


@dataclass
class Resource:
    """A resource as it is: ``spec`` is what was asked, ``state`` what has become of it.

    ``account`` is its owner's: names are unique in it, and nobody else sees what is in it but
    whom ``shared`` (the value of the tag SHARED_WITH) names. ``node`` is the home whose processes
    run it. ``created`` and ``modified`` are epoch seconds; ``generation`` counts changes of the
    spec.
    """

    id: int
    kind: str
    account: str
    domain: str
    name: str
    arn: str
    owner: str
    status: str | None
    spec: dict[str, Any]
    state: dict[str, Any]
    version: int = 0
    generation: int = 1
    parent_id: int | None = None
    created: float = 0.0
    modified: float = 0.0
    shared: str | None = None
    node: str | None = None

    @property
    def series(self) -> str:
        """What its metrics are stored under."""
        return f"{self.account}/{self.kind}/{self.name}"


@dataclass(frozen=True)
class Event:
    """One change of a resource."""

    id: int
    at: float
    resource_id: int
    kind: str
    account: str
    domain: str
    name: str
    change: str
    status: str | None


class Resources:
    """Reads and writes resources; each write is one transaction with its event."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counts = Counts(engine)

    # --- life and death

    def create(
        self,
        *,
        kind: str,
        account: str,
        domain: str,
        name: str,
        arn: str,
        owner: str,
        status: str | None,
        spec: dict[str, Any],
        state: dict[str, Any] | None = None,
        version: int = 0,
        resource_tags: Mapping[str, str] | None = None,
        parent_id: int | None = None,
        wake: bool = False,
        room: queue.Room | None = None,
    ) -> Resource:
        """Create a resource with its tags and event; NameTaken when the name is in use.

        With ``room`` it waits from now on for so much of the machine.
        """
        at = time.time()
        values = {
            "kind": kind,
            "account": account,
            "domain": domain,
            "name": name,
            "version": version,
            "arn": arn,
            "owner": owner,
            "shared": (resource_tags or {}).get(SHARED_WITH),
            "status": status,
            "spec": spec,
            "state": {**(state or {}), **_on_behalf()},
            "parent_id": parent_id,
            "created": at,
            "modified": at,
        }
        try:
            with write(self._engine) as connection:
                statement = _INSERT_DUE if wake else _INSERT
                key = connection.execute(statement, values).inserted_primary_key
                assert key is not None
                set_tags(connection, key[0], resource_tags or {})
                if room is not None:
                    queue.enter(connection, queue.Place(key[0], account, at, room, None))
                row = _row(connection, key[0])
                assert row is not None
                resource = _resource(row)
                record(connection, resource, "created", owner)
        except IntegrityError as error:
            raise NameTaken(name) from error
        _say(resource, f"created{f', {status}' if status else ''}")
        return resource

    def delete(self, resource_id: int, actor: str) -> None:
        """Delete a resource and its tags; its events stay."""
        with write(self._engine) as connection:
            _lock(connection, resource_id)
            row = _row(connection, resource_id)
            if row is None:
                return
            connection.execute(delete(tags).where(tags.c.resource_id == resource_id))
            connection.execute(delete(resources).where(resources.c.id == resource_id))
            record(connection, _resource(row), "deleted", actor)
        _say(_resource(row), "deleted")

    # --- reading

    def get(self, kind: str, account: str, name: str, version: int = 0) -> Resource | None:
        """The account's resource of that name, or None."""
        return self._one(
            _BY_NAME, {"kind": kind, "account": account, "name": name, "version": version}
        )

    def by_id(self, resource_id: int) -> Resource | None:
        """The resource of that id, or None."""
        return self._one(_BY_ID, {"id": resource_id})

    def by_arn(self, arn: str) -> Resource | None:
        """The resource of that ARN, whoever has it, or None."""
        return self._one(_BY_ARN, {"arn": arn})

    def shared(self, kind: str, name: str | None = None) -> Sequence[Resource]:
        """Resources of a kind that their owners share with anybody, by account."""
        with glance(self._engine) as connection:
            found = [_resource(row) for row in connection.execute(_SHARED, {"kind": kind})]
        mine = [one for one in found if name is None or one.name == name]
        return sorted(mine, key=lambda one: (one.account, one.id))

    def _one(self, query: Select[Any], values: dict[str, Any]) -> Resource | None:
        with glance(self._engine) as connection:
            row = connection.execute(query, values).one_or_none()
        return _resource(row) if row is not None else None

    def list(self, query: Query) -> list[Resource]:
        """One page of resources in the order asked for, found by index and not by offset."""
        with glance(self._engine) as connection:
            return [_resource(row) for row in connection.execute(*page(query))]

    def rows(self, query: Query, fields: Fields) -> Sequence[Row[Any]]:
        """One page as rows of some fields alone, for lists that show little of much."""
        with glance(self._engine) as connection:
            return connection.execute(*page(query, fields)).all()

    def by_ids(self, connection: Connection, ids: Sequence[int]) -> Sequence[Resource]:
        """Resources in the order of their ids as given; those that are gone are left out."""
        rows = connection.execute(select(resources).where(resources.c.id.in_(ids)))
        found = {row.id: _resource(row) for row in rows}
        return [found[one] for one in ids if one in found]

    def count_by_status(self, kind: str, account: str) -> dict[str, int]:
        """How many of an account's resources of a kind have which status."""
        return self._counts.by_status(kind, account)

    # --- changing

    @contextmanager
    def edit(
        self,
        resource_id: int,
        *,
        actor: str = "controller",
        wake: bool = False,
        progress: bool = False,
        leaves_queue: bool = False,
    ) -> Iterator[Resource | None]:
        """Read, change and write a resource in one transaction; None when it is gone.

        Assign to ``status``, ``spec`` or ``state`` of what is given. A new spec raises the
        generation; ``wake`` has its controller look at it at once. ``progress`` is for notes that
        come often: they leave the time of the last change alone, and the event log keeps only
        the last of them. ``leaves_queue`` gives back what the resource took of the machine.
        """
        with write(self._engine) as connection:
            query = select(resources).where(resources.c.id == resource_id).with_for_update()
            row = connection.execute(query).one_or_none()
            if row is None:
                yield None
                return
            before = _resource(row)
            resource = copy.deepcopy(before)
            yield resource
            if context.direct() and _changes(before, resource):
                resource.state.update(_on_behalf())
            values = _changes(before, resource)
            changed = bool(values)
            if changed and not progress:
                values["modified"] = resource.modified = time.time()
            if leaves_queue:
                queue.leave(connection, resource_id)
            if wake:
                values["wake_at"] = now()
            if values:
                at = resources.c.id == resource_id
                connection.execute(update(resources).where(at).values(**values))
            if changed:
                record(connection, resource, "updated", actor, replace=progress)
        if resource.status != before.status:
            _say(resource, f"{before.status} -> {resource.status}")

    # --- tags

    def tags(self, resource_id: int) -> dict[str, str]:
        """Tags of a resource, by key."""
        query = select(tags).where(tags.c.resource_id == resource_id).order_by(tags.c.key)
        with read(self._engine) as connection:
            return {row.key: row.value for row in connection.execute(query)}

    def add_tags(self, resource_id: int, added: Mapping[str, str], limit: int) -> dict[str, str]:
        """Add or replace tags; ValueError when there would be more than ``limit``."""
        with write(self._engine) as connection:
            _lock(connection, resource_id)
            query = select(tags).where(tags.c.resource_id == resource_id)
            merged = {row.key: row.value for row in connection.execute(query)} | dict(added)
            if len(merged) > limit:
                raise ValueError(f"a resource has at most {limit} tags, not {len(merged)}")
            connection.execute(delete(tags).where(tags.c.resource_id == resource_id))
            set_tags(connection, resource_id, merged)
            if SHARED_WITH in added:
                set_shared(connection, resource_id, added[SHARED_WITH])
        return merged

    def delete_tags(self, resource_id: int, keys: Collection[str]) -> None:
        """Remove tags; keys that are not there are no error."""
        at = (tags.c.resource_id == resource_id) & tags.c.key.in_(keys)
        with write(self._engine) as connection:
            _lock(connection, resource_id)
            connection.execute(delete(tags).where(at))
            if SHARED_WITH in keys:
                set_shared(connection, resource_id, None)

    # --- events

    def events_after(self, event_id: int, limit: int = 1000) -> Sequence[Event]:
        """Changes after an event, oldest first; none will come up before the last of them."""
        if not eventlog.any_after(self._engine, event_id):
            return []
        query = select(events).where(events.c.id > event_id).order_by(events.c.id).limit(limit)
        with eventlog.settled(self._engine) as connection:
            return [
                Event(
                    r.id,
                    r.at,
                    r.resource_id,
                    r.kind,
                    r.account,
                    r.domain,
                    r.name,
                    r.change,
                    r.status,
                )
                for r in connection.execute(query)
            ]

    def last_event(self) -> int:
        """The id of the newest event, 0 when there is none."""
        return eventlog.newest(self._engine)


def _lock(connection: Connection, resource_id: int) -> None:
    """Have whoever else changes this resource wait; SQLite has them wait already."""
    query = select(resources.c.id).where(resources.c.id == resource_id)
    connection.execute(query.with_for_update())


def _row(connection: Connection, resource_id: int) -> Row[Any] | None:
    return connection.execute(_BY_ID, {"id": resource_id}).one_or_none()


def _resource(row: Row[Any]) -> Resource:
    return Resource(
        id=row.id,
        kind=row.kind,
        account=row.account,
        domain=row.domain,
        name=row.name,
        arn=row.arn,
        owner=row.owner,
        status=row.status,
        spec=row.spec,
        state=row.state,
        version=row.version,
        generation=row.generation,
        parent_id=row.parent_id,
        created=row.created,
        modified=row.modified,
        shared=row.shared,
        node=row.node,
    )


def _on_behalf() -> dict[str, str]:
    """The part of a state that names the request behind a change."""
    found = context.request_id()
    return {context.KEY: found} if found else {}


def _say(resource: Resource, text: str) -> None:
    where = {"resource": resource.arn, "resource_id": resource.id}
    log.info("%s %s: %s", resource.kind, resource.name, text, extra=where)


def _changes(before: Resource, after: Resource) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if after.status != before.status:
        changes["status"] = after.status
    if after.state != before.state:
        changes["state"] = after.state
    if after.spec != before.spec:
        changes["spec"] = after.spec
        changes["generation"] = after.generation = before.generation + 1
    return changes
