"""HTTP/1.1 of the gateway: one protocol object for each client connection.

It bounds everything a client decides: the size of a request's head and body, how long each may
take to come, how many requests come ahead of their answers, how long an answer waits to be taken.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

import httptools

MAX_HEAD = 64 * 1024
MAX_DRAINED = 256 * 1024 * 1024  # of a body that is too large, so that the client reads the answer
HEAD_S = 30.0
BODY_IDLE_S = 30.0
BODY_S = 600.0
IDLE_S = 75.0
_TAKE_S = 60.0
_SMALL = 64 * 1024

STATUS = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}


_names: dict[bytes, str] = {}


def _name(raw: bytes) -> str:
    """A header's name in lower case; the names that clients use are few."""
    name = raw.decode("latin-1").lower()
    if len(_names) < 1000 and len(raw) < 100:
        _names[raw] = name
    return name


class Request:
    """One request; ``respond`` answers it, once. Header names are in lower case.

    ``too_large`` tells that there was more than the limit, in which case the body is empty.
    """

    __slots__ = ("_connection", "body", "headers", "keep_alive", "method", "target", "too_large")

    def __init__(
        self,
        connection: HttpConnection,
        target: str = "",
        headers: dict[str, str] | None = None,
        method: str = "",
        body: bytes = b"",
        keep_alive: bool = False,
        too_large: bool = False,
    ) -> None:
        self._connection = connection
        self.target = target
        self.headers = headers or {}
        self.method = method
        self.body = body
        self.keep_alive = keep_alive
        self.too_large = too_large

    @property
    def is_gone(self) -> bool:
        """Whether the client has left, so that nobody waits for the answer."""
        return self._connection.is_lost

    @property
    def source(self) -> str:
        """The client's address."""
        return self._connection.peer

    def respond(self, head: bytes, body: bytes) -> None:
        """Send the answer: status line and headers, each with its line end, and the body.

        Content-Length, Date and, where needed, Connection are added.
        """
        self._connection.answered(self, head, body)


class Server:
    """What all connections share: who answers, the limit of bodies, the time, the drain.

    ``limit`` gives the largest body in bytes that is worth keeping at the moment.
    """

    def __init__(self, handle: Callable[[Request], None], limit: Callable[[], int]) -> None:
        self.handle = handle
        self.limit = limit
        self.connections: set[HttpConnection] = set()
        self.empty = asyncio.Event()  # set when the drain is over
        self.draining = False
        self.date = b""
        self.now = 0.0
        self.tick()

    def tick(self) -> None:
        """Once a second: the time of day, and an end to those who take too long."""
        self.now = time.monotonic()
        self.date = time.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime()).encode()
        for connection in [c for c in self.connections if c.deadline < self.now]:
            connection.expire()

    def drain(self) -> None:
        """Let each connection go when the request at hand is answered."""
        self.draining = True
        for connection in list(self.connections):
            connection.drain()
        if not self.connections:
            self.empty.set()

    def left(self, connection: HttpConnection) -> None:
        """A connection is closed."""
        self.connections.discard(connection)
        if self.draining and not self.connections:
            self.empty.set()


