"""Every resource of every kind: one table, an append-only event log, leases for controllers."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from .database import metadata, read, write

resources = Table(
    "resources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("domain", String(63), nullable=False),
    Column("name", String(256), nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("arn", String(2048), nullable=False),
    Column("owner", String(63), nullable=False),
    Column("status", String(64)),
    Column("spec", JSON, nullable=False),
    Column("state", JSON, nullable=False),
    Column("generation", Integer, nullable=False, default=1),
    Column("parent_id", ForeignKey("resources.id", ondelete="SET NULL")),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("wake_at", Float),
    Column("lease_holder", String(64)),
    Column("lease_until", Float),
    Index("resources_identity", "kind", "domain", "name", "version", unique=True),
    Index("resources_by_created", "kind", "domain", "created", "id"),
    Index("resources_by_status", "kind", "domain", "status", "created", "id"),
    Index("resources_due", "wake_at"),
    Index("resources_arn", "arn"),
    Index("resources_leased", "lease_holder"),
    sqlite_autoincrement=True,
)

tags = Table(
    "tags",
    metadata,
    Column("resource_id", ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("resource_id", Integer, nullable=False, index=True),
    Column("kind", String(64), nullable=False),
    Column("domain", String(63), nullable=False),
    Column("name", String(256), nullable=False),
    Column("change", String(16), nullable=False),
    Column("status", String(64)),
    Column("actor", String(128), nullable=False),
    sqlite_autoincrement=True,
)


class NameTaken(Exception):
    """A resource of that kind and name exists."""


@dataclass
class Resource:
    """A resource as it is: ``spec`` is what was asked, ``state`` what has become of it.

    ``created`` and ``modified`` are epoch seconds; ``generation`` counts changes of the spec.
    """

    id: int
    kind: str
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


@dataclass(frozen=True)
class Event:
    """One change of a resource."""

    id: int
    at: float
    kind: str
    domain: str
    name: str
    change: str
    status: str | None


@dataclass
class Query:
    """What a List call asks for; times are epoch seconds, inclusive bounds.

    ``after`` is the position of the last resource of the page before: (sort value, id).
    """

    kind: str
    domain: str
    name_contains: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None
    statuses: list[str] | None = None
    spec_equals: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    sort_by: str = "created"
    descending: bool = False
    limit: int = 10
    after: tuple[Any, int] | None = None


class Resources:
    """Reads and writes resources; each write is one transaction with its event."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- life and death

    def create(
        self,
        *,
        kind: str,
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
    ) -> Resource:
        """Create a resource with its tags and event; NameTaken when the name is in use."""
        now = time.time()
        values = {
            "kind": kind,
            "domain": domain,
            "name": name,
            "version": version,
            "arn": arn,
            "owner": owner,
            "status": status,
            "spec": spec,
            "state": state or {},
            "parent_id": parent_id,
            "created": now,
            "modified": now,
            "wake_at": now if wake else None,
        }
        try:
            with write(self._engine) as connection:
                key = connection.execute(insert(resources).values(**values)).inserted_primary_key
                assert key is not None
                _set_tags(connection, key[0], resource_tags or {})
                row = _row(connection, key[0])
                assert row is not None
                resource = _resource(row)
                _record(connection, resource, "created", owner)
        except IntegrityError as error:
            raise NameTaken(name) from error
        return resource

    def delete(self, resource_id: int, actor: str) -> None:
        """Delete a resource and its tags; its events stay."""
        with write(self._engine) as connection:
            row = _row(connection, resource_id)
            if row is None:
                return
            connection.execute(delete(tags).where(tags.c.resource_id == resource_id))
            connection.execute(delete(resources).where(resources.c.id == resource_id))
            _record(connection, _resource(row), "deleted", actor)

    # --- reading

    def get(self, kind: str, domain: str, name: str, version: int = 0) -> Resource | None:
        """The resource of that name, or None."""
        query = select(resources).where(
            resources.c.kind == kind,
            resources.c.domain == domain,
            resources.c.name == name,
            resources.c.version == version,
        )
        return self._one(query)

    def by_id(self, resource_id: int) -> Resource | None:
        """The resource of that id, or None."""
        return self._one(select(resources).where(resources.c.id == resource_id))

    def by_arn(self, arn: str, domain: str) -> Resource | None:
        """The resource of that ARN in a domain, or None."""
        query = select(resources).where(resources.c.arn == arn, resources.c.domain == domain)
        return self._one(query)

    def _one(self, query: Select[Any]) -> Resource | None:
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return _resource(row) if row is not None else None

    def list(self, query: Query) -> list[Resource]:
        """One page of resources in the order asked for, found by index and not by offset."""
        with read(self._engine) as connection:
            return [_resource(row) for row in connection.execute(_page(query))]

    def count_by_status(self, kind: str, domain: str) -> dict[str, int]:
        """How many resources of a kind have which status."""
        query = (
            select(resources.c.status, func.count())
            .where(resources.c.kind == kind, resources.c.domain == domain)
            .group_by(resources.c.status)
        )
        with read(self._engine) as connection:
            return {status or "": count for status, count in connection.execute(query)}

    def active(self, kind: str, statuses: list[str]) -> list[Resource]:
        """Resources of a kind in some statuses, over all domains, oldest first."""
        query = (
            select(resources)
            .where(resources.c.kind == kind, resources.c.status.in_(statuses))
            .order_by(resources.c.created, resources.c.id)
        )
        with read(self._engine) as connection:
            return [_resource(row) for row in connection.execute(query)]

    # --- changing

    @contextmanager
    def edit(
        self, resource_id: int, *, actor: str = "controller", wake: bool = False
    ) -> Iterator[Resource | None]:
        """Read, change and write a resource in one transaction; None when it is gone.

        Assign to ``status``, ``spec`` or ``state`` of what is given. A new spec raises the
        generation; ``wake`` has its controller look at it at once.
        """
        with write(self._engine) as connection:
            query = select(resources).where(resources.c.id == resource_id).with_for_update()
            row = connection.execute(query).one_or_none()
            if row is None:
                yield None
                return
            resource = _resource(row)
            yield resource
            changes = _changes(row, resource)
            if changes:
                changes["modified"] = time.time()
                resource.modified = changes["modified"]
            if wake:
                changes["wake_at"] = time.time()
            if changes:
                at = resources.c.id == resource_id
                connection.execute(update(resources).where(at).values(**changes))
            if changes.keys() - {"wake_at"}:
                _record(connection, resource, "updated", actor)

    # --- tags

    def tags(self, resource_id: int) -> dict[str, str]:
        """Tags of a resource, by key."""
        query = select(tags).where(tags.c.resource_id == resource_id).order_by(tags.c.key)
        with read(self._engine) as connection:
            return {row.key: row.value for row in connection.execute(query)}

    def add_tags(self, resource_id: int, added: Mapping[str, str], limit: int) -> dict[str, str]:
        """Add or replace tags; ValueError when there would be more than ``limit``."""
        with write(self._engine) as connection:
            query = select(tags).where(tags.c.resource_id == resource_id)
            merged = {row.key: row.value for row in connection.execute(query)} | dict(added)
            if len(merged) > limit:
                raise ValueError(f"a resource has at most {limit} tags, not {len(merged)}")
            connection.execute(delete(tags).where(tags.c.resource_id == resource_id))
            _set_tags(connection, resource_id, merged)
        return merged

    def delete_tags(self, resource_id: int, keys: list[str]) -> None:
        """Remove tags; keys that are not there are no error."""
        at = (tags.c.resource_id == resource_id) & tags.c.key.in_(keys)
        with write(self._engine) as connection:
            connection.execute(delete(tags).where(at))

    # --- controllers

    def claim(self, holder: str, lease_s: float, limit: int = 100) -> list[int]:
        """Ids of resources that are due, leased to ``holder``; the longest due first.

        A claimed resource is due again when its lease runs out, should the holder be killed.
        """
        now = time.time()
        free = or_(resources.c.lease_holder.is_(None), resources.c.lease_until <= now)
        due = (
            select(resources.c.id)
            .where(resources.c.wake_at <= now, free)
            .order_by(resources.c.wake_at)
            .limit(limit)
        )
        with read(self._engine) as connection:
            if not connection.execute(due).first():
                return []
        until = now + lease_s
        values = {"lease_holder": holder, "lease_until": until, "wake_at": until}
        with write(self._engine) as connection:
            ids = list(connection.scalars(due.with_for_update(skip_locked=True)))
            connection.execute(update(resources).where(resources.c.id.in_(ids)).values(**values))
        return ids

    def release(self, resource_id: int, holder: str, wake_at: float | None) -> None:
        """Give a lease back and say when to look again (epoch seconds).

        A wake-up that was asked for meanwhile stays.
        """
        at = (resources.c.id == resource_id) & (resources.c.lease_holder == holder)
        asked = resources.c.wake_at < resources.c.lease_until
        values = {
            "lease_holder": None,
            "lease_until": None,
            "wake_at": case((asked, resources.c.wake_at), else_=wake_at),
        }
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(**values))

    def release_dead(self, is_dead: Callable[[str], bool]) -> None:
        """Take the leases of holders that are known to be gone, without waiting for their end."""
        now = time.time()
        holders = select(resources.c.lease_holder).where(resources.c.lease_holder.is_not(None))
        with write(self._engine) as connection:
            dead = [h for h in set(connection.scalars(holders)) if is_dead(h)]
            at = resources.c.lease_holder.in_(dead)
            values = {"lease_holder": None, "lease_until": None, "wake_at": now}
            connection.execute(update(resources).where(at).values(**values))

    def wake(self, resource_id: int) -> None:
        """Have the controller of a resource look at it now."""
        at = resources.c.id == resource_id
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(wake_at=time.time()))

    def wake_kind(self, kind: str, statuses: list[str]) -> None:
        """Have the controller of a kind look at all its resources in some statuses now."""
        at = (resources.c.kind == kind) & resources.c.status.in_(statuses)
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(wake_at=time.time()))

    # --- events

    def events_after(self, event_id: int, limit: int = 1000) -> list[Event]:
        """Changes after an event, oldest first."""
        query = select(events).where(events.c.id > event_id).order_by(events.c.id).limit(limit)
        with read(self._engine) as connection:
            return [
                Event(r.id, r.at, r.kind, r.domain, r.name, r.change, r.status)
                for r in connection.execute(query)
            ]

    def last_event(self) -> int:
        """The id of the newest event, 0 when there is none."""
        with read(self._engine) as connection:
            return int(connection.scalar(select(func.coalesce(func.max(events.c.id), 0))) or 0)


