"""The workers of one variant, and the requests that wait for one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Iterator

from .connection import Connection

_RETRY_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Unavailable(Exception):
    """No worker took the request; the text says why."""


class Slot:
    """One worker: connected when it can be, busy with at most one request."""

    def __init__(self, pool: Pool, instance: str, path: str) -> None:
        self.instance = instance
        self.path = path
        self.busy = False
        self.retired = False
        self.connection: Connection | None = None
        self._pool = pool
        self._task: asyncio.Task[None] | None = None
        self.connect()

    def connect(self) -> None:
        """Keep trying to connect, in the background."""
        if self._task is None and not self.retired:
            self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while not self.retired:
            try:
                await loop.create_unix_connection(self._made, self.path)
            except OSError:
                self.connection = None
                await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1
                continue
            break
        self._task = None
        if self.retired:
            self.close()
        elif self.connection is None:
            self.connect()
        else:
            self._pool.offer(self)

    def _made(self) -> Connection:
        # Set here, not when connecting returns: it may be lost before that.
        self.connection = Connection(self._lost)
        return self.connection

    def _lost(self) -> None:
        self.connection = None
        if not self.busy:
            self._pool.withdraw(self)
            self.connect()

    def close(self) -> None:
        """Close the connection for good."""
        self.retired = True
        if self.connection is not None:
            self.connection.close()


class Pool:
    """Hands out idle workers, last used first (its caches are warm); queues when all are busy."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._slots: dict[tuple[str, str], Slot] = {}
        self._leaving: set[Slot] = set()
        self._free: list[Slot] = []
        self._waiting: deque[asyncio.Future[Slot]] = deque()
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
        if not self._waiting:
            self.update(())

    def _leave(self, slot: Slot) -> None:
        slot.retired = True
        self.withdraw(slot)
        if slot.busy:
            self._leaving.add(slot)
        else:
            slot.close()

    async def acquire(self, timeout_s: float) -> Slot:
        """An idle worker for one request; Unavailable when none turns up in time."""
        if self._free:
            slot = self._free.pop()
            slot.busy = True
            return slot
        if not self._slots:
            raise Unavailable("no instance is in service")
        if len(self._waiting) >= self._max_waiting:
            raise Unavailable("too many requests are waiting")
        return await self._wait(timeout_s)

    async def _wait(self, timeout_s: float) -> Slot:
        waiter: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            raise Unavailable("no worker became free in time") from None
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(waiter)
            if self.retired and not self._waiting:
                self.update(())

    def withdraw(self, slot: Slot) -> None:
        """An idle worker can take no request for now."""
        with contextlib.suppress(ValueError):
            self._free.remove(slot)

    def offer(self, slot: Slot) -> None:
        """An idle, connected worker: for whoever waits longest, else for the next request."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                slot.busy = True
                waiter.set_result(slot)
                return
        self._free.append(slot)

    def release(self, slot: Slot) -> None:
        """The request of this worker is over."""
        slot.busy = False
        if slot.retired:
            self._leaving.discard(slot)
            slot.close()
        elif slot.connection is None:
            slot.connect()
        else:
            self.offer(slot)

    def in_flight(self) -> Iterator[tuple[str, int]]:
        """(instance, requests it has or may yet get), an instance once for each worker."""
        for slot in [*self._slots.values(), *self._leaving]:
            yield slot.instance, int(slot.busy) + (self.waiting if self.retired else 0)

    @property
    def is_quiet(self) -> bool:
        """Whether a retired pool has nothing left to do."""
        return self.retired and not self._leaving and not self._waiting
