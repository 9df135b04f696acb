"""One invocation on its way from a client to a worker and back, driven by callbacks."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from ...store.credentials import Credential
from ...wire.errors import ApiError
from ..modelserver.framing import fields
from . import answers
from .connection import NotDelivered, TimedOut, Undecided
from .http import Request
from .pool import Slot, Unavailable
from .routing import Endpoint, Variant

if TYPE_CHECKING:
    from .app import Gateway

logger = logging.getLogger(__name__)

_ATTEMPTS = 4
#: Larger bodies take a worker some time: nothing else should have to wait behind them.
_SMALL = 64 * 1024
_PREFIX = "x-amzn-sagemaker-"
_TARGET, _ATTRIBUTES, _INFERENCE_ID = (
    _PREFIX + name for name in ("target-variant", "custom-attributes", "inference-id")
)
_heads: dict[tuple[str | None, str | None], bytes] = {}


class Invocation:
    """Chooses a variant, waits for a worker, sends, answers.

    ``endpoint`` and ``caller`` are what it is about and who asked.
    A request that a dying worker never saw goes to another; one that it was working on does
    not, because it may have had effects.
    """

    __slots__ = (
        "_attempts",
        "_gateway",
        "_head",
        "_number",
        "_request",
        "_sent",
        "_slot",
        "_started",
        "_variant",
        "alone",
        "caller",
        "deadline",
        "endpoint",
        "instance",
    )

    def __init__(
        self,
        gateway: Gateway,
        request: Request,
        endpoint: Endpoint,
        caller: Credential,
        started: float,
    ) -> None:
        self._gateway = gateway
        self._request = request
        self.endpoint = endpoint
        self.caller = caller
        self._started = started
        self._sent = 0.0
        self._attempts = 0
        self._slot: Slot | None = None
        self._number = 0
        self._head = _frame_head(request.headers)
        self._variant = self._choose(endpoint)
        self.instance = ""  # of the worker that had it last
        self.alone = len(request.body) > _SMALL
        self.deadline = started + gateway.timeout_s

    def _choose(self, endpoint: Endpoint) -> Variant:
        target = self._request.headers.get(_TARGET)
        if target:
            variant = endpoint.variants.get(target)
            if variant is None:
                raise answers.invalid(f"Variant {target} not found for endpoint {endpoint.name}.")
            return variant
        chosen = endpoint.choose(self._gateway.table.random_number())
        if chosen is None:
            raise answers.unavailable(endpoint.name, "every variant has weight 0")
        return chosen

    def start(self) -> None:
        """Take it from here: the request will be answered, whatever happens."""
        self._gateway.open.add(self)
        self._try()

    def _try(self) -> None:
        try:
            if self._attempts >= _ATTEMPTS:
                self._fail(self._no_worker("its workers keep ending"))
                return
            self._attempts += 1
            if self._variant.pool.retired:
                self.endpoint = self._gateway.endpoint(self.endpoint.name, self.caller)
                self._variant = self._choose(self.endpoint)
            self._variant.pool.acquire(self)
        except Unavailable as error:
            self._fail(self._no_worker(str(error)))
        except ApiError as error:
            self._fail(error)

    def assigned(self, slot: Slot) -> None:
        """A worker is there."""
        if self._request.is_gone:
            self._gateway.open.discard(self)
            self._variant.pool.release(slot)
            return
        self._slot = slot
        self._sent = time.perf_counter()
        self.deadline = self._sent + self._gateway.timeout_s
        if slot.connection is None:
            self.failed(NotDelivered())
        else:
            self._number = slot.connection.send(self._head, self._request.body, self)

    def _give_back(self) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            self.instance = slot.instance
            self._variant.pool.release(slot)

    def answered(self, head: bytes, body: bytes) -> None:
        """The worker's answer."""
        now = time.perf_counter()
        gateway, variant, request = self._gateway, self._variant, self._request
        gateway.open.discard(self)
        self._give_back()
        try:
            header = fields(head)
            status = header["status"]
            model_s = now - self._sent
            overhead_s = self._sent - self._started
            gateway.metrics.add(
                self.endpoint.series, variant.name, variant.instances, model_s, overhead_s, status
            )
            if not 200 <= status < 300:
                text = body.decode("utf-8", "replace")
                raise answers.model_error(self.endpoint, status, text, header.get("container"))
            result = answers.invoked(header.get("content_type") or "", variant.name)
            if "attributes" in header:
                result += answers.attributes_of(header)
            number = ""
            if gateway.journal is not None and gateway.journal.has_all:
                number = gateway.journal.answered(request, self)
            gateway.respond(request, result, body, number)
        except Exception as error:
            gateway.refuse(request, error, self)

    def failed(self, error: Exception) -> None:
        """The worker did not answer."""
        self._give_back()
        if isinstance(error, Undecided):
            self.alone = True
        if isinstance(error, (NotDelivered, Undecided)):
            self._try()
        elif isinstance(error, TimedOut):
            self._fail(self._model_error(0, (
                "Your invocation timed out while waiting for a response from container primary "
                f"after {self._gateway.timeout_s:g} seconds."
            )), counted=True)  # fmt: skip
        else:
            text = "The model's worker process ended while it processed the request."
            self._fail(self._model_error(500, text), counted=True)

    def expire(self) -> None:
        """The time for the answer is over."""
        slot = self._slot
        if slot is None:
            self._variant.pool.forget(self)
            self._fail(self._no_worker("no worker became free in time"))
        elif slot.connection is not None:
            slot.connection.time_out(self._number)

    def _no_worker(self, reason: str) -> ApiError:
        self._count_failure()
        return answers.unavailable(self.endpoint.name, reason)

    def _model_error(self, status: int, text: str) -> ApiError:
        return answers.model_error(self.endpoint, status, text)

    def _fail(self, error: ApiError, counted: bool = False) -> None:
        if counted:
            self._count_failure()
        self._gateway.open.discard(self)
        self._gateway.refuse(self._request, error, self)

    def _count_failure(self) -> None:
        elapsed = time.perf_counter() - self._started
        variant = self._variant
        self._gateway.metrics.add(
            self.endpoint.series, variant.name, variant.instances, 0.0, elapsed, 500
        )


def _frame_head(headers: dict[str, str]) -> bytes:
    """The frame's header; those without anything of their own are made once."""
    get = headers.get
    content_type, accept = get("content-type"), get("accept")
    attributes, inference_id = get(_ATTRIBUTES), get(_INFERENCE_ID)
    plain = not attributes and not inference_id
    if plain and (head := _heads.get((content_type, accept))) is not None:
        return head
    header = {"content_type": content_type, "accept": accept}
    if attributes:
        header["attributes"] = attributes
    if inference_id:
        header["inference_id"] = inference_id
    head = json.dumps(header).encode()
    if plain and len(head) < 512 and len(_heads) < 1000:
        _heads[content_type, accept] = head
    return head