_SORTS = {
    "created": resources.c.created,
    "modified": resources.c.modified,
    "name": resources.c.name,
    "status": resources.c.status,
}


def _page(query: Query) -> Select[Any]:
    column = _SORTS[query.sort_by]
    statement = select(resources).where(
        resources.c.kind == query.kind, resources.c.domain == query.domain
    )
    if query.name_contains:
        statement = statement.where(
            func.lower(resources.c.name).contains(query.name_contains.lower(), autoescape=True)
        )
    bounds = [
        (query.created_after, resources.c.created.__ge__),
        (query.created_before, resources.c.created.__le__),
        (query.modified_after, resources.c.modified.__ge__),
        (query.modified_before, resources.c.modified.__le__),
    ]
    for value, compare in bounds:
        if value is not None:
            statement = statement.where(compare(value))
    if query.statuses is not None:
        statement = statement.where(resources.c.status.in_(query.statuses))
    for path, value in query.spec_equals.items():
        statement = statement.where(resources.c.spec[path].as_string() == str(value))
    if query.after is not None:
        position = tuple_(column, resources.c.id)
        after = tuple_(*query.after)
        statement = statement.where(position < after if query.descending else position > after)
    order = [column.desc(), resources.c.id.desc()] if query.descending else [column, resources.c.id]
    return statement.order_by(*order).limit(query.limit)


