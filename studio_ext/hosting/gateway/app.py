"""SageMaker Runtime as an ASGI application."""

from __future__ import annotations

import hmac
import json
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ...store.credentials import Credential
from ...wire.errors import AccessDenied, ApiError, NotImplementedOperation
from ..modelserver import framing
from .connection import Answer, NotDelivered, TimedOut, WorkerDied
from .identity import Identity
from .metrics import Invocations
from .pool import Unavailable
from .routing import Endpoint, Table, Variant

logger = logging.getLogger(__name__)

TIMEOUT_S = 60.0
_ATTEMPTS = 4
_DRAINED = 256 * 1024 * 1024
_PATH = re.compile(
    r"/endpoints/([^/]*)/(invocations|invocations-response-stream|async-invocations)"
)
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_NOT_BUILT = {
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
    "async-invocations": "InvokeEndpointAsync",
}
_PREFIX = "x-amzn-sagemaker-"
_UNSUPPORTED = {
    "target-model": "TargetModel (the endpoint does not serve several models)",
    "target-container-hostname": "TargetContainerHostname",
    "inference-component": "InferenceComponentName",
    "session-id": "SessionId",
}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Gateway:
    """The application. ``token`` opens ``/-/routes`` to the control plane.

    ``refresh`` brings the table up to date: who asks for the routes has mostly just changed them.
    """

    def __init__(
        self,
        table: Table,
        identity: Identity,
        metrics: Invocations,
        *,
        token: str,
        refresh: Callable[[], Awaitable[object]],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.table = table
        self._refresh = refresh
        self.metrics = metrics
        self._identity = identity
        self._token = token
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        request_id = f"{random.getrandbits(128):032x}"
        try:
            status, answer, body = await self._answer(scope, headers, receive)
        except ApiError as error:
            status, answer, body = _error(error)
        except Exception:
            logger.exception("request %s failed", request_id)
            status, answer, body = _error(
                ApiError("InternalFailure", "The request failed because of an internal error.", 500)
            )
        answer.append((b"x-amzn-requestid", request_id.encode()))
        answer.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        path: str = scope["path"]
        match = _PATH.fullmatch(path)
        if match is None:
            return await self._own(path, headers)
        if scope["method"] != "POST":
            raise ApiError("MethodNotAllowed", "Invocations are sent by POST.", 405)
        started = time.perf_counter()
        body = await _read(headers, receive, self.table.max_payload)
        query = scope["query_string"].decode("latin-1")
        url = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        caller = await self._identity.caller("POST", url, headers, body)
        if match[2] in _NOT_BUILT:
            raise NotImplementedOperation(_NOT_BUILT[match[2]])
        return await self._invoke(match[1], headers, body, caller, started)

    async def _own(
        self, path: str, headers: dict[str, str]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if path == "/ping":
            return 200, [(b"content-type", b"text/plain")], b"pong\n"
        if path == "/-/routes":
            given = headers.get("x-studio-token", "")
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                raise AccessDenied("The token of run/gateway.json is needed.")
            await self._refresh()
            state = {"version": self.table.version, "in_flight": self.table.in_flight()}
            return 200, [(b"content-type", b"application/json")], json.dumps(state).encode()
        raise ApiError("UnknownOperationException", "There is no such operation.", 404)

    async def _invoke(
        self,
        name: str,
        headers: dict[str, str],
        body: bytes,
        caller: Credential,
        started: float,
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        endpoint = self._endpoint(name, caller)
        for suffix, member in _UNSUPPORTED.items():
            if _PREFIX + suffix in headers:
                raise _invalid(f"{member} is not supported by endpoint {name}.")
        if len(body) > endpoint.max_payload:
            raise _too_large(endpoint.max_payload)
        frame = _frame(headers, body)
        variant, answer, model_s = await self._ask(endpoint, headers, frame, caller, started)
        header, payload = answer
        status = header["status"]
        total = time.perf_counter() - started
        self.metrics.add(
            endpoint.series, variant.name, variant.instances, model_s, total - model_s, status
        )
        if not 200 <= status < 300:
            text = payload.decode("utf-8", "replace")
            raise self._model_error(endpoint, status, text)
        result = [
            (b"content-type", _latin(header.get("content_type") or "application/octet-stream")),
            (b"x-amzn-invoked-production-variant", variant.name.encode()),
        ]
        if header.get("attributes"):
            result.append((b"x-amzn-sagemaker-custom-attributes", _latin(header["attributes"])))
        return 200, result, payload

    def _endpoint(self, name: str, caller: Credential) -> Endpoint:
        if not _NAME.fullmatch(name):
            raise _invalid(
                "1 validation error detected: Value at 'endpointName' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: "
                "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
            )
        endpoint = self.table.find(caller.account_id, name)
        if endpoint is None:
            raise _invalid(f"Endpoint {name} of account {caller.account_id} not found.")
        return endpoint

    def _variant(self, endpoint: Endpoint, headers: dict[str, str]) -> Variant:
        target = headers.get(_PREFIX + "target-variant")
        if target:
            variant = endpoint.variants.get(target)
            if variant is None:
                raise _invalid(f"Variant {target} not found for endpoint {endpoint.name}.")
            return variant
        chosen = endpoint.choose(self.table.random_number())
        if chosen is None:
            raise _unavailable(endpoint.name, "every variant has weight 0")
        return chosen

    async def _ask(
        self,
        endpoint: Endpoint,
        headers: dict[str, str],
        frame: bytes,
        caller: Credential,
        started: float,
    ) -> tuple[Variant, Answer, float]:
        """Variant, answer and the seconds that the model took.

        A request that a dying worker never saw goes to another; one that it was working on does
        not, because it may have had effects.
        """
        variant = self._variant(endpoint, headers)
        for _ in range(_ATTEMPTS):
            if variant.pool.retired:
                endpoint = self._endpoint(endpoint.name, caller)
                variant = self._variant(endpoint, headers)
            left = self._timeout_s - (time.perf_counter() - started)
            try:
                slot = await variant.pool.acquire(max(0.0, left))
            except Unavailable as error:
                if variant.pool.retired:
                    continue
                self._count_failure(endpoint, variant, started)
                raise _unavailable(endpoint.name, str(error)) from None
            connection = slot.connection
            sent = time.perf_counter()
            try:
                if connection is None:
                    continue
                answer = await connection.request(frame, self._timeout_s)
                return variant, answer, time.perf_counter() - sent
            except NotDelivered:
                continue
            except WorkerDied:
                self._count_failure(endpoint, variant, started)
                text = "The model's worker process ended while it processed the request."
                raise self._model_error(endpoint, 500, text) from None
            except TimedOut:
                self._count_failure(endpoint, variant, started)
                text = (
                    "Your invocation timed out while waiting for a response from container primary "
                    f"after {self._timeout_s:g} seconds."
                )
                raise self._model_error(endpoint, 0, text) from None
            finally:
                variant.pool.release(slot)
        self._count_failure(endpoint, variant, started)
        raise _unavailable(endpoint.name, "its workers keep ending")

    def _count_failure(self, endpoint: Endpoint, variant: Variant, started: float) -> None:
        elapsed = time.perf_counter() - started
        self.metrics.add(endpoint.series, variant.name, variant.instances, 0.0, elapsed, 500)

    def _model_error(self, endpoint: Endpoint, status: int, text: str) -> ApiError:
        if status:
            who = "client" if status < 500 else "server"
            message = f'Received {who} error ({status}) from primary with message "{text}".'
        else:
            message = text
        message += (
            f" See {endpoint.log_stream_arn or f'/aws/sagemaker/Endpoints/{endpoint.name}'}"
            f" in account {endpoint.account} for more information."
        )
        fields = {
            "OriginalStatusCode": status or 500,
            "OriginalMessage": text,
            "LogStreamArn": endpoint.log_stream_arn,
        }
        return ApiError("ModelError", message, 424, fields=fields)


async def _read(headers: dict[str, str], receive: Receive, limit: int) -> bytes:
    """The whole body. One that is too large is received, so that the client reads the answer,
    but not kept."""
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > _DRAINED:
        raise _too_large(limit)
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError("RequestAborted", "The client closed the connection.", 400)
        part = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if size > _DRAINED:
            break
        if size <= limit:
            parts.append(part)
    if size > limit:
        raise _too_large(limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _frame(headers: dict[str, str], body: bytes) -> bytes:
    get = headers.get
    header = {"content_type": get("content-type"), "accept": get("accept")}
    attributes = get("x-amzn-sagemaker-custom-attributes")
    if attributes:
        header["attributes"] = attributes
    inference_id = get("x-amzn-sagemaker-inference-id")
    if inference_id:
        header["inference_id"] = inference_id
    return framing.encode(header, body)


def _latin(text: str) -> bytes:
    """A header's value; what a header cannot hold is left out."""
    return "".join(text.splitlines()).encode("latin-1", "ignore")


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationError", message, 400)


def _too_large(limit: int) -> ApiError:
    return _invalid(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {limit}"
    )


def _unavailable(name: str, reason: str) -> ApiError:
    return ApiError("ServiceUnavailable", f"Endpoint {name} cannot be invoked: {reason}.", 503)


def _error(error: ApiError) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    body = json.dumps({"Message": error.message, **error.fields}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-errortype", error.code.encode()),
    ]
    return error.status, headers, body
