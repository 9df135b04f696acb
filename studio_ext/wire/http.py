"""Uvicorn's HTTP with bounds on what comes before and between the parts of a body.

Bodies are bounded where they are read. Headers, trailers and the extensions of chunks are
collected by the parser before anybody is asked, so whoever can connect could send them without end.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: Bytes of a request's line and headers together; AWS allows 8 to 16 KB of them.
MAX_HEAD = 64 * 1024
#: Seconds for them to come.
HEAD_S = 60.0
#: Bytes of one write from which on joining costs more than a call.
MUCH = 64 * 1024
#: Bytes of a body that is waited for before anybody is asked to work on it, and how long it is.
SMALL = 64 * 1024
SMALL_S = 10.0
#: Under this name an ASGI scope's extensions hold a body that had come whole.
WHOLE = "studio.body"
_INVALID = "Invalid HTTP request received."


class Server(uvicorn.Server):
    """Uvicorn's, which looks ten times a second whether it shall end: this one is told."""

    _told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def main_loop(self) -> None:
        """Have the Date of answers right to the second until :meth:`end`."""
        ended = asyncio.Event()
        self._told = asyncio.get_running_loop(), ended
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await ended.wait()

    def end(self) -> None:
        """Stop serving; from any thread, at any time."""
        self.should_exit = True
        if self._told is not None:
            loop, ended = self._told
            with contextlib.suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(ended.set)


class _Together:
    """A transport that sends what is written in one step of the loop by one call.

    So an answer's head leaves with its body: a server that is killed between the two would leave
    clients that do not compare lengths, as botocore, with an empty answer. It is cheaper too.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon; at once where there is much, which is not copied to be joined."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        if len(data) > MUCH:
            self._flush()

    def close(self) -> None:
        """Send what waits, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and len(waiting[-1]) > MUCH:
            for data in waiting:
                self._transport.write(data)
        elif waiting:
            self._transport.write(b"".join(waiting))


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    _unheeded = 0  # bytes since the last that led to a head, a piece of a body or an end
    _between = True  # no request has been read whose answer is still to come
    _timer: asyncio.TimerHandle | None = None
    # What is not started before its body is here: boto3 sends head and body apart, and a task that
    # begins, waits, and is woken costs as much as the way to a handler's thread and back.
    _held: tuple[RequestResponseCycle, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Together(transport, self.loop))  # type: ignore[arg-type]
        self._await(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)
        self._release()  # to notice that it was cut short

    def data_received(self, data: bytes) -> None:
        self._unheeded += len(data)
        super().data_received(data)
        if self._unheeded > MAX_HEAD:
            self._refuse(f"{_INVALID} Its headers are longer than {MAX_HEAD} bytes.")
        elif self._held is not None:
            self._await(SMALL_S)
        elif self._unheeded and self._between:
            self._await(HEAD_S)

    def on_headers_complete(self) -> None:
        self._unheeded, self._between = 0, False
        self._cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unheeded = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unheeded, self._between = 0, True
        super().on_message_complete()
        if self._held is not None:
            self._cancel()
            cycle = self._held[0]
            cycle.scope["extensions"] = {WHOLE: {"bytes": bytes(cycle.body)}}
            self._release()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle is self.cycle and cycle.more_body and self._is_small(cycle):
            self._held = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _is_small(self, cycle: RequestResponseCycle) -> bool:
        """Whether a body is to come that a client sends without being asked, and how large."""
        if cycle.waiting_for_100_continue:
            return False
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        return length.isdigit() and 0 < int(length) <= SMALL

    def _release(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            super()._start_asgi_task(*held)

    def _await(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, self._expire)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._held is not None:
            self._release()  # who reads it has limits of its own
        else:
            self._refuse(f"{_INVALID} Its headers did not come in time.")

    def _refuse(self, text: str) -> None:
        self._unheeded = 0
        if self.transport is not None and not self.transport.is_closing():
            self.send_400_response(text)
