"""What operations and controllers have at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..config import Config
from ..run.runners import Runner
from ..store import Store
from ..store.credentials import Credential
from .kinds import Kind


@dataclass
class World:
    """One Studio: its settings, its store, what runs jobs, and the kinds it knows.

    ``connect`` gives the environment with which code run for a credential reaches this Studio.
    ``notify`` tells the reconciler that something may be due.
    """

    config: Config
    store: Store
    runner: Runner
    connect: Callable[[Credential], dict[str, str]]
    kinds: dict[str, Kind] = field(default_factory=dict)
    notify: Callable[[], None] = lambda: None

    def add_kind(self, kind: Kind) -> None:
        """Make a kind of resource known."""
        self.kinds[kind.name] = kind

    def arn(self, kind: Kind, name: str, account: str) -> str:
        """ARN of a resource of an account."""
        return self.config.arn(f"{kind.name}/{name}", account)


#: A controller looks at a resource, takes one step, and returns in how many seconds to look
#: again (None: when something changes).
Reconcile = Callable[[World, int], float | None]

Params = dict[str, Any]
