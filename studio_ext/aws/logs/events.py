"""GetLogEvents: one stream, forwards or backwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...run.logs import LogLine
from ...wire.dispatch import Call
from .source import LogSource, group_name, invalid, stream_named
from .tape import FAR, Tape

LIMIT = 10_000
# An answer holds 1 MB of events, each counted with an overhead of 26 bytes.
SIZE_LIMIT = 1 << 20
_OVERHEAD = 26
_TOKEN = re.compile(r"([fb])/(\d{1,18})")


def get_log_events(source: LogSource, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A page of events and the tokens to read on in both directions.

    A token is the offset where its page starts or ends; at an end it is answered by itself.
    """
    start_ms, end_ms = params.get("startTime", 0), params.get("endTime", FAR)
    stream = stream_named(source, call, group_name(params), params["logStreamName"])
    tape = Tape(stream.reader())
    limit = params.get("limit", LIMIT)
    is_forward, position = _position(tape, params, start_ms, end_ms)
    if is_forward:
        found = tape.forward(position)
        lines = _fitting(_from(_until(found, end_ms), start_ms), limit)
    else:
        before = tape.backward(position, limit, tape.start(start_ms))
        lines = _fitting(_from(_until(before, end_ms), start_ms), limit, newest=True)
    first, end = (lines[0].offset, lines[-1].end) if lines else (position, position)
    return {
        "events": [event(line) for line in lines],
        "nextForwardToken": f"f/{end:018d}",
        "nextBackwardToken": f"b/{first:018d}",
    }


def event(line: LogLine) -> dict[str, Any]:
    """A line as an event. A message cannot be empty, so a blank line is one blank."""
    time = line.timestamp_ms
    return {"timestamp": time, "message": line.text or " ", "ingestionTime": time}


def size(line: LogLine) -> int:
    """What an event counts against `SIZE_LIMIT`, in bytes."""
    return len(line.text.encode()) + _OVERHEAD


def _position(tape: Tape, params: dict[str, Any], start_ms: int, end_ms: int) -> tuple[bool, int]:
    """Whether to read forwards, and the offset from which."""
    token = params.get("nextToken")
    if token is not None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise invalid("The specified nextToken is invalid.")
        return match[1] == "f", int(match[2])
    if params.get("startFromHead", False):
        return True, tape.start(start_ms)
    return False, tape.start(end_ms)


def _until(lines: Iterable[LogLine], end_ms: int) -> Iterator[LogLine]:
    for line in lines:
        if line.timestamp_ms >= end_ms:
            return
        yield line


def _from(lines: Iterable[LogLine], start_ms: int) -> Iterator[LogLine]:
    return (line for line in lines if line.timestamp_ms >= start_ms)


def _fitting(lines: Iterable[LogLine], limit: int, newest: bool = False) -> list[LogLine]:
    """As many lines as an answer holds, at least one; with `newest`, the last of them."""
    fitting: list[LogLine] = []
    total = 0
    for line in reversed(list(lines)) if newest else lines:
        total += size(line)
        if fitting and total > SIZE_LIMIT:
            break
        fitting.append(line)
        if len(fitting) >= limit:
            break
    return fitting[::-1] if newest else fitting
