"""Output that a full disk makes shorter, and nothing worse.

A model's ``print`` would raise there, and take the prediction along, or the worker.
"""

from __future__ import annotations

import errno
import io
import sys
from typing import Any

_FULL = (errno.ENOSPC, errno.EDQUOT)


class _Lossy(io.FileIO):
    """A descriptor's file; what the disk has no room for counts as written."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in _FULL:
                raise
            return len(memoryview(data).cast("B"))


def install() -> None:
    """For this process's standard output and error."""
    sys.stdout, sys.stderr = _opened(1), _opened(2)


def _opened(descriptor: int) -> io.TextIOWrapper:
    raw: Any = _Lossy(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(
        raw, "utf-8", "backslashreplace", line_buffering=True, write_through=True
    )
