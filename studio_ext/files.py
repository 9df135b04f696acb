"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: No room on the disk, or none left of the user's share of it.
FULL = (errno.ENOSPC, errno.EDQUOT)
_UNFINISHED = ".*.tmp"


def write_atomic(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data``: written beside it, synced, renamed."""
    descriptor, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_json(path: Path, document: Any, *, mode: int = 0o600) -> None:
    """:func:`write_atomic` of a JSON document."""
    write_atomic(path, json.dumps(document, indent=2).encode(), mode=mode)


def read_json(path: Path) -> Any | None:
    """The JSON document in ``path``, or None when there is none."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextlib.contextmanager
def suppress_full(wanted: bool = True) -> Iterator[None]:
    """Go on without what a full disk did not take, if that is ``wanted``."""
    try:
        yield
    except OSError as error:
        if not wanted or error.errno not in FULL:
            raise


def drop_unfinished(folder: Path, older_than_s: float = 0.0) -> None:
    """Remove what writers that were killed left of :func:`write_atomic` in a folder."""
    before = time.time() - older_than_s
    for path in folder.glob(_UNFINISHED):
        with contextlib.suppress(FileNotFoundError):  # its writer lives, and was faster
            if path.stat().st_mtime <= before:
                path.unlink()


def lock_file(path: Path, patience_s: float = 0.0) -> int | None:
    """Lock ``path``, made where it is missing, until the descriptor is closed; None when another
    process has it for longer than ``patience_s``. The kernel frees it however its holder ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(descriptor)
                return None
        time.sleep(0.02)
