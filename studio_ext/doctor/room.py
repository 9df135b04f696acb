"""Room: on the disks that Studio writes to, in memory, for open files."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from ..config import Config
from .findings import Finding, ok, size
from .home import existing

_LOW_DISK, _NO_DISK = 5 * 2**30, 2**28
#: Temporary files are small; a job's own lie in the home.
_LOW_TMP, _NO_TMP = 2**28, 2**24
_LOW_INODES, _NO_INODES = 10_000, 100
_LOW_MEMORY, _NO_MEMORY = 2**29, 2**27
_LOW_FILES, _NO_FILES = 1024, 256


def disks(config: Config) -> Iterator[Finding]:
    """Bytes and inodes that are left in the home and for temporary files."""
    home, temporary = existing(config.path), Path(tempfile.gettempdir())
    meaning = "Jobs fail, uploads are refused, and changes through the API are too."
    yield from _disk("disk", home, _LOW_DISK, _NO_DISK, meaning)
    if os.stat(home).st_dev != os.stat(temporary).st_dev:
        meaning = "Model servers cannot make their sockets, nor programs their temporary files."
        yield from _disk("temporary", temporary, _LOW_TMP, _NO_TMP, meaning)


def _disk(subject: str, path: Path, low: int, none: int, meaning: str) -> Iterator[Finding]:
    free = os.statvfs(path)
    left = free.f_bavail * free.f_frsize
    text = f"{size(left)} free at {path}"
    mend = f"du -xh --max-depth=2 {path} | sort -h | tail  # shows what takes it"
    if left < none:
        yield Finding("FAIL", subject, text, meaning, mend)
    elif left < low:
        yield Finding("WARN", subject, text, "There is little room for data and models.", mend)
    else:
        yield ok(subject, text)
    if free.f_files and free.f_favail < _LOW_INODES:
        level = "FAIL" if free.f_favail < _NO_INODES else "WARN"
        count = f"df -i {path}"
        yield Finding(
            "FAIL" if level == "FAIL" else "WARN",
            f"{subject} inodes",
            f"{free.f_favail} files can still be made at {path}",
            "No more files can be made there, though there are bytes left.",
            count,
        )


def memory(config: Config) -> Iterator[Finding]:
    """Memory for Studio itself and a job."""
    left = psutil.virtual_memory().available
    text = f"{size(left)} available"
    if left >= _LOW_MEMORY:
        yield ok("memory", text)
        return
    yield Finding(
        "FAIL" if left < _NO_MEMORY else "WARN",
        "memory",
        text,
        "The kernel may end jobs or Studio itself; jobs that are over their limit are ended.",
        "ps aux --sort=-rss | head  # shows who has it; or lower STUDIO_MAX_CORES",
    )


def open_files(config: Config) -> Iterator[Finding]:
    """How many files a process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _LOW_FILES:
        yield ok("open files", f"a process may have {soft}")
        return
    yield Finding(
        "FAIL" if soft < _NO_FILES else "WARN",
        "open files",
        f"a process may have only {soft}",
        "Many clients or large channels at once end in “Too many open files”.",
        f"ulimit -n {min(65536, hard) if hard != resource.RLIM_INFINITY else 65536}",
    )
