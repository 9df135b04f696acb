"""Looking things up as a caller: its own first, then what others share with it."""

from __future__ import annotations

from ..store.resources import Event, Resource
from ..wire.dispatch import Caller
from . import access
from .world import World


def visible(world: World, caller: Caller, kind: str, name: str) -> Resource | None:
    """The resource that a caller means by a name and may read; None when there is none."""
    own = world.store.resources.get(kind, caller.account_id, name)
    return own or next(iter(_shared(world, caller, kind, name)), None)


def shared_with(world: World, caller: Caller, kind: str) -> list[Resource]:
    """What others share with a caller, as far as :func:`visible` finds it by its name."""
    get = world.store.resources.get
    found = {one.name: one for one in reversed(_shared(world, caller, kind))}
    return [one for one in found.values() if get(kind, caller.account_id, one.name) is None]


def _shared(world: World, caller: Caller, kind: str, name: str | None = None) -> list[Resource]:
    """Of several that are shared with a caller under one name the lowest account's is first."""
    return [
        found
        for found in world.store.resources.shared(kind, name)
        if found.account != caller.account_id and access.resource(caller, access.Action.READ, found)
    ]


def series_account(world: World, caller: Caller, kind: str, name: str) -> str:
    """Under whose account the metrics are stored that a caller means by a resource's name."""
    found = visible(world, caller, kind, name)
    return found.account if found else caller.account_id


def concerns(world: World, caller: Caller, event: Event) -> bool:
    """Whether a caller may know of a change."""
    if event.account == caller.account_id:
        return True
    found = world.store.resources.by_id(event.resource_id)
    return found is not None and bool(access.resource(caller, access.Action.READ, found))
