"""The workers of one variant, and the requests that wait for one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from .connection import Connection

_RETRY_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Unavailable(Exception):
    """No worker took the request; the text says why."""


class Waiter(Protocol):
    """A request on its way to a worker."""

    alone: bool  # whether its worker may have no other request meanwhile

    def assigned(self, slot: Slot) -> None:
        """It has a worker now, to be given back by ``Pool.release``."""


class Slot:
    """One worker, with ``pending`` requests; ``connection`` while it can be asked."""

    def __init__(self, pool: Pool, instance: str, path: str) -> None:
        self.instance = instance
        self.path = path
        self.pending = 0
        self.alone = False  # the request it has wants no company
        self.retired = False
        self.connection: Connection | None = None
        self._pool = pool
        self._link: Connection | None = None  # that connection, or one not greeted yet
        self._attempts = 0  # to connect, since it greeted last
        self._task: asyncio.Task[None] | None = None
        self.connect()

    def connect(self) -> None:
        """Keep trying to connect, in the background."""
        if self._task is None and not self.retired:
            self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.retired:
            if self._attempts:
                await asyncio.sleep(_RETRY_S[min(self._attempts, len(_RETRY_S)) - 1])
            self._attempts += 1
            with contextlib.suppress(OSError):
                _, self._link = await loop.create_unix_connection(self._made, self.path)
                break
        self._task = None
        if self.retired:
            self.close()
        elif self._link is not None and self._link.is_lost:  # while it was made
            self.connect()

    def _made(self) -> Connection:
        return Connection(self._greeted, self._lost)

    def _greeted(self, connection: Connection) -> None:
        self._link = self.connection = connection
        self._attempts = 0
        if self.retired:
            self.close()
        else:
            self._pool.offer(self)

    def _lost(self) -> None:
        self.connection = None
        self._pool.withdraw(self)
        self.connect()

    def close(self) -> None:
        """Close the connection for good."""
        self.retired = True
        if self._link is not None:
            self._link.close()


class Pool:
    """Hands out workers: idle ones first, the last used of them (its caches are warm); then those
    that like more requests at once. Queues when there is none."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._slots: dict[tuple[str, str], Slot] = {}
        self._leaving: set[Slot] = set()
        self._free: list[Slot] = []
        self._waiting: deque[Waiter] = deque()
        self.retired = False

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    def update(self, workers: Iterable[tuple[str, str]]) -> None:
        """Serve by exactly these (instance, socket) pairs; workers that left finish first."""
        wanted = set(workers)
        for key in [key for key in self._slots if key not in wanted]:
            self._leave(self._slots.pop(key))
        for key in wanted:
            if key not in self._slots:
                self._slots[key] = Slot(self, *key)

    def retire(self) -> None:
        """The variant is gone: answer those who wait already, then close."""
        self.retired = True
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self.retired and not self._waiting:
            self.update(())

    def _leave(self, slot: Slot) -> None:
        slot.retired = True
        self.withdraw(slot)
        if slot.pending:
            self._leaving.add(slot)
        else:
            slot.close()

    def acquire(self, waiter: Waiter) -> bool:
        """Assign a worker, now (True) or when there is one; Unavailable when none is expected."""
        slot = None if self._waiting else self._find(waiter.alone)
        if slot is not None:
            slot.pending += 1
            slot.alone = waiter.alone
            waiter.assigned(slot)
            return True
        if not self._slots:
            raise Unavailable("no instance is in service")
        if len(self._waiting) >= self._max_waiting:
            raise Unavailable("too many requests are waiting")
        self._waiting.append(waiter)
        return False

    def _find(self, alone: bool) -> Slot | None:
        if self._free:
            return self._free.pop()
        found: Slot | None = None
        if not alone:
            for slot in self._slots.values():
                connection = slot.connection
                if (
                    connection is not None
                    and 0 < slot.pending < connection.room
                    and not slot.alone
                    and (found is None or slot.pending < found.pending)
                ):
                    found = slot
        return found

    def forget(self, waiter: Waiter) -> None:
        """It waits no longer."""
        with contextlib.suppress(ValueError):
            self._waiting.remove(waiter)
        self._close_when_done()

    def withdraw(self, slot: Slot) -> None:
        """An idle worker can take no request for now."""
        with contextlib.suppress(ValueError):
            self._free.remove(slot)

    def offer(self, slot: Slot) -> None:
        """A connected worker: for whoever waits longest, else for the next request."""
        if not slot.pending and slot not in self._free:
            self._free.append(slot)
        while self._waiting:
            found = self._find(self._waiting[0].alone)
            if found is None:
                break
            waiter = self._waiting.popleft()
            found.pending += 1
            found.alone = waiter.alone
            waiter.assigned(found)
        self._close_when_done()

    def release(self, slot: Slot) -> None:
        """A request of this worker is over."""
        slot.pending -= 1
        slot.alone = False
        if slot.retired:
            if not slot.pending:
                self._leaving.discard(slot)
                slot.close()
        elif slot.connection is not None:
            self.offer(slot)

    def in_flight(self) -> Iterator[tuple[str, int]]:
        """(instance, requests it has or may yet get), an instance once for each worker."""
        for slot in [*self._slots.values(), *self._leaving]:
            yield slot.instance, slot.pending + (self.waiting if self.retired else 0)

    @property
    def is_quiet(self) -> bool:
        """Whether a retired pool has nothing left to do."""
        return self.retired and not self._leaving and not self._waiting