def sort_value(resource: Resource, sort_by: str) -> Any:
    """What ``resource`` sorts by, for :attr:`Query.after`."""
    return getattr(resource, sort_by)


def _row(connection: Connection, resource_id: int) -> Row[Any] | None:
    return connection.execute(select(resources).where(resources.c.id == resource_id)).one_or_none()


def _resource(row: Row[Any]) -> Resource:
    return Resource(
        id=row.id,
        kind=row.kind,
        domain=row.domain,
        name=row.name,
        arn=row.arn,
        owner=row.owner,
        status=row.status,
        spec=copy.deepcopy(row.spec),
        state=copy.deepcopy(row.state),
        version=row.version,
        generation=row.generation,
        parent_id=row.parent_id,
        created=row.created,
        modified=row.modified,
    )


def _changes(row: Row[Any], resource: Resource) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if resource.status != row.status:
        changes["status"] = resource.status
    if resource.state != row.state:
        changes["state"] = resource.state
    if resource.spec != row.spec:
        changes["spec"] = resource.spec
        changes["generation"] = resource.generation = row.generation + 1
    return changes


def _set_tags(connection: Connection, resource_id: int, values: Mapping[str, str]) -> None:
    if values:
        rows = [{"resource_id": resource_id, "key": k, "value": v} for k, v in values.items()]
        connection.execute(insert(tags), rows)


def _record(connection: Connection, resource: Resource, change: str, actor: str) -> None:
    connection.execute(
        insert(events).values(
            at=time.time(),
            resource_id=resource.id,
            kind=resource.kind,
            domain=resource.domain,
            name=resource.name,
            change=change,
            status=resource.status,
            actor=actor,
        )
    )
