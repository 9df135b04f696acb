"""Threads for handlers that wait, and the way there and back at half the cost.

An executor's Future, its semaphore of idle threads and the chain to the loop's own Future took a
tenth of what a Describe costs, and all that a call needs is to be told its outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

_R = TypeVar("_R")


@dataclass(slots=True)
class _Task:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def run(self) -> Callable[[], None]:
        """Call the function; what is returned tells its outcome to the loop."""
        if self.future.cancelled():
            return lambda: None
        try:
            result = self.context.run(self.function, *self.arguments)
        except BaseException as error:
            return partial(self._tell, _fail, error)
        return partial(self._tell, _succeed, result)

    def _tell(self, how: Callable[[asyncio.Future[Any], Any], None], outcome: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(how, self.future, outcome)


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if isinstance(error, StopIteration):  # which no Future takes
        error = RuntimeError(f"a handler raised {error!r}")
    if not future.done():
        future.set_exception(error)


class Threads:
    """At most ``most`` daemon threads, started as they are needed. For any number of loops."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._started = 0
        self._closed = False

    def run(self, function: Callable[..., _R], *arguments: Any) -> asyncio.Future[_R]:
        """The function's result, from a thread with the caller's context variables.

        It begins at once, awaited or not. RuntimeError after :meth:`close`.
        """
        loop = asyncio.get_running_loop()
        context, future = contextvars.copy_context(), loop.create_future()
        self._have_one()
        self._tasks.put(_Task(function, arguments, context, loop, future))
        return future

    def _have_one(self) -> None:
        """Bespeak an idle thread, or start one."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the server is ending and takes no further calls")
            if self._idle:
                self._idle -= 1
                return
            if self._started == self._most:
                return
            self._started += 1
            name = f"{self._name}_{self._started - 1}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            tell = task.run()
            with self._lock:
                self._idle += 1  # before whoever hears of the outcome makes the next call
            tell()
            del task, tell  # what they hold is not to be kept until the next one comes

    def close(self) -> None:
        """Refuse new calls; those that run may end, those that wait are cancelled."""
        with self._lock:
            self._closed = True
            started = self._started
        while not self._tasks.empty():
            with contextlib.suppress(RuntimeError):
                task = self._tasks.get()
                if task is not None:
                    task.loop.call_soon_threadsafe(task.future.cancel)
        for _ in range(started):
            self._tasks.put(None)
