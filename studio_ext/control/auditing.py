"""What goes into the audit log, and how: from the wire's calls to CloudTrail's records."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..seen.audit import CUT_SHORT, Audit, Record
from ..seen.lines import stamp
from ..seen.redaction import shown
from ..seen.subject import subject
from ..wire.errors import ApiError
from ..wire.observe import Exchange
from . import trouble
from .access import caller_arn

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from ..wire.dispatch import Call
    from ..wire.identity import Caller

VERSION = "1.11"
_READS = tuple(
    "Describe List Get Head Search Lookup Filter BatchGet BatchDescribe Query Preview".split()
)
#: Data: as in CloudTrail recorded only when that is asked for. S3's are found by their key.
_DATA = {
    ("s3", "DeleteObjects"),
    ("cloudwatch", "PutMetricData"),
    ("logs", "PutLogEvents"),
    ("sagemaker-runtime", "InvokeEndpoint"),
    ("sagemaker-metrics", "BatchPutMetrics"),
    ("sagemaker-featurestore-runtime", "PutRecord"),
    ("sagemaker-featurestore-runtime", "DeleteRecord"),
}
_SOURCES = {"cloudwatch": "monitoring"}
_DENIED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "IncompleteSignature",
}
#: Refused requests of nobody in particular that are recorded: at most so many at once, and then so
#: many a second. The others are counted in the next that is.
_BURST, _RATE = 100.0, 10.0
_MOST_TEXT = 1024
_CREDENTIAL = re.compile(
    r"Credential=([A-Za-z0-9_]{1,128})/\d{8}/[a-z0-9-]{1,32}/([a-z0-9-]{1,64})/"
)
_TARGET = re.compile(r"[A-Za-z0-9_.]{1,100}\.([A-Za-z]{1,100})")


class Auditor:
    """Decides what is recorded; ``include_data`` adds calls that read or write data."""

    def __init__(self, config: Config) -> None:
        self._audit = Audit(config.logs_dir / "audit")
        self._region = config.region
        self._account = config.account_id
        self.includes_data = config.audit_data_events
        self._days = config.audit_days
        self._open: dict[str, Record] = {}
        self._limit = _Limit()

    def admitted(self, call: Call, params: Mapping[str, Any]) -> None:
        """Note a call that is about to change something; ApiError when that cannot be kept."""
        if not self._is_recorded(call.service, call.operation):
            return
        record = self._record(call, params)
        try:
            self._audit.begin(record)
        except OSError as error:
            known = trouble.explain(error)
            text = f"The audit log cannot be written, so nothing was changed: {error.strerror}."
            raise known or ApiError("ServiceUnavailable", text, 503) from error
        self._open[call.request_id] = record

    def answered(
        self,
        call: Call,
        params: Mapping[str, Any],
        answer: Mapping[str, Any] | None,
        error: ApiError | None,
    ) -> None:
        """Write the record of a call that has an outcome."""
        record = self._open.pop(call.request_id, None)
        if record is None:
            wanted = self._is_recorded(call.service, call.operation)
            if error is None or not (wanted or _is_denial(error)):
                return
            record = self._record(call, params)
        elements = shown(call.operation.output_shape, answer)
        self._finish(record, elements, error)

    def refused(self, exchange: Exchange, error: ApiError) -> None:
        """Write the record of a request that was denied before it became a call."""
        if not _is_denial(error):
            return
        passed_over = self._limit.take()
        if passed_over is None:
            return
        record = self._base(exchange, exchange.request_id, exchange.caller)
        key, service, operation = _claimed(exchange)
        if exchange.caller is None and key:
            record["userIdentity"]["accessKeyId"] = key
        record["eventSource"] = _source(service)
        record["eventName"] = operation
        record["readOnly"] = not is_change(operation)
        record["requestParameters"] = None
        if passed_over:
            record["additionalEventData"] = {"refusedAndNotRecorded": passed_over}
        self._finish(record, None, error)

    def invoked(
        self, exchange: Exchange, parameters: Mapping[str, Any], error: ApiError | None
    ) -> None:
        """Write the record of an invocation, if those are wanted, or if it was denied."""
        if error is not None and _is_denial(error):
            self.refused(exchange, error)
        elif self.includes_data:
            record = self._base(exchange, exchange.request_id, exchange.caller)
            record["eventSource"] = _source(exchange.service)
            record["eventName"] = exchange.operation
            record["readOnly"] = False
            record["managementEvent"], record["eventCategory"] = False, "Data"
            record["requestParameters"] = dict(parameters)
            self._finish(record, None, error)

    def ended(self, exchange: Exchange) -> None:
        """Write the record of a call whose handler was cancelled: its outcome is not known."""
        record = self._open.pop(exchange.request_id, None)
        if record is not None:
            self._audit.finish({**record, **CUT_SHORT})

    def keep(self) -> None:
        """To be called every few seconds: have what was written survive a power failure."""
        self._audit.sync()

    def sweep(self) -> None:
        """Delete what is older than the home keeps."""
        self._audit.forget(self._days)

    def close(self) -> None:
        """Close the log."""
        self._audit.close()

    def _finish(self, record: Record, elements: Any, error: ApiError | None) -> None:
        if error is not None:
            record["errorCode"] = error.code
            record["errorMessage"] = error.message[:_MOST_TEXT]
        record["responseElements"] = elements
        self._audit.finish(record)

    def _is_recorded(self, service: str, operation: OperationModel) -> bool:
        return is_change(operation.name) and (self.includes_data or not is_data(service, operation))

    def _record(self, call: Call, params: Mapping[str, Any]) -> Record:
        exchange = call.exchange or Exchange(call.request_id, call.headers)
        record = self._base(exchange, call.request_id, call.caller)
        record["eventSource"] = _source(call.service)
        record["eventName"] = call.operation.name
        record["readOnly"] = not is_change(call.operation.name)
        record["requestParameters"] = shown(call.operation.input_shape, params)
        if is_data(call.service, call.operation):
            record["managementEvent"], record["eventCategory"] = False, "Data"
        about = subject(call.operation.name, params, None)
        if about:
            record["resources"] = [{"ARN": about, "accountId": call.caller.account_id}]
        return record

    def _base(self, exchange: Exchange, request_id: str, caller: Caller | None) -> Record:
        return {
            "eventVersion": VERSION,
            "userIdentity": _identity(caller),
            "eventTime": f"{stamp(time.time())[:19]}Z",
            "awsRegion": self._region,
            "sourceIPAddress": exchange.source or "127.0.0.1",
            "userAgent": exchange.headers.get("user-agent", "")[:_MOST_TEXT],
            "requestID": request_id,
            "eventID": str(uuid.uuid4()),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "eventCategory": "Management",
            "recipientAccountId": caller.account_id if caller else self._account,
        }


def is_change(operation: str) -> bool:
    """Whether an operation changes something, or hands out keys."""
    return not operation.startswith(_READS)


def is_data(service: str, operation: OperationModel) -> bool:
    """Whether an operation is about data and not about what manages it."""
    if (service, operation.name) in _DATA:
        return True
    shape = operation.input_shape
    return service == "s3" and shape is not None and "Key" in shape.members


def _claimed(exchange: Exchange) -> tuple[str, str, str]:
    """Access key, service and operation that a denied request names; the key may be anybody's."""
    headers = exchange.headers
    credential = _CREDENTIAL.search(headers.get("authorization", ""))
    key, service = (credential[1], credential[2]) if credential else ("", "")
    target = _TARGET.fullmatch(headers.get("x-amz-target", ""))
    operation = exchange.operation or (target[1] if target else "") or "Unknown"
    return key, exchange.service or service or "unknown", operation


def _is_denial(error: ApiError) -> bool:
    return error.status in (401, 403) or error.code in _DENIED


def _source(service: str) -> str:
    return f"{_SOURCES.get(service, service.split('-')[0])}.amazonaws.com"


def _identity(caller: Caller | None) -> dict[str, Any]:
    if caller is None:
        return {"type": "Unknown"}
    identity = {
        "type": "AssumedRole",
        "arn": caller_arn(caller),
        "accountId": caller.account_id,
        "accessKeyId": caller.access_key,
        "userName": caller.user_profile,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": caller.role_arn}},
    }
    if caller.scope:
        identity["invokedBy"] = caller.scope
    return identity


class _Limit:
    """A budget that refills: how many were passed over since the last, or None to pass over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left, self._at = _BURST, time.monotonic()
        self._passed_over = 0

    def take(self) -> int | None:
        with self._lock:
            now = time.monotonic()
            self._left = min(_BURST, self._left + (now - self._at) * _RATE)
            self._at = now
            if self._left < 1:
                self._passed_over += 1
                return None
            self._left -= 1
            before, self._passed_over = self._passed_over, 0
            return before
