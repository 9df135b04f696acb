"""CloudTrail's LookupEvents over the audit log: who did what, asked as one asks AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ...control import paging
from ...control.access import administers
from ...seen import auditread
from ...seen.audit import Record
from ...wire.dispatch import Call, Registry
from ...wire.errors import ApiError

DEFAULT_PAGE = 50
#: LookupAttribute's key -> the value of a record.
_VALUES: dict[str, Callable[[Record], str]] = {
    "EventId": lambda record: str(record.get("eventID", "")),
    "EventName": lambda record: str(record.get("eventName", "")),
    "EventSource": lambda record: str(record.get("eventSource", "")),
    "ReadOnly": lambda record: str(bool(record.get("readOnly"))).lower(),
    "Username": auditread.user_of,
    "ResourceName": auditread.resource_of,
    "ResourceType": lambda record: _resource_type(record),
    "AccessKeyId": lambda record: str(record.get("userIdentity", {}).get("accessKeyId", "")),
}


def register(registry: Registry, folder: Path) -> None:
    """Add LookupEvents; ``folder`` holds the audit log."""

    def lookup_events(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A page of events, newest first: the caller's own, of everybody for the administrator."""
        since, until = params.get("StartTime"), params.get("EndTime")
        if since and until and since > until:
            text = "StartTime: it is later than EndTime."
            raise ApiError("InvalidTimeRangeException", text)
        attributes = params.get("LookupAttributes", [])
        asked = [attributes, _stamp(since), _stamp(until), params.get("EventCategory")]
        position = params.get("NextToken")
        before = _position(paging.decode(position, asked)) if position else None
        found = auditread.newest(
            folder,
            lambda record: _is_visible(call, record) and _matches(record, attributes),
            since=_stamp(since),
            until=_stamp(until) or "9999",
            before=before,
        )
        most = params.get("MaxResults") or DEFAULT_PAGE
        page = list(islice(found, most + 1))
        answer: dict[str, Any] = {"Events": [_event(item.record) for item in page[:most]]}
        if len(page) > most:
            last = page[most - 1]
            answer["NextToken"] = paging.encode([last.file, last.offset], asked)
        return answer

    registry.add("cloudtrail", "LookupEvents", lookup_events)


def _position(position: Any) -> tuple[str, int]:
    file, offset = position
    return str(file), int(offset)


def _is_visible(call: Call, record: Record) -> bool:
    if administers(call.caller):
        return True
    identity: dict[str, Any] = record.get("userIdentity") or {}
    return bool(identity.get("accountId") == call.caller.account_id)


def _matches(record: Record, attributes: list[dict[str, str]]) -> bool:
    return all(
        _VALUES[item["AttributeKey"]](record) == item["AttributeValue"] for item in attributes
    )


def _event(record: Record) -> dict[str, Any]:
    event: dict[str, Any] = {
        "EventId": _VALUES["EventId"](record),
        "EventName": _VALUES["EventName"](record),
        "EventSource": _VALUES["EventSource"](record),
        "EventTime": _parsed(str(record.get("eventTime", ""))),
        "ReadOnly": _VALUES["ReadOnly"](record),
        "Username": auditread.user_of(record),
        "AccessKeyId": _VALUES["AccessKeyId"](record),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }
    about = auditread.resource_of(record)
    if about:
        event["Resources"] = [{"ResourceType": _resource_type(record), "ResourceName": about}]
    return {name: value for name, value in event.items() if value is not None and value != ""}


def _resource_type(record: Record) -> str:
    """``AWS::SageMaker::TrainingJob``, from the operation's noun."""
    about, name = auditread.resource_of(record), str(record.get("eventName", ""))
    if about.startswith("s3://"):
        return "AWS::S3::Object" if "/" in about.removeprefix("s3://") else "AWS::S3::Bucket"
    verb = next((v for v in ("Create", "Update", "Delete", "Stop") if name.startswith(v)), "")
    return f"AWS::SageMaker::{name.removeprefix(verb)}" if about and verb else ""


def _stamp(moment: datetime | float | None) -> str:
    if moment is None:
        return ""
    seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
