"""The ASGI application: every service on one URL, streaming both ways in flat memory."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import body as bodies
from .dispatch import Call, Dispatcher, FileBody, new_request_id
from .errors import ApiError, InternalFailure
from .http import WHOLE
from .identity import Caller
from .observe import Exchange
from .parse import parse, streams_input
from .request import Request
from .routing import Route, guess_protocol, resolve
from .serialize import Response, serialize, serialize_error
from .signature import Signed, authenticate

log = logging.getLogger(__name__)

BODY_LIMIT = 32 * 1024 * 1024
LARGE = 256 * 1024
FILE_CHUNK = 256 * 1024
# After an early error this much of the body is still read, so that a client that sends first and
# reads afterwards gets the answer and not a broken pipe.
DRAIN_LIMIT = 64 * 1024 * 1024
DRAIN_SECONDS = 5.0
# A client that promises a body and falls silent would be waited for as long as it likes.
IDLE_S = 60.0
_NONE: dict[str, Any] = {}
_IDLE = (
    "Your socket connection to the server was not read from or written to within the timeout "
    "period. Idle connections will be closed."
)


def asgi_app(dispatcher: Dispatcher, body_limit: int = BODY_LIMIT) -> ASGIApp:
    """An ASGI app serving every operation of the dispatcher's registry.

    `body_limit` bounds requests that are parsed whole; streamed inputs have none.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _Exchange(dispatcher, body_limit, scope, receive, send).run()
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            raise RuntimeError(f"unsupported ASGI scope {scope['type']}")

    return app


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, dispatcher: Dispatcher, body_limit: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._dispatcher = dispatcher
        self._limit = body_limit
        self._asgi = scope, receive, send
        self._request = request_of(scope)
        self._incoming = _Incoming(receive, self._request.headers)
        self._whole: bytes | None = scope.get("extensions", _NONE).get(WHOLE, _NONE).get("bytes")
        self._id = new_request_id()
        self._route: Route | None = None
        source = (scope.get("client") or ("",))[0]
        self._seen = Exchange(self._id, self._request.headers, source)

    async def run(self) -> None:
        seen, observer = self._seen, self._dispatcher.observer
        started = time.perf_counter()
        begun = observer.begun(seen)
        try:
            try:
                response = await self._handle()
            except ApiError as error:
                response = self._failure(error)
            except Exception as error:
                text = f"request {self._id} failed"
                response = self._failure(self._dispatcher.failure(error, text))
            seen.status = response.status
            await self._drain()
            await self._respond(response)
        finally:
            seen.received, seen.seconds = self._incoming.size, time.perf_counter() - started
            observer.ended(seen, begun)

    def _failure(self, error: ApiError) -> Response:
        self._seen.error = error.code
        if not self._seen.told:
            self._dispatcher.observer.refused(self._seen, error)
        protocol = self._route.protocol if self._route else guess_protocol(self._request)
        operation = self._route.operation if self._route else None
        return serialize_error(protocol, error, self._id, operation)

    async def _handle(self) -> Response:
        request = self._request
        route, signed = await self._admit()
        call = Call(
            service=route.operation.service_model.service_name,
            operation=route.operation,
            caller=self._seen.caller or Caller.of(signed.credential),
            region=self._dispatcher.region,
            request_id=self._id,
            headers=request.headers,
            url=request.url,
            exchange=self._seen,
            gone=self._incoming.gone,
        )
        await self._attach_body(call, signed)
        if len(request.body) > LARGE:
            # A second of work or more, during which the others are answered.
            call.large = True
            params = await asyncio.to_thread(parse, route, request)
        else:
            params = parse(route, request)
        result = await self._dispatcher.run(call, params)
        return serialize(route, result, self._id)

    async def _admit(self) -> tuple[Route, Signed]:
        """Finds the operation and the caller.

        A streamed body may pass once its headers are signed for. Any other is read first, since
        its hash is part of the signature. A wrong signature outranks an unknown operation.
        """
        unresolved: ApiError | None = None
        # The query protocol names its operation in the body.
        if not (self._request.method == "POST" and self._request.path == "/"):
            unresolved = self._resolve()
        if self._streams():
            signed = self._authenticate(None)
        else:
            await self._read_body()
            signed = self._authenticate(hashlib.sha256(self._request.body).hexdigest())
        if self._route is None and unresolved is None:
            unresolved = self._resolve()
        if self._route is None:
            raise unresolved or InternalFailure()
        return self._route, signed

    def _resolve(self) -> ApiError | None:
        try:
            self._route = resolve(self._request, self._dispatcher.registry.services())
            self._seen.about(self._route.operation)
        except ApiError as error:
            return error
        return None

    def _streams(self) -> bool:
        return self._route is not None and streams_input(self._route.operation)

    def _authenticate(self, body_hash: str | None) -> Signed:
        request = self._request
        lookup = self._dispatcher.credentials.get
        signed = authenticate(request.method, request.url, request.headers, body_hash, lookup)
        self._seen.caller = Caller.of(signed.credential)
        return signed

    async def _read_body(self) -> None:
        length = self._request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limit:
            raise bodies.too_large(self._limit)
        if self._whole is not None:
            self._request.body = self._incoming.take(self._whole)
            return
        self._request.body = await bodies.read_all(self._incoming.chunks(), self._limit)

    async def _attach_body(self, call: Call, signed: Signed) -> None:
        """Unwraps the payload: a stream for the handler, or bytes for the parser."""
        request = self._request
        if self._streams():
            chunks = self._incoming.chunks()
            call.body = bodies.payload(chunks, request.headers, signed, call.trailers)
        elif bodies.is_chunked(request.headers):
            chunks = bodies.payload(bodies.once(request.body), request.headers, signed, {})
            request.body = await bodies.read_all(chunks, self._limit)
        if bodies.is_chunked(request.headers):
            request.headers = call.headers = bodies.unwrapped_headers(request.headers)
        if not self._streams():
            bodies.check_md5(request.headers, request.body)
            if call.operation.request_compression:
                request.body = bodies.decompressed(request.headers, request.body, self._limit)

    # --- answering

    async def _drain(self) -> None:
        """Takes what a client still sends after an error, unless it waits to be asked to."""
        waits = "expect" in self._request.headers and not self._incoming.size
        if self._incoming.ended or waits:
            return
        limit = self._incoming.size + DRAIN_LIMIT
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _ in self._incoming.chunks():
                    if self._incoming.size > limit:
                        return
        except (ApiError, TimeoutError):
            log.debug("request %s: the rest of the body was not read", self._id)

    async def _respond(self, response: Response) -> None:
        content, headers = response.body, dict(response.headers)
        if not self._incoming.ended:
            # The rest of the body would be taken for the connection's next request.
            headers["connection"] = "close"
        if isinstance(content, FileBody):
            length, content = await _opened(content)
            headers["content-length"] = str(length)
        if isinstance(content, bytes):
            await self._send(response.status, headers, content)
            return
        answer = StreamingResponse(self._counted(content), response.status)
        answer.raw_headers = _raw(headers)
        await answer(*self._asgi)

    async def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        has_body = self._request.method != "HEAD" and status not in (204, 304)
        if has_body:
            headers["content-length"] = str(len(content))
        self._seen.sent = len(content)
        send = self._asgi[2]
        await send({"type": "http.response.start", "status": status, "headers": _raw(headers)})
        await send({"type": "http.response.body", "body": content if has_body else b""})

    async def _counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self._seen.sent += len(chunk)
            yield chunk


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode()) for name, value in headers.items()]


