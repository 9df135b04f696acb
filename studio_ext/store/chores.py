"""Keeping a store in order, a short step at a time, so that nobody notices."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from . import retention

if TYPE_CHECKING:
    from . import Store

PERIOD_S = 3600.0
STALE_UPLOAD_S = 7 * 24 * 3600.0
#: A million data files are judged in so many parts, of 16,000 each.
PARTS = 64


class Chores:
    """Rounds of chores, one each :data:`PERIOD_S` seconds."""

    def __init__(self, store: Store, *more: Callable[[], None]) -> None:
        self._store = store
        self._more = more
        self._steps: list[Callable[[], object]] = []
        self._next = 0.0

    def step(self) -> None:
        """Do the next chore of this round, if there is one left. What fails waits for the next."""
        if not self._steps:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + PERIOD_S
            self._steps = self._round()
        self._steps.pop()()

    def _round(self) -> list[Callable[[], object]]:
        """The chores, the last one first."""
        from .objects import LocalObjectStore

        steps: list[Callable[[], object]] = [*self._more]
        objects = self._store.objects
        if isinstance(objects, LocalObjectStore):
            for number in range(PARTS):
                steps.append(partial(objects.sweep, part=(number, PARTS)))
            steps.append(lambda: objects.multipart.abort_stale(STALE_UPLOAD_S))
        steps.append(lambda: retention.tidy(self._store.engine, time.time()))
        return steps
