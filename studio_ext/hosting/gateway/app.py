"""SageMaker Runtime: what each request asks for, and who may ask it."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import unquote

import httptools
from prometheus_client.core import Metric

from ...control import access
from ...seen import exposition
from ...seen.tally import Labels, gauge
from ...store.credentials import Credential
from ...wire.errors import AccessDenied, ApiError, NotImplementedOperation
from . import answers
from .http import Request
from .identity import Identity, Unlearned
from .invocation import Invocation
from .journal import Journal
from .metrics import Invocations
from .routing import Endpoint, Table

logger = logging.getLogger(__name__)

TIMEOUT_S = 60.0
_PATH = re.compile(
    r"/endpoints/([^/]*)/(invocations|invocations-response-stream|async-invocations)"
)
_SHORT = 200  # longer targets are not remembered
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_NOT_BUILT = {
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
    "async-invocations": "InvokeEndpointAsync",
}
_UNSUPPORTED = {
    "x-amzn-sagemaker-target-model": "TargetModel (the endpoint does not serve several models)",
    "x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
    "x-amzn-sagemaker-inference-component": "InferenceComponentName",
    "x-amzn-sagemaker-session-id": "SessionId",
}


class Gateway:
    """Answers requests. ``token`` opens ``/-/routes`` to the control plane.

    ``refresh`` brings the table up to date: who asks for the routes has mostly just changed them.
    ``may_scrape`` tells whether an Authorization header opens ``/metrics``; the administrator's
    signature does too. ``journal`` is told of what goes wrong.
    """

    def __init__(
        self,
        table: Table,
        identity: Identity,
        metrics: Invocations,
        *,
        token: str,
        refresh: Callable[[], Awaitable[object]],
        may_scrape: Callable[[str], bool] = lambda _: False,
        journal: Journal | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.table = table
        self.metrics = metrics
        self.timeout_s = timeout_s
        self.open: set[Invocation] = set()  # not answered yet
        self._refresh = refresh
        self._identity = identity
        self._token = token
        self._may_scrape = may_scrape
        self.journal = journal
        self._page = exposition.Page("gateway", (metrics.collect, self._present))
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request) -> None:
        """Answer one request, now or later."""
        try:
            target = request.target
            path, name, kind = _asked(target) if len(target) < _SHORT else _find(target)
            if not kind:
                self._own(path, request)
            elif request.method != "POST":
                raise ApiError("MethodNotAllowed", "Invocations are sent by POST.", 405)
            elif request.too_large:
                raise answers.too_large(self.table.max_payload)
            else:
                self._invocation(request, name, kind)
        except Exception as error:
            self.refuse(request, error)

    def _invocation(self, request: Request, name: str, kind: str) -> None:
        started = time.perf_counter()
        try:
            caller = self._signed(request)
        except Unlearned as missing:
            self._later(self._learned(request, missing.key, name, kind, started), request)
        else:
            self._invoke(request, caller, name, kind, started)

    async def _learned(
        self, request: Request, key: str, name: str, kind: str, started: float
    ) -> None:
        await self._identity.learn(key)
        self._invoke(request, self._signed(request), name, kind, started)

    def _signed(self, request: Request) -> Credential:
        return self._identity.caller(request.method, request.target, request.headers, request.body)

    def _invoke(
        self, request: Request, caller: Credential, name: str, kind: str, started: float
    ) -> None:
        if kind in _NOT_BUILT:
            raise NotImplementedOperation(_NOT_BUILT[kind])
        endpoint = self.endpoint(name, caller)
        for header, member in _UNSUPPORTED.items():
            if header in request.headers:
                raise answers.invalid(f"{member} is not supported by endpoint {name}.")
        if len(request.body) > endpoint.max_payload:
            raise answers.too_large(endpoint.max_payload)
        Invocation(self, request, endpoint, caller, started).start()

    def endpoint(self, name: str, caller: Credential) -> Endpoint:
        """The endpoint of that name that the caller may invoke; ApiError without one."""
        endpoint = self.table.find(caller, name)
        if caller.scope is not None:
            decision = access.operation(caller, "sagemaker-runtime", "InvokeEndpoint")
            if not decision:
                raise AccessDenied(f"{decision.reason}.")
        if endpoint is None:
            if not _NAME.fullmatch(name):
                raise answers.bad_name()
            raise answers.invalid(f"Endpoint {name} of account {caller.account_id} not found.")
        return endpoint

    def _own(self, path: str, request: Request) -> None:
        page = self.PAGES.get(path)
        if page is None:
            raise ApiError("UnknownOperationException", "There is no such operation.", 404)
        page(self, request)

    def _ping(self, request: Request) -> None:
        self.respond(request, answers.plain(200, "text/plain"), b"pong\n")

    def _metrics(self, request: Request) -> None:
        self._later(self._metrics_page(request), request)

    def _state(self, request: Request) -> None:
        given = request.headers.get("x-studio-token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            raise AccessDenied("The token of run/gateway.json is needed.")
        self._later(self._routes(request), request)

    #: What it answers beside invocations; each asks for itself who may, and all but ``/ping`` do.
    PAGES: ClassVar[dict[str, Callable[[Gateway, Request], None]]] = {
        "/ping": _ping,
        exposition.PATH: _metrics,
        "/-/routes": _state,
    }

    async def _metrics_page(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not self._may_scrape(given):
            if exposition.is_bearer(given):
                raise AccessDenied("This is not the token of home/metrics-token.")
            try:
                signed = self._signed(request)
            except Unlearned as missing:
                await self._identity.learn(missing.key)
                signed = self._signed(request)
            if not access.administers(signed):
                raise AccessDenied("The administrator, or home/metrics-token, may read metrics.")
        head = answers.plain(200, exposition.CONTENT_TYPE)
        self.respond(request, head, self._page.text())

    async def _routes(self, request: Request) -> None:
        await self._refresh()
        state = {"version": self.table.version, "in_flight": self.table.in_flight()}
        self.respond(request, answers.plain(200, "application/json"), json.dumps(state).encode())

    def _later(self, work: Coroutine[Any, Any, None], request: Request) -> None:
        """Answer a request by what has to wait for something."""

        async def run() -> None:
            try:
                await work
            except Exception as error:
                self.refuse(request, error)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def respond(self, request: Request, head: bytes, body: bytes, number: str = "") -> None:
        """Answer a request, under a number of its own."""
        number = number or f"{random.getrandbits(128):032x}"
        request.respond(b"%bx-amzn-requestid: %b\r\n" % (head, number.encode()), body)

    def refuse(self, request: Request, error: Exception, at: Invocation | None = None) -> None:
        """Answer a request by an error; one that is no ApiError is a defect, told in the log."""
        number = f"{random.getrandbits(128):032x}"
        if not isinstance(error, ApiError):
            logger.error("failed", exc_info=error, extra={"request_id": number})
            error = answers.internal()
        self.metrics.refused[error.status] = self.metrics.refused.get(error.status, 0) + 1
        if self.journal is not None:
            self.journal.refused(request, number, error, at)
        self.respond(request, *answers.error_of(error), number)

    def _present(self) -> Iterator[Metric]:
        now: dict[Labels, float] = {(): len(self.open)}
        yield gauge("studio_invocations_in_flight", "Invocations not answered yet.", (), now)

    def sweep(self) -> None:
        """End the wait of those whose time is over; to be called a few times a second."""
        now = time.perf_counter()
        for invocation in [one for one in self.open if one.deadline <= now]:
            invocation.expire()


def _find(target: str) -> tuple[str, str, str]:
    """Path, endpoint and kind of invocation of a request's target, or the path alone."""
    path, _, _ = target.partition("?")
    match = _PATH.fullmatch(path)
    if match is None:
        path = _path(path)
        match = _PATH.fullmatch(path)
    return (path, match[1], match[2]) if match else (path, "", "")


_asked = lru_cache(maxsize=1024)(_find)


def _path(target: str) -> str:
    """The path of a request's target, which may name the server too, without its encoding."""
    if not target.startswith("/"):
        try:
            target = (httptools.parse_url(target.encode("latin-1")).path or b"/").decode("latin-1")
        except httptools.HttpParserInvalidURLError:
            return ""
    return unquote(target)
