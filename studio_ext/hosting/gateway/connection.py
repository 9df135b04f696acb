"""One kept-alive connection to a worker: one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..modelserver.framing import Decoder, FrameError

MAX_ANSWER = 64 * 1024 * 1024

Answer = tuple[dict[str, Any], bytes]


class NotDelivered(Exception):
    """The worker ended before it had read the request: another one may safely get it."""


class WorkerDied(Exception):
    """The worker ended while it had the request."""


class TimedOut(Exception):
    """The worker did not answer in time."""


class Connection(asyncio.Protocol):
    """The gateway's end of a worker's socket; ``on_lost`` is called once when it closes."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._decoder = Decoder(MAX_ANSWER)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def request(self, frame: bytes, timeout_s: float) -> asyncio.Future[Answer]:
        """Send a framed request; the future of its answer."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Answer] = loop.create_future()
        if self._transport is None or self._lost:
            waiter.set_exception(NotDelivered())
            return waiter
        self._waiter = waiter
        timer = loop.call_later(timeout_s, self._time_out)
        waiter.add_done_callback(lambda _: timer.cancel())
        self._transport.write(frame)
        return waiter

    def data_received(self, data: bytes) -> None:
        try:
            answer = self._decoder.feed(data)
        except (FrameError, ValueError):
            self.close()
            return
        if answer is not None and self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(answer)

    def eof_received(self) -> None:
        # Some requests could be written between this and connection_lost, and vanish.
        self._end(WorkerDied())

    def connection_lost(self, exc: Exception | None) -> None:
        # A Unix socket is reset when its peer ends with bytes unread; after a whole read the
        # stream just ends. So a reset means that the request was never seen.
        unseen = isinstance(exc, (ConnectionResetError, BrokenPipeError)) and self._decoder.is_empty
        self._end(NotDelivered() if unseen else WorkerDied())

    def _time_out(self) -> None:
        self._end(TimedOut())

    def close(self) -> None:
        """Close at once."""
        self._end(WorkerDied())

    def _end(self, error: Exception) -> None:
        if self._lost:
            return
        # Told at once, not when the event loop gets to it: nobody may be given a dead connection.
        self._lost = True
        if self._transport is not None:
            self._transport.abort()
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        self._on_lost()
