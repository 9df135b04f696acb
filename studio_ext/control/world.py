"""What operations and controllers have at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..config import Config
from ..run.runners import Runner
from ..store import Store
from ..store.credentials import Credential
from ..store.resources import Resource
from ..wire.identity import Caller
from . import access
from .kinds import Kind
from .objects import CallersObjects


@dataclass
class World:
    """One Studio: its settings, its store, what runs jobs, and the kinds it knows.

    ``connect`` gives the environment with which code run for a credential reaches this Studio.
    ``notify`` tells the reconciler that something may be due. ``alone`` is whether no other home's
    control planes share the database.
    """

    config: Config
    store: Store
    runner: Runner
    connect: Callable[[Credential], dict[str, str]]
    kinds: dict[str, Kind] = field(default_factory=dict)
    notify: Callable[[], None] = lambda: None
    alone: bool = True

    def add_kind(self, kind: Kind) -> None:
        """Make a kind of resource known."""
        self.kinds[kind.name] = kind

    def objects_for(self, caller: Caller) -> CallersObjects:
        """The object store as a caller may use it."""
        return CallersObjects(self.store.objects, caller)

    def objects_of(self, resource: Resource) -> CallersObjects:
        """The object store as the owner of a resource may use it: what controllers work with."""
        return self.objects_for(access.owner_of(resource))

    def runs(self, resource: Resource) -> bool:
        """Whether a resource runs on this node, as it does from now on if it ran on none."""
        if resource.node is None:
            return self.store.leases.place(resource.id)
        return resource.node == self.store.node

    def arn(self, kind: Kind, name: str, account: str) -> str:
        """ARN of a resource of an account."""
        return self.config.arn(f"{kind.name}/{name}", account)


#: A controller looks at a resource, takes one step, and returns in how many seconds to look
#: again (None: when something changes).
Reconcile = Callable[[World, int], float | None]

Params = dict[str, Any]