async def _opened(body: FileBody) -> tuple[int, AsyncIterator[bytes] | bytes]:
    """The number of bytes to send, and the bytes or chunks of them. Opened first, so that a
    missing file is a 500 and not half an answer."""
    file = body.file
    if file is not None and body.content is not None and len(body.content) == body.length:
        file.close()
        return body.length, body.content
    if file is None:
        file = await asyncio.to_thread(open, body.path, "rb")
    length = body.length
    if length is None:
        size = await asyncio.to_thread(file.seek, 0, os.SEEK_END)
        length = max(size - body.offset, 0)
    return length, _file_chunks(file, body.offset, length)


async def _file_chunks(file: BinaryIO, offset: int, length: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(offset)
        while length:
            chunk = await asyncio.to_thread(file.read, min(FILE_CHUNK, length))
            if not chunk:  # cut the connection: the client must not take this for the whole
                raise RuntimeError(f"{file.name} became shorter while it was sent")
            length -= len(chunk)
            yield chunk


class _Incoming:
    """The body as it arrives; may be read in several goes."""

    def __init__(self, receive: Receive, headers: Mapping[str, str]) -> None:
        self._receive = receive
        self.size = 0
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        self.ended = not has_body

    def take(self, whole: bytes) -> bytes:
        """The body, which had come before the request was looked at."""
        self.size, self.ended = len(whole), True
        return whole

    async def gone(self) -> None:
        """Until the client has closed the connection; for handlers whose body is read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def chunks(self) -> AsyncIterator[bytes]:
        while not self.ended:
            try:
                async with asyncio.timeout(IDLE_S):
                    message = await self._receive()
            except TimeoutError:
                raise ApiError("RequestTimeout", _IDLE) from None
            if message["type"] == "http.disconnect":
                raise ApiError("IncompleteBody", "The connection ended before the body did.")
            self.ended = not message.get("more_body", False)
            chunk = message.get("body", b"")
            self.size += len(chunk)
            if chunk:
                yield chunk


def request_of(scope: Scope) -> Request:
    """The request of an ASGI scope, its body still unread."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1")
        try:
            value = raw_value.decode()
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    return Request(
        method=scope["method"],
        raw_path=raw_path,
        raw_query=scope["query_string"].decode("latin-1"),
        headers=headers,
        path=raw_path.removeprefix(scope.get("root_path", "").rstrip("/")) or "/",
    )
