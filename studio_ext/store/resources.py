"""Every resource of every kind: one table, and a log of events."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ..seen import context, logs
from . import eventlog, queue
from .counts import Counts
from .database import change, glance, lookup, read, write
from .eventlog import record
from .labels import set_shared, set_tags
from .listing import Fields, Query, page
from .portable import now
from .prepared import Prepared, PreparedInsert
from .tables import events, resources, tags

#: A tag whose value says who else may read and invoke a resource: see control/access.py.
SHARED_WITH = "studio:shared-with"

log = logging.getLogger(__name__)


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


_FIELDS = [field.name for field in fields(Resource)]
_RESOURCE = select(*(resources.c[name] for name in _FIELDS))
_INSERT = insert(resources)
_GIVEN = [name for name in _FIELDS if name not in ("id", "node")]
_CREATE = PreparedInsert(resources, _INSERT, _GIVEN)
_CREATE_DUE = PreparedInsert(resources, _INSERT.values(wake_at=now()), _GIVEN)
_WITH_ID = _RESOURCE.where(resources.c.id == bindparam("id"))
_BY_ID, _BY_ID_LOCKED = Prepared(_WITH_ID), Prepared(_WITH_ID.with_for_update())
_BY_ARN = Prepared(_RESOURCE.where(resources.c.arn == bindparam("arn")))
_IDENTITY = ("kind", "account", "name", "version")
_BY_NAME = Prepared(_RESOURCE.where(*(resources.c[name] == bindparam(name) for name in _IDENTITY)))
# Not ordered: for the order's sake SQLite would look at all there is of the kind.
_SHARED = Prepared(
    _RESOURCE.where(resources.c.kind == bindparam("kind"), resources.c.shared.is_not(None))
)


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
        resource = Resource(
            id=0,
            kind=kind,
            account=account,
            domain=domain,
            name=name,
            arn=arn,
            owner=owner,
            status=status,
            spec=spec,
            state={**(state or {}), **_on_behalf()},
            version=version,
            parent_id=parent_id,
            created=at,
            modified=at,
            shared=(resource_tags or {}).get(SHARED_WITH),
        )
        insert_it = _CREATE_DUE if wake else _CREATE
        try:
            with change(self._engine) as connection:
                resource.id = insert_it.id(connection, vars(resource))
                set_tags(connection, resource.id, resource_tags or {})
                if room is not None:
                    queue.enter(connection, queue.Place(resource.id, account, at, room, None))
                record(connection, resource, "created", owner)
        except IntegrityError as error:
            raise NameTaken(name) from error
        _say(resource, f"created{f', {status}' if status else ''}")
        return resource

    def delete(self, resource_id: int, actor: str) -> None:
        """Delete a resource and its tags; its events stay."""
        with write(self._engine) as connection:
            _lock(connection, resource_id)
            found = _by_id(connection, resource_id)
            if found is None:
                return
            connection.execute(delete(tags).where(tags.c.resource_id == resource_id))
            connection.execute(delete(resources).where(resources.c.id == resource_id))
            record(connection, found, "deleted", actor)
        _say(found, "deleted")

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
        with lookup(self._engine) as connection:
            found = [Resource(*row) for row in _SHARED.rows(connection, {"kind": kind})]
        mine = [one for one in found if name is None or one.name == name]
        return sorted(mine, key=lambda one: (one.account, one.id))

    def _one(self, query: Prepared, values: dict[str, Any]) -> Resource | None:
        with lookup(self._engine) as connection:
            row = query.one(connection, values)
        return Resource(*row) if row is not None else None

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
            row = _BY_ID_LOCKED.one(connection, {"id": resource_id})
            if row is None:
                yield None
                return
            before = Resource(*row)
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


def _by_id(connection: Connection, resource_id: int) -> Resource | None:
    row = _BY_ID.one(connection, {"id": resource_id})
    return Resource(*row) if row is not None else None


def _resource(row: Row[Any]) -> Resource:
    """A resource from a row that has more."""
    return Resource(*(getattr(row, name) for name in _FIELDS))


def _on_behalf() -> dict[str, str]:
    """The part of a state that names the request behind a change."""
    found = context.request_id()
    return {context.KEY: found} if found else {}


def _say(resource: Resource, text: str) -> None:
    said = f"{resource.kind} {resource.name}: {text}"
    logs.say(log, said, resource=resource.arn, resource_id=resource.id)


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
