"""A job's log: one file its processes append to, and samples of its size to date the lines.

The index is a row of 16-byte records (size of the log in bytes, milliseconds since the epoch),
written by the supervisor while the log grows. Bytes up to ``size`` were there at that time.
"""

from __future__ import annotations

import os
import struct
import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path

from studio_ext.files import suppress_full

MAX_LINE = 256 * 1024
BLOCK = 1 << 20
# A progress bar redraws one line by carriage returns; it counts as a new line this often.
REDRAW_MS = 5000
_RECORD = struct.Struct("<QQ")


@dataclass(frozen=True)
class LogLine:
    """A line of a log. ``offset`` and ``end`` are byte positions; read on from ``end``."""

    timestamp_ms: int
    text: str
    offset: int
    end: int


class Indexer:
    """Writes the index of a log; call :meth:`sample` a few times a second."""

    def __init__(self, log: Path, index: Path) -> None:
        self._log = os.open(log, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._index = os.open(index, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = 0

    def sample(self) -> None:
        """Note the log's size when it has grown."""
        size = os.fstat(self._log).st_size
        if size > self._size:
            with suppress_full():  # then the lines are dated at a later look
                os.write(self._index, _RECORD.pack(size, time.time_ns() // 1_000_000))
                self._size = size


class LogReader:
    """Reads a log; ``ended`` says that nothing more will be written to it."""

    def __init__(self, log: Path, index: Path, ended: bool) -> None:
        self.log = log
        self.ended = ended
        self._sizes, self._times = _read_index(index)
        # Time of the last bytes when the supervisor died before it could note them.
        self._last = int(log.stat().st_mtime * 1000) if log.exists() else 0

    def read(self, offset: int = 0, limit: int = 10_000) -> list[LogLine]:
        """At most ``limit`` whole lines from byte ``offset``, which starts a line.

        The last line of a running job is held back until it is whole.
        """
        lines: list[LogLine] = []
        if not self.log.exists():
            return lines
        with open(self.log, "rb") as file:
            while len(lines) < limit:
                file.seek(offset)
                block = file.read(BLOCK)
                last = file.tell() >= os.fstat(file.fileno()).st_size
                found = self._lines(block, offset, last, limit - len(lines))
                if not found:
                    break
                lines += found
                offset = found[-1].end
        return lines

    def tail(self, count: int) -> list[LogLine]:
        """The last ``count`` lines."""
        end = self.log.stat().st_size if self.log.exists() else 0
        start = end
        lines: list[LogLine] = []
        while start > 0 and len(lines) <= count:
            start = self._line_start(max(0, start - max(BLOCK // 4, end - start)))
            lines = self.read(start, end)
        return lines[-count:] if count else []

    def offset_at(self, timestamp_ms: int) -> int:
        """Start of the first line written at ``timestamp_ms`` or later."""
        at = bisect_left(self._times, timestamp_ms)
        return self._line_start(self._sizes[at - 1]) if at else 0

    def timestamp(self, offset: int) -> int:
        """When the byte at ``offset`` was seen first, in milliseconds; late by 0.2 s at most."""
        at = bisect_right(self._sizes, offset)
        if at < len(self._times):
            return self._times[at]
        return max([self._last, *self._times[-1:]])

    def _lines(self, block: bytes, offset: int, last: bool, limit: int) -> list[LogLine]:
        lines: list[LogLine] = []
        position = 0
        while position < len(block) and len(lines) < limit:
            end = self._line_end(block, position, offset, last and self.ended)
            if end is None:
                break
            timestamp = self.timestamp(offset + position)
            text = _text(block[position:end])
            lines.append(LogLine(timestamp, text, offset + position, offset + end))
            position = end
        return lines

    def _line_end(self, block: bytes, start: int, offset: int, whole: bool) -> int | None:
        """Where the line that starts at ``start`` of the block ends, None when not known yet."""
        newline = block.find(b"\n", start, start + MAX_LINE)
        stop = newline + 1 if newline >= 0 else min(len(block), start + MAX_LINE)
        redraw = self._redraw(block, start, stop - 1 if newline >= 0 else stop, offset)
        if redraw is not None:
            return redraw
        if newline >= 0 or (whole and stop == len(block)):
            return stop
        if stop - start < MAX_LINE:
            return None
        for cut in range(stop, stop - 4, -1):
            if block[cut : cut + 1] < b"\x80" or block[cut] >= 0xC0:
                return cut  # the next piece starts with the first byte of a character
        return stop

    def _redraw(self, block: bytes, start: int, stop: int, offset: int) -> int | None:
        """Where a progress bar's line is cut because it has been redrawn for long enough."""
        at = block.find(b"\r", start, stop)
        if at < 0:
            return None
        due = self.timestamp(offset + start) + REDRAW_MS
        while 0 <= at < stop - 1:
            if at > start and self.timestamp(offset + at + 1) >= due:
                return at + 1
            at = block.find(b"\r", at + 1, stop)
        return None

    def _line_start(self, offset: int) -> int:
        """Start of the line that holds the byte at ``offset``, at most one long line back."""
        if offset <= 0 or not self.log.exists():
            return 0
        with open(self.log, "rb") as file:
            start = max(0, offset - MAX_LINE)
            file.seek(start)
            newline = file.read(offset - start).rfind(b"\n")
        return start + newline + 1 if newline >= 0 or start == 0 else offset


def _read_index(index: Path) -> tuple[list[int], list[int]]:
    data = index.read_bytes() if index.exists() else b""
    # A crash may have left part of a record at the end.
    records = list(_RECORD.iter_unpack(data[: len(data) // _RECORD.size * _RECORD.size]))
    return [size for size, _ in records], [moment for _, moment in records]


def _text(line: bytes) -> str:
    """Text of a line: of one redrawn by carriage returns, the last state."""
    parts = [part for part in line.rstrip(b"\r\n").split(b"\r") if part.strip()]
    return (parts[-1] if parts else b"").decode("utf-8", "replace")
