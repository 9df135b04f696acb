"""From a parsed call to the handler that answers it, for HTTP clients and in-process callers."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

from . import models, validate
from .errors import ApiError, InternalFailure, NotImplementedOperation
from .identity import Caller, Credential, CredentialLike, CredentialSource
from .observe import Exchange, Observer
from .threads import Threads

__all__ = [
    "Call",
    "Caller",
    "Credential",
    "CredentialLike",
    "CredentialSource",
    "Dispatcher",
    "FileBody",
    "Handler",
    "Registry",
]

log = logging.getLogger(__name__)

# Sync handlers wait on SQLite, files and long polls, so there are more threads than cores.
HANDLER_THREADS = 40


@dataclass
class Call:
    """One request as a handler sees it, beside its parameters.

    `body` is set for streaming inputs only (S3 `Body`); iterating it raises `ApiError` when the
    payload does not match its signature or length, so write to a temporary place first.
    `trailers` holds the headers sent after the body (`x-amz-checksum-*`), once it was read.
    `large`: its parameters take long to look through, which is done beside the event loop.
    `gone` waits until the client has gone away, where that can be told; it is awaited by handlers
    that work for their clients' eyes alone, and canceled by them.
    """

    service: str
    operation: OperationModel
    caller: Caller
    region: str
    request_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    body: AsyncIterator[bytes] | None = None
    trailers: dict[str, str] = field(default_factory=dict)
    exchange: Exchange | None = None
    large: bool = False
    gone: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class FileBody:
    """A streaming output read from a file: `length` bytes (None: the rest) from `offset`.

    Give an open binary `file` to be safe from a rename or delete meanwhile; the server closes it.
    With `content`, all those bytes, the server need not read them.
    """

    path: Path | str
    offset: int = 0
    length: int | None = None
    file: BinaryIO | None = None
    content: bytes | None = None


Answer = dict[str, Any] | None
#: The error that a client is to see for one that no handler expected; None: a fault of ours.
Explain = Callable[[BaseException], ApiError | None]
Handler = Callable[[Call, dict[str, Any]], Answer | Awaitable[Answer]]


class Registry:
    """Which operations of which services have a handler."""

    def __init__(self) -> None:
        self._handlers: dict[str, dict[str, Handler]] = {}
        self._async: set[tuple[str, str]] = set()

    def add(self, service: str, operation_name: str, handler: Handler) -> None:
        """Registers a handler once; `service` is botocore's name for it ("s3", "cloudwatch")."""
        handlers = self._handlers.setdefault(service, {})
        if operation_name in handlers:
            raise ValueError(f"{service}.{operation_name} already has a handler")
        handlers[operation_name] = handler
        if inspect.iscoroutinefunction(handler):
            self._async.add((service, operation_name))

    def services(self) -> tuple[str, ...]:
        return tuple(self._handlers)

    def operations(self, service: str) -> tuple[str, ...]:
        """The operation names of `service` that have a handler."""
        return tuple(self._handlers.get(service, ()))

    def has(self, service: str, operation_name: str) -> bool:
        """Whether an operation has a handler."""
        return operation_name in self._handlers.get(service, ())

    def is_async(self, service: str, operation_name: str) -> bool:
        """Whether an operation's handler is a coroutine function."""
        return (service, operation_name) in self._async

    def handler(self, service: str, operation_name: str) -> Handler:
        try:
            return self._handlers[service][operation_name]
        except KeyError:
            raise NotImplementedOperation(f"{service}.{operation_name}") from None


class Dispatcher:
    """Validates parameters and runs handlers."""

    def __init__(
        self,
        registry: Registry,
        credentials: CredentialSource,
        region: str,
        authorise: Callable[[Call], None] = lambda _: None,
        observer: Observer | None = None,
        explain: Explain = lambda _error: None,
    ) -> None:
        """`authorise` raises `ApiError` for a caller who may not call the operation at all."""
        self.registry = registry
        self._explain = explain
        self.credentials = credentials
        self.region = region
        self.observer = observer or Observer()
        self._authorise = authorise
        self._threads = Threads(HANDLER_THREADS, "studio-call")

    async def invoke(
        self,
        service: str,
        operation_name: str,
        params: dict[str, Any],
        caller: Caller,
        *,
        request_id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Runs an operation for a caller in this process, as a client's request would run.

        Timestamps are datetimes and blobs bytes, as in boto3. Who may have to ask again whether a
        request was served gives its id. Raises `ApiError`.
        """
        model = models.service_model(service)
        operation = _operation(model, operation_name)
        identity = request_id or new_request_id()
        call = Call(service, operation, caller, self.region, identity, headers or {})
        with self.observed(call):
            return await self.run(call, params)

    async def run(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Validates and runs one call; a handler's own bug becomes `InternalFailure`."""
        if call.exchange is not None:
            call.exchange.told = True
        try:
            answer = await self._run(call, params)
        except ApiError as error:
            self.observer.answered(call, params, None, error)
            raise
        self.observer.answered(call, params, answer, None)
        return answer

    @contextmanager
    def observed(self, call: Call) -> Iterator[Exchange]:
        """Shows the observer a call that does not come by HTTP to this server."""
        exchange = call.exchange = Exchange(call.request_id, call.headers, caller=call.caller)
        exchange.about(call.operation)
        started, begun = time.perf_counter(), self.observer.begun(exchange)
        try:
            yield exchange
            exchange.status = 200
        except ApiError as error:
            exchange.status, exchange.error = error.status, error.code
            if not exchange.told:
                self.observer.refused(exchange, error)
            raise
        finally:
            exchange.seconds = time.perf_counter() - started
            self.observer.ended(exchange, begun)

    async def _run(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        handler = self.registry.handler(call.service, call.operation.name)
        self._authorise(call)
        if call.large:
            await asyncio.to_thread(validate.check, call.operation, params)
        else:
            validate.check(call.operation, params)
        self.observer.admitted(call, params)
        try:
            return await self._call(handler, call, params) or {}
        except ApiError:
            raise
        except Exception as error:
            name = models.wire_name(call.operation)
            raise self.failure(error, f"{name} failed, request {call.request_id}") from None

    def failure(self, error: Exception, text: str) -> ApiError:
        """The answer to an exception, which is logged: known trouble by its text alone."""
        known = self._explain(error)
        if known is None:
            log.error("%s", text, exc_info=error)
            return InternalFailure()
        log.warning("%s: %s (%s)", text, known.message, error)
        return known

    async def _call(self, handler: Handler, call: Call, params: dict[str, Any]) -> Any:
        if self.registry.is_async(call.service, call.operation.name):
            answer = handler(call, params)
            assert not isinstance(answer, dict) and answer is not None
            return await answer
        result = await self._threads.run(handler, call, params)
        if isinstance(result, dict):
            return result
        # A partial or a callable object may hide a coroutine function.
        return await result if inspect.isawaitable(result) else result

    def close(self) -> None:
        """Lets running handlers end and refuses new ones."""
        self._threads.close()


def new_request_id() -> str:
    return str(uuid.uuid4())


def _operation(model: ServiceModel, name: str) -> OperationModel:
    try:
        return model.operation_model(name)
    except OperationNotFoundError:
        text = f"{model.service_name} has no operation {name}."
        raise ApiError("UnknownOperationException", text) from None
