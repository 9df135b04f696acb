"""The one place that sees every request: it lends it its id, and notes what became of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from .seen import context
from .seen.logs import ACCESS
from .seen.subject import subject
from .wire.dispatch import Call
from .wire.errors import ApiError
from .wire.observe import Exchange, Observer

access_log = logging.getLogger(ACCESS)

#: Ids that clients bring, kept beside ours: log field -> header.
_BROUGHT = {"invocation_id": "amz-sdk-invocation-id", "trace_id": "x-amzn-trace-id"}
_MOST = 256  # characters of a header that are kept


class Watching(Observer):
    """The access log of a control plane."""

    def begun(self, exchange: Exchange) -> AbstractContextManager[None]:
        """Let everything that is done from now on carry the request's id."""
        acting = context.acting(exchange.request_id, direct=True)
        acting.__enter__()
        return acting

    def answered(
        self,
        call: Call,
        params: Mapping[str, Any],
        answer: Mapping[str, Any] | None,
        error: ApiError | None,
    ) -> None:
        """Note which resource a call is about."""
        if call.exchange is not None:
            call.exchange.resource = subject(call.operation.name, params, answer)

    def ended(self, exchange: Exchange, begun: object) -> None:
        """Write the request's line."""
        if access_log.isEnabledFor(logging.INFO):
            name = f"{exchange.service}.{exchange.operation}" if exchange.operation else "-"
            access_log.info("%s %d", name, exchange.status, extra=_fields(exchange))
        if isinstance(begun, AbstractContextManager):
            begun.__exit__(None, None, None)


def _fields(exchange: Exchange) -> dict[str, Any]:
    caller = exchange.caller
    fields = {
        "request_id": exchange.request_id,
        "service": exchange.service,
        "operation": exchange.operation,
        "caller": f"{caller.domain}/{caller.user_profile}" if caller else "",
        "access_key_id": caller.access_key if caller else "",
        "source": exchange.source,
        "resource": exchange.resource,
        "status": exchange.status,
        "error": exchange.error,
        "ms": round(exchange.seconds * 1000, 1),
        "in": exchange.received,
        "out": exchange.sent,
    }
    for name, header in _BROUGHT.items():
        fields[name] = exchange.headers.get(header, "")[:_MOST]
    return {name: value for name, value in fields.items() if value != ""}
