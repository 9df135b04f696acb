"""The audit log: one line for each call that changes something, in CloudTrail's record form.

A call is noted in a journal before it is made, and its record is in the day's file before it is
answered: whoever was answered has a line, and a call that was cut short by a killed server gets
one, with an unknown outcome, from whoever looks next. Lines survive the end of the process at once
and a power failure after :meth:`Audit.sync`, which runs every few seconds. Form of the records:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files import lock_file
from . import redaction
from .lines import stamp

log = logging.getLogger(__name__)

Record = dict[str, Any]

MOST_BYTES = 64 << 20  # of a day's file before the next is begun
_JOURNAL_BYTES = 4 << 20
_OPEN = ".open-"
#: Members of a record that are known once the call was made; the others never change.
OUTCOME = ("errorCode", "errorMessage", "responseElements")
#: Members that may be large.
_LARGE = ("requestParameters", "responseElements")
#: What stands for the outcome of a call that nobody lived to answer.
CUT_SHORT = {
    "errorCode": "ServiceUnavailable",
    "errorMessage": "The server ended before it answered; the call may have taken effect.",
}

_encode = json.JSONEncoder(default=str, separators=(",", ":")).encode


class Audit:
    """Writes audit records in ``folder``; any number of processes may.

    A day's file is ``2026-01-31.jsonl``, then ``2026-01-31.001.jsonl`` and so on. Thread-safe.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._day: tuple[str, int] = ("", 0)
        self._file = -1
        self._open: dict[str, bytes] = {}
        self._late: list[bytes] = []
        self._torn = False
        self._unsynced = False
        self._journal_path: Path | None = None
        self._journal = -1
        try:
            self._prepare()
        except OSError as error:
            log.error("the audit log cannot be opened, nothing can be changed: %s", error)

    def _prepare(self) -> None:
        """Have a journal; once there is room for one, if the disk is full."""
        if self._journal < 0:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            _recover(self.folder)
            self._journal_path, self._journal = _new_journal(self.folder)

    def begin(self, record: Record) -> None:
        """Note a call that is about to be made; OSError when that cannot be kept."""
        line = _line(record)
        with self._lock:
            self._prepare()
            if os.write(self._journal, line) < len(line):
                os.write(self._journal, b"\n")
                raise OSError(28, os.strerror(28), str(self._journal_path))
            self._open[record["eventID"]] = line

    def finish(self, record: Record) -> None:
        """Write a call's record, for good. On a full disk it is kept, and written later."""
        with self._lock:
            began = self._open.get(record["eventID"])
            line = _line(record) if began is None else _with_outcome(began, record)
            try:
                self._append(line)
            except OSError as error:
                if not self._late:
                    log.error("the audit log cannot be written: %s", error)
                self._late.append(line)
                if began is not None:
                    return
            self._open.pop(record["eventID"], None)
            self._shorten()

    def sync(self) -> None:
        """Write what is late, and have everything survive a power failure."""
        with self._lock:
            with contextlib.suppress(OSError):
                while self._late:
                    self._append(self._late[0])
                    self._open.pop(json.loads(self._late.pop(0))["eventID"], None)
            if self._file >= 0 and self._unsynced:
                os.fsync(self._file)
                self._unsynced = False

    def close(self) -> None:
        """Close the files; the journal goes unless a call is still being made."""
        self.sync()
        with self._lock:
            if self._journal_path is not None and not self._open and not self._late:
                self._journal_path.unlink(missing_ok=True)
            for descriptor in (self._journal, self._file):
                if descriptor >= 0:
                    os.close(descriptor)
            self._journal = self._file = -1

    def forget(self, days: int) -> None:
        """Delete files of more than so many days ago."""
        oldest = time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86400))
        for path in day_files(self.folder):
            if path.name[:10] < oldest:
                path.unlink(missing_ok=True)

    def _append(self, line: bytes) -> None:
        self._turn()
        data = b"\n" + line if self._torn else line
        written = os.write(self._file, data)
        self._unsynced = True
        self._torn = written < len(data)
        if self._torn:
            raise OSError(28, os.strerror(28), str(self.folder))

    def _turn(self) -> None:
        """Have the file of today open, one that is not full."""
        today, number = stamp(time.time())[:10], 0
        if self._file >= 0 and self._day[0] == today:
            if os.fstat(self._file).st_size < MOST_BYTES:
                return
            number = self._day[1] + 1
        while (path := _day_file(self.folder, today, number)).exists():
            if path.stat().st_size < MOST_BYTES:
                break
            number += 1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        opened = os.open(path, flags, 0o600)
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
        self._file, self._day = opened, (today, number)

    def _shorten(self) -> None:
        """Keep the journal to the calls that are being made."""
        if self._journal < 0:
            return
        if not self._open:
            os.ftruncate(self._journal, 0)
        elif os.fstat(self._journal).st_size > _JOURNAL_BYTES:
            os.ftruncate(self._journal, 0)
            os.write(self._journal, b"".join(self._open.values()))


def read_journals(folder: Path) -> Iterator[Record]:
    """Calls that are being made, or were when their server was killed."""
    for path in sorted(folder.glob(f"{_OPEN}*")):
        yield from records(path)


def records(path: Path) -> Iterator[Record]:
    """The records of a file in its order; a line cut short by a full disk is passed over."""
    try:
        with open(path, "rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    record = json.loads(line)
                    if isinstance(record, dict) and "eventID" in record:
                        yield record
    except FileNotFoundError:
        return


def day_files(folder: Path) -> list[Path]:
    """The files of records, oldest first."""
    return sorted(folder.glob("????-??-??*.jsonl"), key=lambda path: path.stem)


def _day_file(folder: Path, day: str, number: int) -> Path:
    return folder / (f"{day}.{number:03d}.jsonl" if number else f"{day}.jsonl")


def _line(record: Record) -> bytes:
    text = _encode(record)
    if len(text) > redaction.MOST_BYTES:  # else none of its members is larger
        short = {name: redaction.bounded(record[name]) for name in _LARGE if name in record}
        text = _encode({**record, **short})
    return text.encode() + b"\n"


def _with_outcome(began: bytes, record: Record) -> bytes:
    """A record's line from the one that it began with: only what came since is written anew."""
    outcome = {name: record[name] for name in OUTCOME if name in record}
    return began[:-2] + b"," + _line(outcome)[1:] if outcome else began


def _new_journal(folder: Path) -> tuple[Path, int]:
    """A journal of this process's own, locked for as long as it lives."""
    path = folder / f"{_OPEN}{os.getpid()}-{time.time_ns()}"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return path, descriptor


def _recover(folder: Path) -> None:
    """Finish the records of calls whose server was killed."""
    for path in sorted(folder.glob(f"{_OPEN}*")):
        held = lock_file(path)
        if held is None:
            continue  # its server lives
        try:
            _finish_left(folder, path)
            path.unlink(missing_ok=True)
        except OSError as error:
            log.error("%s cannot be finished: %s", path, error)
        finally:
            os.close(held)


def _finish_left(folder: Path, path: Path) -> None:
    left = {record["eventID"]: record for record in records(path)}
    if not left:
        return
    since = min(str(record["eventTime"]) for record in left.values())[:10]
    for file in day_files(folder):
        if file.name[:10] >= since:
            for record in records(file):
                left.pop(record["eventID"], None)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    with open(_day_file(folder, today, 0), "ab", opener=_private) as end:
        end.write(b"".join(_line({**record, **CUT_SHORT}) for record in left.values()))
        end.flush()
        os.fsync(end.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
