"""What watches requests: the wire tells an observer what happens, and knows nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .identity import Caller

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from .dispatch import Call
    from .errors import ApiError


@dataclass
class Exchange:
    """One request and its answer, filled in as they become known.

    ``received`` and ``sent`` are bytes of bodies; ``seconds`` run until the last byte was sent.
    ``told`` says that the observer has heard of its outcome.
    """

    request_id: str
    headers: Mapping[str, str]
    source: str = ""
    service: str = ""
    operation: str = ""
    caller: Caller | None = None
    resource: str = ""
    status: int = 0
    error: str = ""
    received: int = 0
    sent: int = 0
    seconds: float = 0.0
    told: bool = False

    def about(self, operation: OperationModel) -> None:
        """The operation that was asked for is known."""
        self.service, self.operation = operation.service_model.service_name, operation.name


class Observer:
    """Watches requests; this one does nothing. Methods run in the server's event loop: be quick."""

    def begun(self, exchange: Exchange) -> object:
        """A request has come; what is returned is given back to :meth:`ended`."""
        return None

    def admitted(self, call: Call, params: Mapping[str, Any]) -> None:
        """A call was found valid and goes to its handler; an ApiError from here refuses it."""

    def answered(
        self,
        call: Call,
        params: Mapping[str, Any],
        answer: Mapping[str, Any] | None,
        error: ApiError | None,
    ) -> None:
        """A call has its answer, which has not been sent yet."""

    def refused(self, exchange: Exchange, error: ApiError) -> None:
        """A request was answered by an error before it became a call: nobody has seen it yet."""

    def ended(self, exchange: Exchange, begun: object) -> None:
        """The answer was sent, or the client went away."""
