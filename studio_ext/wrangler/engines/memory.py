"""How much memory a session may take: of the machine's, or of what a group or limit leaves."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: What a session takes where there is plenty, in bytes.
MOST = 2_000_000_000
LEAST = 100_000_000
#: Of what there is; the rest is for Python, Arrow and what is read and written.
SHARE = 0.5
GROUPS = Path("/sys/fs/cgroup")


def for_session() -> str:
    """DuckDB's ``memory_limit`` for a session that was not told one."""
    least = min(_limits(), default=MOST)
    return f"{max(LEAST, min(MOST, int(least * SHARE))) // 1_000_000}MB"


def _limits() -> Iterator[int]:
    """Bytes that this process may have, by everyone who says how many."""
    yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:  # not on Linux
        return
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _group(GROUPS, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _group(GROUPS / "memory", path, "memory.limit_in_bytes")


def _group(root: Path, path: str, file: str) -> Iterator[int]:
    """Limits of a control group and those above it (cgroup version 2, or 1)."""
    place = root / path.lstrip("/")
    for each in (place, *place.parents):
        with suppress(OSError, ValueError):  # "max" where there is none
            yield int((each / file).read_text())
        if each == root:
            return
