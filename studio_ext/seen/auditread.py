"""Reading the audit log: the newest records first, in pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .audit import Record, day_files

Wanted = Callable[[Record], bool]


@dataclass(frozen=True)
class Found:
    """A record, and where it is: the name of its file and the number of bytes before it."""

    file: str
    offset: int
    record: Record


def newest(
    folder: Path,
    wanted: Wanted,
    *,
    since: str = "",
    until: str = "9999",
    before: tuple[str, int] | None = None,
) -> Iterator[Found]:
    """Records that are wanted, the newest first, from ``since`` to ``until`` (their eventTime).

    ``before`` goes on after a record found earlier, by its file and offset.
    """
    for path in reversed(day_files(folder)):
        if before is not None and path.stem > Path(before[0]).stem:
            continue
        # A file holds what was answered on its day: calls may have begun the day before.
        if path.name[:10] < since[:10] or path.name[:10] > _day_after(until):
            continue
        end = before[1] if before is not None and path.name == before[0] else None
        for offset, line in reversed(_lines(path, end)):
            record = _record(line)
            if record is None or not since <= str(record.get("eventTime", "")) <= until:
                continue
            if wanted(record):
                yield Found(path.name, offset, record)


def _lines(path: Path, end: int | None) -> list[tuple[int, bytes]]:
    """Lines with their offsets; one file, of bounded size, at a time."""
    try:
        data = path.read_bytes()[:end]
    except FileNotFoundError:
        return []
    found, offset = [], 0
    for line in data.splitlines(keepends=True):
        found.append((offset, line))
        offset += len(line)
    return found


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _day_after(moment: str) -> str:
    """Past which no file can hold what began until a moment: a call may take a day, not more."""
    try:
        day = datetime.strptime(moment[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return "9999"
    return (day + timedelta(days=1)).strftime("%Y-%m-%d")


def user_of(record: Record) -> str:
    """The user profile behind a record, or the access key that claimed to be one."""
    identity: dict[str, Any] = record.get("userIdentity") or {}
    return str(identity.get("userName") or identity.get("accessKeyId") or "anonymous")


def resource_of(record: Record) -> str:
    """What a record is about, as the log names it."""
    resources: list[dict[str, Any]] = record.get("resources") or []
    return str(resources[0].get("ARN") or "") if resources else ""


def matching(user: str | None = None, operation: str | None = None) -> Wanted:
    """A test of records: those of a user profile, those of an operation, or all."""
    return lambda record: (
        user in (None, user_of(record)) and operation in (None, record.get("eventName"))
    )


def words(record: Record) -> str:
    """A record as a line for people."""
    outcome = record.get("errorCode") or "ok"
    who = f"{user_of(record):12} {record.get('sourceIPAddress', ''):15}"
    what = f"{record.get('eventName', ''):28} {outcome:24} {resource_of(record)}"
    return f"{record.get('eventTime', '')}  {who} {what}".rstrip()
