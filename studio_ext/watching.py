"""The one place that sees every request: it lends it its id, and notes what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .control.auditing import Auditor
from .seen import context
from .seen.logs import ACCESS, ToFile
from .seen.subject import subject
from .seen.tally import Tally
from .wire.dispatch import Call
from .wire.errors import ApiError
from .wire.observe import Exchange, Observer

#: Ids that clients bring, kept beside ours: log field -> header.
_BROUGHT = {"invocation_id": "amz-sdk-invocation-id", "trace_id": "x-amzn-trace-id"}
_MOST = 256  # characters of a header that are kept


#: The label of what is not built: a client chooses names, and labels must stay few.
UNKNOWN = "unknown"


class Watching(Observer):
    """The access log and the counts of a control plane. ``built`` tells which operations
    of which services there are."""

    def __init__(self, built: Callable[[str, str], bool]) -> None:
        self._built = built
        self.requests = Tally()  # by service, operation, status
        self.durations = Tally()  # by service, operation
        self.object_bytes = Tally()  # by direction
        self.log_events = Tally()
        self.in_flight = 0
        self.log: ToFile | None = None  # where the access log goes
        self.auditor: Auditor | None = None

    def begun(self, exchange: Exchange) -> context.acting:
        """Let everything that is done from now on carry the request's id."""
        self.in_flight += 1
        acting = context.acting(exchange.request_id, direct=True)
        acting.__enter__()
        return acting

    def admitted(self, call: Call, params: Mapping[str, Any]) -> None:
        """Have the audit log know of a change before it is made."""
        if self.auditor is not None:
            self.auditor.admitted(call, params)

    def refused(self, exchange: Exchange, error: ApiError) -> None:
        """Have the audit log know of who was denied."""
        if self.auditor is not None:
            self.auditor.refused(exchange, error)

    def answered(
        self,
        call: Call,
        params: Mapping[str, Any],
        answer: Mapping[str, Any] | None,
        error: ApiError | None,
    ) -> None:
        """Note what became of a call, before the answer is sent."""
        if self.auditor is not None:
            self.auditor.answered(call, params, answer, error)
        if call.exchange is not None:
            call.exchange.resource = subject(call.operation.name, params, answer)
        if answer and call.service == "logs":
            self.log_events.count(by=len(answer.get("events") or ()))

    def ended(self, exchange: Exchange, begun: object) -> None:
        """Count the request, and write its line."""
        self.in_flight -= 1
        self._count(exchange)
        if self.auditor is not None:
            self.auditor.ended(exchange)
        if self.log is not None:
            self.log.line(_fields(exchange))
        if isinstance(begun, context.acting):
            begun.__exit__(None, None, None)

    def _count(self, exchange: Exchange) -> None:
        service, operation = exchange.service, exchange.operation
        if not self._built(service, operation):
            service = operation = UNKNOWN
        self.requests.count(service, operation, str(exchange.status))
        self.durations.time(service, operation, seconds=exchange.seconds)
        if service == "s3":
            self.object_bytes.count("in", by=exchange.received)
            self.object_bytes.count("out", by=exchange.sent)


def _fields(exchange: Exchange) -> dict[str, Any]:
    caller = exchange.caller
    name = f"{exchange.service}.{exchange.operation}" if exchange.operation else "-"
    fields = {
        "logger": ACCESS,
        "message": f"{name} {exchange.status}",
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
    for field, header in _BROUGHT.items():
        fields[field] = exchange.headers.get(header, "")[:_MOST]
    return {field: value for field, value in fields.items() if value != ""}