class HttpConnection(asyncio.Protocol):
    """One client's connection. Requests are answered one after the other."""

    def __init__(self, server: Server) -> None:
        self.deadline = server.now + IDLE_S
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._queue: deque[Request] = deque()
        self._active: Request | None = None
        self._reading = True
        self._writable = True
        self._refused = False  # nothing that comes is looked at any more
        self._coming = False  # a request has begun and is not whole
        self._in_head = False
        self._serial = 0  # of the request that comes
        self._head_size = 0
        self._url = b""
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._limit = 0  # of the body that comes
        self._until = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.left(self)
        self._queue.clear()

    @property
    def peer(self) -> str:
        """The client's address; empty when it has left."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if name else ""

    @property
    def is_lost(self) -> bool:
        """Whether it is closed."""
        return self._transport is None

    def eof_received(self) -> bool:
        # A client may close its side and still wait for the answer.
        self._refused = True
        return self._active is not None or bool(self._queue)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        serial = self._serial if self._in_head else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refused = True  # what follows is of a protocol that is not spoken here
            if self._active is None and not self._queue:
                self._refuse(400, "Upgrades are not supported.")
        except httptools.HttpParserError:
            if not self._refused:
                self._refuse(400, "Invalid HTTP request received.")
        if self._in_head and self._serial == serial:
            self._head_size += len(data)  # of a head that began before
            if self._head_size > MAX_HEAD:
                self._refuse(431, f"The headers are longer than {MAX_HEAD} bytes.")
        self._next()

    # --- called by the parser

    def on_message_begin(self) -> None:
        self._coming = self._in_head = True
        self._serial += 1
        self._head_size = 0
        self._url = b""
        self._headers = {}
        self._parts = []
        self._size = 0
        self._until = self._server.now + BODY_S
        if self._active is None:
            self.deadline = self._server.now + HEAD_S

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: nobody has signed it
        headers, text = self._headers, value.decode("latin-1")
        key = _names.get(name) or _name(name)
        # Repeated ones count as one with a list, also in signatures.
        headers[key] = f"{headers[key]},{text}" if key in headers else text

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._limit = self._server.limit()
        headers = self._headers
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > MAX_DRAINED:
            self._refuse(400, f"The body is longer than {self._limit} bytes.")
        elif "expect" in headers:
            self._encourage()

    def _encourage(self) -> None:
        first = self._active is None and not self._queue
        wanted = self._headers["expect"].lower() == "100-continue"
        if wanted and first and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            self._parts.clear()
            if self._size > MAX_DRAINED:
                self._refuse(400, f"The body is longer than {self._limit} bytes.")
        else:
            self._parts.append(data)
        if self._active is None:
            self.deadline = min(self._server.now + BODY_IDLE_S, self._until)

    def on_message_complete(self) -> None:
        self._coming = False
        if self._refused:
            return
        parts, parser = self._parts, self._parser
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        target, method = self._url.decode("latin-1"), parser.get_method().decode("latin-1")
        keep, too_large = parser.should_keep_alive(), self._size > self._limit
        self._parts = []
        self._queue.append(Request(self, target, self._headers, method, body, keep, too_large))

    # --- requests in turn

    def _next(self) -> None:
        while self._queue and self._active is None and self._writable:
            self._active = request = self._queue.popleft()
            self.deadline = float("inf")  # who answers has limits of its own
            self._server.handle(request)
        if self._transport is None:
            return
        wanted = not self._queue
        if wanted is not self._reading:
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def answered(self, request: Request, head: bytes, body: bytes) -> None:
        """Send the answer of the request at hand."""
        transport = self._transport
        if transport is None or self._active is not request:
            return
        self._active = None
        server = self._server
        last = not request.keep_alive or server.draining or (self._refused and not self._queue)
        end = b"connection: close\r\n\r\n" if last else b"\r\n"
        length = b"content-length: %d\r\n" % len(body)
        if request.method == "HEAD":
            body = b""
        if len(body) <= _SMALL:
            transport.write(b"".join((head, length, server.date, end, body)))
        else:
            transport.writelines((b"".join((head, length, server.date, end)), body))
        self.deadline = server.now + (IDLE_S if self._writable else _TAKE_S)
        if last:
            self._refused = True
            self._queue.clear()
            transport.close()
        elif self._queue or not self._reading:
            # Not from here: an answer that is ready at once would go one call deeper each time.
            asyncio.get_running_loop().call_soon(self._next)

    def _refuse(self, status: int, text: str) -> None:
        """End the connection, with an error unless another answer is still to come."""
        self._refused = True
        if self._transport is None or self._active is not None or self._queue:
            return
        body = b'{"Message": "%b"}' % text.encode()
        self._active = request = Request(self)
        head = b"content-type: application/json\r\nx-amzn-errortype: ValidationError\r\n"
        request.respond(STATUS[status] + head, body)

    # --- limits

    def pause_writing(self) -> None:
        self._writable = False
        self.deadline = self._server.now + _TAKE_S

    def resume_writing(self) -> None:
        self._writable = True
        self.deadline = self._server.now + IDLE_S
        self._next()

    def expire(self) -> None:
        """The time for what the client should do is over."""
        if self._transport is not None:
            self._transport.abort()

    def drain(self) -> None:
        """Close when idle; else the answer of the request at hand will be the last."""
        busy = self._active is not None or self._queue or self._coming
        if not busy and self._transport is not None:
            self._transport.close()
