"""A log as its clients may see it: only lines whose times will not change any more.

Clients follow a log by "events from time T on, skip the n that I have seen at T". A line that was
shown with a provisional time and dated later afterwards would be shown twice or hide another.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterable, Iterator

from ...run.logs import LogLine
from .source import Reader

#: later than every time, farther than every offset
FAR = 1 << 62
# The index lags by a fraction of a second; what it lacks for longer, its dead writer left out.
QUIET_MS = 5000
_BLOCK = 1 << 18
_FIRST_PAGE, _PAGE = 64, 10_000


class Tape:
    """Moves over a log by byte offsets without reading more than is asked for.

    Offsets are those of `LogLine`; times are milliseconds since the epoch.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._provisional = reader.timestamp(FAR)
        is_final = reader.ended or time.time() * 1000 - self._provisional > QUIET_MS
        self._indexed = FAR if is_final else reader.offset_at(FAR)

    def forward(self, offset: int) -> Iterator[LogLine]:
        """Lines from `offset`, the start of a line."""
        limit = _FIRST_PAGE
        while lines := self._reader.read(offset, limit):
            for line in lines:
                if not self._is_dated(line):
                    return
                yield line
            offset, limit = lines[-1].end, min(limit * 8, _PAGE)

    def backward(self, end: int, count: int, not_before: int = 0) -> list[LogLine]:
        """The last `count` lines of those up to `end`, oldest first.

        Where more than one step back is needed, none is taken that starts before `not_before`.
        """
        start, span = end, _BLOCK
        lines: deque[LogLine] = deque(maxlen=count)
        while start > not_before and len(lines) < count:
            # The index leads to a line's start at or before any byte.
            start = self._reader.offset_at(self._reader.timestamp(max(0, start - span)))
            span *= 2
            lines = deque(self._between(start, end), maxlen=count)
        return list(lines)

    def start(self, timestamp_ms: int) -> int:
        """Offset of the first line at `timestamp_ms` or later, or the end."""
        offset = self._reader.offset_at(timestamp_ms)
        for line in self.forward(offset):
            if line.timestamp_ms >= timestamp_ms:
                return line.offset
            offset = line.end
        return offset

    def first(self) -> LogLine | None:
        return next(self.forward(0), None)

    def last(self) -> LogLine | None:
        lines = self.backward(self.start(FAR), 1)
        return lines[0] if lines else None

    def size(self) -> int:
        """Bytes of the log."""
        return self._reader.log.stat().st_size if self._reader.log.exists() else 0

    def _between(self, start: int, end: int) -> Iterator[LogLine]:
        for line in self.forward(start):
            if line.end > end:
                return
            yield line

    def _is_dated(self, line: LogLine) -> bool:
        """Whether the index covers the line, so that neither its time nor its end can change."""
        if line.end <= self._indexed:
            return True
        return self._reader.timestamp(line.end - 1) < self._provisional


def merged(tapes: Iterable[tuple[str, Iterator[LogLine]]]) -> Iterator[tuple[int, str, LogLine]]:
    """(time, name, line) of several logs, by time and then by name."""
    return heapq.merge(*(_named(name, lines) for name, lines in tapes), key=lambda item: item[:2])


def _named(name: str, lines: Iterator[LogLine]) -> Iterator[tuple[int, str, LogLine]]:
    for line in lines:
        yield line.timestamp_ms, name, line
