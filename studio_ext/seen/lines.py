"""Files of lines that several processes append to, on the standard library alone."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

_LOOK_S = 0.25  # between looks whether the file is to be, or was, renamed


class LineFile:
    """Appends whole lines to a file, and renames it away when it has grown.

    Each line is one write to a file opened for appending, so lines of several processes do not
    mix. The file moves to ``name.1``, ``name.1`` to ``name.2``, and so on, ``kept`` of them; a
    process that still has the old file open finds the new one within a moment.
    """

    def __init__(self, path: Path, most_bytes: int = 16 << 20, kept: int = 3) -> None:
        self.path = path
        self._most = most_bytes
        self._kept = kept
        self._torn = False
        self._look_at = 0.0
        self._descriptor = self._open()

    def write(self, line: bytes) -> None:
        """Append a line, given without its end; OSError when the disk takes no more."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._follow()
        data = (b"\n" if self._torn else b"") + line + b"\n"
        written = os.write(self._descriptor, data)
        self._torn = written < len(data)
        if self._torn:
            raise OSError(28, os.strerror(28), str(self.path))

    def sync(self) -> None:
        """Have what was written survive a power failure."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self.path, flags, 0o600)

    def _follow(self) -> None:
        """Go on in the new file when the old one was renamed or deleted; rename it if it is due."""
        mine = os.fstat(self._descriptor)
        if mine.st_size >= self._most:
            self._turn()
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            there = None
        if there is None or there.st_ino != mine.st_ino:
            opened = self._open()
            os.close(self._descriptor)
            self._descriptor = opened

    def _turn(self) -> None:
        with _locked(self.path.with_name(f".{self.path.name}.lock")):
            try:
                if os.stat(self.path).st_size < self._most:
                    return  # another process was first
            except FileNotFoundError:
                return
            for number in range(self._kept - 1, 0, -1):
                older = self.path.with_name(f"{self.path.name}.{number}")
                if older.exists():
                    older.rename(self.path.with_name(f"{self.path.name}.{number + 1}"))
            self.path.rename(self.path.with_name(f"{self.path.name}.1"))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def event(path: Path, logger: str, message: str, **fields: Any) -> None:
    """Append one event to the log of a supervisor, in the form that the servers' logs have.

    A full disk costs the line and not the job.
    """
    line = {"time": stamp(time.time()), "level": "INFO", "logger": logger, "message": message}
    data = json.dumps({**line, **fields}, default=str).encode() + b"\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError:
        return


def stamp(at: float) -> str:
    """A moment (epoch seconds) as ``2026-01-31T09:00:00.123Z``: sorts as text."""
    second = int(at)
    return f"{_second(second)}.{int((at - second) * 1000):03d}Z"


@lru_cache(maxsize=8)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
