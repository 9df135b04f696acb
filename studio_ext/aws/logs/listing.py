"""DescribeLogGroups and DescribeLogStreams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ...control import paging
from ...wire.dispatch import Call
from .source import LogSource, LogStream, group_arn, group_name, invalid, streams_of
from .tape import FAR, Tape

_PAGE = 50
Item = TypeVar("Item")
Key = tuple[Any, ...]


def describe_log_groups(source: LogSource, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The groups of a prefix, or of those that contain a pattern in any letter case."""
    prefix, pattern = params.get("logGroupNamePrefix", ""), params.get("logGroupNamePattern", "")
    if prefix and pattern:
        raise invalid("Only one of logGroupNamePrefix and logGroupNamePattern may be given.")
    names = [
        name
        for name in sorted(source.groups(call.caller))
        if name.startswith(prefix) and pattern.lower() in name.lower()
    ]
    page, token = _page(names, lambda name: (name,), params)
    groups = [
        {
            "logGroupName": name,
            "logGroupArn": group_arn(call, name),
            "arn": f"{group_arn(call, name)}:*",
            "logGroupClass": "STANDARD",
            "metricFilterCount": 0,
        }
        for name in page
    ]
    return {"logGroups": groups, **token}


def describe_log_streams(source: LogSource, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The streams of a group by name or by the time of their last event."""
    group, prefix = group_name(params), params.get("logStreamNamePrefix", "")
    by_time = params.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = streams_of(source, call, group, prefix)
    key = _last_written if by_time else _name
    page, token = _page(sorted(streams, key=key), key, params, params.get("descending", False))
    return {"logStreams": [_described(call, group, stream) for stream in page], **token}


def _name(stream: LogStream) -> Key:
    return (stream.name,)


def _last_written(stream: LogStream) -> Key:
    # A little later than the last event, but known without reading the log.
    return stream.reader().timestamp(FAR), stream.name


def _described(call: Call, group: str, stream: LogStream) -> dict[str, Any]:
    tape = Tape(stream.reader())
    described: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": int(stream.created_s * 1000),
        "arn": f"{group_arn(call, group)}:log-stream:{stream.name}",
        "storedBytes": tape.size(),
    }
    first, last = tape.first(), tape.last()
    if first is not None and last is not None:
        described["firstEventTimestamp"] = first.timestamp_ms
        described["lastEventTimestamp"] = last.timestamp_ms
        described["lastIngestionTime"] = last.timestamp_ms
    return described


def _page(
    items: Sequence[Item],
    key: Callable[[Item], Key],
    params: dict[str, Any],
    descending: bool = False,
) -> tuple[Sequence[Item], dict[str, str]]:
    """A page of items sorted by `key`, and the token of the next one if there is one.

    The token is the key of the last item, so that items added meanwhile shift nothing.
    """
    if descending:
        items = items[::-1]
    if token := params.get("nextToken"):
        last = _decoded(token)
        try:
            items = [i for i in items if (key(i) < last if descending else key(i) > last)]
        except TypeError:  # a token of another order
            raise invalid("The specified nextToken is invalid.") from None
    limit = params.get("limit", _PAGE)
    page = items[:limit]
    # Some clients loop for as long as a token is there: none may follow the last page.
    return page, {"nextToken": _encoded(key(page[-1]))} if len(items) > limit else {}


def _encoded(key: Key) -> str:
    return paging.pack(key)


def _decoded(token: str) -> Key:
    try:
        key = paging.unpack(token)
        if not isinstance(key, list):
            raise ValueError("not a key")
        return tuple(key)
    except ValueError:
        raise invalid("The specified nextToken is invalid.") from None
