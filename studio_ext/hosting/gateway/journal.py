"""What the gateway notes of single requests: those that fail, in its log and in the model's.

Answers have their number from the gateway once they are there, and workers do not know it. So a
number that a client may ask about is written to the model's log afterwards, beside the model's own
words about what went wrong.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...control.auditing import Auditor
from ...seen.logs import ACCESS, ToFile
from ...wire.errors import ApiError
from ...wire.identity import Caller
from ...wire.observe import Exchange
from .http import Request

if TYPE_CHECKING:
    from .invocation import Invocation

_SERVICE, _OPERATION = "sagemaker-runtime", "InvokeEndpoint"
_MOST_TEXT = 500
_KEY = re.compile(r"Credential=([A-Za-z0-9_]{1,128})/")


class Journal:
    """Lines in the gateway's log and the audit log. ``has_all``: not only of what fails."""

    def __init__(self, log: ToFile, auditor: Auditor, instances: Path) -> None:
        self.has_all = auditor.includes_data
        self._log = log
        self._auditor = auditor
        self._instances = instances

    def refused(
        self, request: Request, number: str, error: ApiError, at: Invocation | None
    ) -> None:
        """Note a request that was answered by an error."""
        key = _KEY.search(request.headers.get("authorization", ""))
        caller = f"{at.caller.domain}/{at.caller.user_profile}" if at else ""
        about = {
            "logger": ACCESS,
            "message": f"{_SERVICE}.{_OPERATION} {error.status}",
            "request_id": number,
            "caller": caller,
            "access_key_id": key[1] if key else "",
            "source": request.source,
            "resource": at.endpoint.name if at else request.target[:_MOST_TEXT],
            "instance": at.instance if at else "",
            "status": error.status,
            "error": error.code,
            "text": error.message[:_MOST_TEXT],
            "invocation_id": request.headers.get("amz-sdk-invocation-id", "")[:_MOST_TEXT],
        }
        self._log.line({name: value for name, value in about.items() if value != ""})
        if at is not None and at.instance and error.status != 503:
            self._tell_the_model(at.instance, f"Request {number}: {error.message[:_MOST_TEXT]}")
        self._audit(request, number, error, at)

    def answered(self, request: Request, at: Invocation) -> str:
        """Note a request that is answered well; gives its number."""
        number = f"{random.getrandbits(128):032x}"
        self._audit(request, number, None, at)
        return number

    def keep(self) -> None:
        """To be called every few seconds: have what was written survive a power failure."""
        self._auditor.keep()

    def close(self) -> None:
        """Close the audit log."""
        self._auditor.close()

    def _audit(
        self, request: Request, number: str, error: ApiError | None, at: Invocation | None
    ) -> None:
        caller = Caller.of(at.caller) if at else None
        exchange = Exchange(number, request.headers, request.source, _SERVICE, _OPERATION, caller)
        name = at.endpoint.name if at else request.target[:_MOST_TEXT]
        self._auditor.invoked(exchange, {"endpointName": name}, error)

    def _tell_the_model(self, instance: str, text: str) -> None:
        """Add a line to the log of a model server, if it is still there."""
        try:
            log = os.open(self._instances / instance / "log", os.O_WRONLY | os.O_APPEND)
        except OSError:
            return
        try:
            os.write(log, f"{' '.join(text.split())}\n".encode())
        except OSError:
            return  # the disk is full, as the log of the gateway says
        finally:
            os.close(log)
