"""FilterLogEvents: several streams interleaved by time, searched for a pattern."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from ...control import paging
from ...run.logs import LogLine
from ...wire.dispatch import Call
from .events import LIMIT, SIZE_LIMIT, event, size
from .pattern import compile_pattern
from .source import LogSource, LogStream, group_name, invalid, stream_named, streams_of
from .tape import FAR, Tape, merged

# A search that finds little answers after this much text, with a token to go on.
SCAN_LIMIT = 32 << 20

#: all before this time was read, and at this time each stream named up to an offset
Bookmark = tuple[int, dict[str, int]]


def filter_log_events(source: LogSource, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The matching events of the wanted streams up to `endTime` inclusive."""
    if not params.get("startFromHead", True):
        raise invalid("Studio answers FilterLogEvents from the head only.")
    matches = compile_pattern(params.get("filterPattern", ""))
    bookmark = _decoded(params["nextToken"]) if "nextToken" in params else None
    streams = _streams(source, call, params)
    lines = merged(
        (s.name, _lines(s, bookmark, params.get("startTime", 0), params.get("endTime", FAR)))
        for s in streams
    )
    limit, scan_left, size_left = params.get("limit", LIMIT), SCAN_LIMIT, SIZE_LIMIT
    time, offsets = bookmark or (0, {})
    events: list[dict[str, Any]] = []
    for timestamp, name, line in lines:
        is_match = matches(line.text)
        if len(events) >= limit or scan_left <= 0 or (is_match and events and size_left <= 0):
            return _answer(events, (time, offsets))
        if timestamp != time:
            time, offsets = timestamp, {}
        offsets[name] = line.end
        scan_left -= line.end - line.offset
        if is_match:
            size_left -= size(line)
            events.append({"logStreamName": name, "eventId": _id(name, line), **event(line)})
    return _answer(events, None)


def _streams(source: LogSource, call: Call, params: dict[str, Any]) -> list[LogStream]:
    group, names = group_name(params), params.get("logStreamNames")
    prefix = params.get("logStreamNamePrefix")
    if names and prefix:
        raise invalid("Only one of logStreamNames and logStreamNamePrefix may be given.")
    if names:
        return [stream_named(source, call, group, name) for name in dict.fromkeys(names)]
    return streams_of(source, call, group, prefix or "")


def _lines(
    stream: LogStream, bookmark: Bookmark | None, start_ms: int, end_ms: int
) -> Iterator[LogLine]:
    """The lines of a stream that were not read yet. Opens the log when the first is asked for."""
    tape = Tape(stream.reader())
    time, offsets = bookmark or (0, {})
    offset = offsets.get(stream.name)
    if offset is None:
        offset = tape.start(max(start_ms, time))
    for line in tape.forward(offset):
        if line.timestamp_ms > end_ms:
            return
        yield line


def _id(stream: str, line: LogLine) -> str:
    """Stable and unique, because clients that follow a log drop the events they know by it."""
    return f"{line.timestamp_ms:020d}{zlib.crc32(stream.encode()):010d}{line.offset:020d}"


def _answer(events: list[dict[str, Any]], bookmark: Bookmark | None) -> dict[str, Any]:
    token = {"nextToken": _encoded(bookmark)} if bookmark else {}
    return {"events": events, "searchedLogStreams": [], **token}


def _encoded(bookmark: Bookmark) -> str:
    return paging.pack(bookmark)


def _decoded(token: str) -> Bookmark:
    try:
        time, offsets = paging.unpack(token)
        numbers = [time, *offsets.values()]
        if any(type(number) is not int or not 0 <= number < 2**63 for number in numbers):
            raise ValueError("a time or an offset is none")
        return time, offsets
    except (ValueError, TypeError, AttributeError):
        raise invalid("The specified nextToken is invalid.") from None
