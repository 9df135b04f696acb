"""The generic verbs: Create, Describe, List, Delete of any declared kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from ..store.listing import SORTS, Query
from ..store.resources import NameTaken, Resource
from ..wire.dispatch import Call, Handler, Registry
from ..wire.errors import AccessDenied, ApiError
from . import access, admission, paging, sharing, tags
from .access import Action
from .kinds import Kind
from .world import World

DEFAULT_PAGE = 10
_JSON = (str, int, bool, float)
_SORT_BY = {
    "Name": "name",
    "CreationTime": "created",
    "LastModifiedTime": "modified",
    "Status": "status",
}


class Verbs:
    """Operations of one kind; a capability registers those that it wants."""

    def __init__(self, world: World, kind: Kind) -> None:
        self.world = world
        self.kind = kind
        world.add_kind(kind)
        # What a List item has: its members, and where in a resource each of them is.
        self._members = {**_common(kind), **{name: name for name in kind.summary}}
        self._fields = {**{key: (key,) for key in _common(kind).values()}, **kind.summary}

    def register(self, registry: Registry, *verbs: str) -> None:
        """Add handlers, for instance ``register(registry, "Create", "Describe", "List")``."""
        handlers: dict[str, tuple[str, Handler]] = {
            "Create": (f"Create{self.kind.api}", self.create),
            "Describe": (f"Describe{self.kind.api}", self.describe),
            "List": (f"List{self.kind.api}s", self.list),
            "Delete": (f"Delete{self.kind.api}", self.delete),
        }
        for verb in verbs:
            registry.add("sagemaker", *handlers[verb])

    def find(self, call: Call, name: str, action: Action = Action.CHANGE) -> Resource:
        """The resource that the caller means by a name, for something it may do with it.

        Raises the kind's own error when there is none that it may know of, and AccessDenied when
        it may read what it wants to change.
        """
        kind = self.kind
        found = sharing.visible(self.world, call.caller, kind.name, name)
        if found is None:
            raise kind.not_found(name, self.world.arn(kind, name, call.caller.account_id))
        decision = access.resource(call.caller, action, found)
        if not decision:
            raise AccessDenied(f"The {kind.label} {found.arn}: {decision.reason}.")
        return found

    def create(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Create a resource, atomically with its tags and its event."""
        kind, world = self.kind, self.world
        name = params[kind.name_field]
        account = call.caller.account_id
        arn = world.arn(kind, name, account)
        try:
            labels = tags.checked(params.get("Tags", []))
            state = kind.admit(world, call, params)
        except ApiError:
            # That the name is taken is said before all else; the constraint says it to the others.
            if world.store.resources.get(kind.name, account, name):
                raise kind.taken(name, arn) from None
            raise
        spec = jsonable({key: value for key, value in params.items() if key != "Tags"})
        try:
            resource = world.store.resources.create(
                kind=kind.name,
                account=account,
                domain=call.caller.domain,
                name=name,
                arn=arn,
                owner=call.caller.user_profile,
                status=kind.status,
                spec=spec,
                state=state,
                resource_tags=labels,
                # One that queues is looked at when its turn has come, by whichever node has room.
                wake=kind.reconcile is not None and (kind.room is None or not world.alone),
                room=kind.room(world.config, spec) if kind.room else None,
            )
        except NameTaken:
            raise kind.taken(name, arn) from None
        if kind.room is None:
            world.notify()
        else:
            admission.entered(world, resource)
        return {kind.arn_field: resource.arn}

    def describe(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """What was asked for, and what has become of it."""
        resource = self.find(call, params[self.kind.name_field], Action.READ)
        return view(self.world, self.kind, resource)

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete a resource that nothing runs for."""
        resource = self.find(call, params[self.kind.name_field])
        self.world.store.resources.delete(resource.id, call.caller.user_profile)
        return {}

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """One page of summaries."""
        asked = jsonable({k: v for k, v in params.items() if k not in ("NextToken", "MaxResults")})
        limit = params.get("MaxResults") or DEFAULT_PAGE
        query = self._query(call, params)
        query.limit = limit + 1
        if params.get("NextToken"):
            query.after = paging.position(params["NextToken"], asked, SORTS[query.order])
        found = self._rows(call, query)
        names = self._members
        answer: dict[str, Any] = {
            self.kind.items: [
                {name: getattr(row, key) for name, key in names.items()} for row in found[:limit]
            ]
        }
        if len(found) > limit:
            answer["NextToken"] = paging.encode(query.position(found[limit - 1]), asked)
        return answer

    def _rows(self, call: Call, query: Query) -> Sequence[Row[Any]]:
        """A page of what is the caller's own and what others share with it."""
        resources = self.world.store.resources
        own = resources.rows(query, self._fields)
        shared = sharing.shared_with(self.world, call.caller, self.kind.name)
        if not shared:
            return own
        among = replace(query, among=tuple(one.id for one in shared))
        rows = [*own, *resources.rows(among, self._fields)]
        return sorted(rows, key=query.position, reverse=query.descending)[: query.limit]

    def _query(self, call: Call, params: dict[str, Any]) -> Query:
        kind = self.kind
        order = params.get("SortOrder")
        return Query(
            kind.name,
            call.caller.account_id,
            name_contains=params.get("NameContains"),
            created_after=_epoch(params.get("CreationTimeAfter")),
            created_before=_epoch(params.get("CreationTimeBefore")),
            modified_after=_epoch(params.get("LastModifiedTimeAfter")),
            modified_before=_epoch(params.get("LastModifiedTimeBefore")),
            status=params.get("StatusEquals"),
            spec_equals={
                path: params[name] for name, path in kind.spec_filters.items() if name in params
            },
            sort_by=_SORT_BY[params.get("SortBy") or "CreationTime"],
            descending=order == "Descending" if order else kind.newest_first,
        )


def view(world: World, kind: Kind, resource: Resource) -> dict[str, Any]:
    """A resource as Describe shows it."""
    common = {name: getattr(resource, key) for name, key in _common(kind).items()}
    return {**resource.spec, **common, **kind.describe(world, resource)}


def _common(kind: Kind) -> dict[str, str]:
    """The members that every answer has, and the columns they come from."""
    common = {
        kind.name_field: "name",
        kind.arn_field: "arn",
        "CreationTime": "created",
        "LastModifiedTime": "modified",
    }
    return {**common, kind.status_field: "status"} if kind.status else common


def _epoch(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else value


def jsonable(value: Any) -> Any:
    """Parameters as JSON: times become epoch seconds."""
    if isinstance(value, dict):
        return {key: item if type(item) in _JSON else jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item if type(item) in _JSON else jsonable(item) for item in value]
    return _epoch(value)
