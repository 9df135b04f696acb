"""One kept-alive connection to a worker, with as many requests at once as the worker likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ..modelserver.framing import Decoder, FrameError, greets, join

MAX_ANSWER = 64 * 1024 * 1024


class NotDelivered(Exception):
    """The worker ended before it had read the request: another one may safely get it."""


class Undecided(Exception):
    """The worker ended while it had several requests, of which one may be the reason.

    Only workers whose requests have no effects get several, so each may be tried again, alone.
    """


class WorkerDied(Exception):
    """The worker ended while it had the request."""


class TimedOut(Exception):
    """The worker did not answer in time."""


class Receiver(Protocol):
    """Who sent a request; told once how it went."""

    def answered(self, head: bytes, body: bytes) -> None:
        """The worker's answer."""

    def failed(self, error: Exception) -> None:
        """NotDelivered, Undecided, WorkerDied or TimedOut."""


class Connection(asyncio.Protocol):
    """The gateway's end of a worker's socket.

    ``on_greeted`` is called with it when the worker says that it can be asked, ``on_lost`` once
    when it closes.
    """

    def __init__(
        self, on_greeted: Callable[[Connection], None], on_lost: Callable[[], None]
    ) -> None:
        self.room = 1
        self._on_greeted = on_greeted
        self._on_lost = on_lost
        self._decoder = Decoder(MAX_ANSWER)
        self._transport: asyncio.Transport | None = None
        self._number = 0
        self._receivers: dict[int, Receiver] = {}
        self._lost = False
        self._out: list[bytes] = []  # what this turn of the loop sends, written at its end
        self._unsent: list[int] = []  # the requests in it
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    @property
    def is_lost(self) -> bool:
        """Whether it is closed."""
        return self._lost

    def send(self, head: bytes, body: bytes, receiver: Receiver) -> int:
        """Send a request; its number. The receiver may be told of a failure at once."""
        self._number = number = self._number % 0xFFFFFFFF + 1
        if self._transport is None or self._lost:
            receiver.failed(NotDelivered())
            return number
        self._receivers[number] = receiver
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(join(number, 0, head, body))
        self._unsent.append(number)
        return number

    def _flush(self) -> None:
        """Write what this turn of the loop sent by one call."""
        out, self._out = self._out, []
        self._unsent.clear()
        if self._transport is not None and not self._lost:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._decoder.feed(data)
            for number, room, head, body in messages:
                self.room = room or 1
                receiver = self._receivers.pop(number, None)
                if receiver is not None:
                    receiver.answered(head, body)
                elif greets(number, head):
                    self._on_greeted(self)
        except FrameError:
            self.close()

    def eof_received(self) -> None:
        # Some requests could be written between this and connection_lost, and vanish.
        self._end(WorkerDied())

    def connection_lost(self, exc: Exception | None) -> None:
        # A Unix socket is reset when its peer ends with bytes unread; after a whole read the
        # stream just ends. So a reset means that the last request was never seen.
        unseen = isinstance(exc, (ConnectionResetError, BrokenPipeError)) and self._decoder.is_empty
        self._end(NotDelivered() if unseen else WorkerDied())

    def time_out(self, number: int) -> None:
        """Give a request up, and with it the worker, which is stuck."""
        receiver = self._receivers.pop(number, None)
        if receiver is not None:
            self._end(Undecided())
            receiver.failed(TimedOut())

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
        receivers, self._receivers = self._receivers, {}
        unsent = [receivers.pop(number) for number in self._unsent if number in receivers]
        self._unsent.clear()
        self._on_lost()
        for receiver in receivers.values():
            receiver.failed(error if len(receivers) == 1 else Undecided())
        for receiver in unsent:
            receiver.failed(NotDelivered())
