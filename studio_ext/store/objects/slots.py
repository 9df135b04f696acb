"""Parts written where the finished object will have them: slots of one size, in one file.

A client that uploads in parts cuts equal ones, all but the last. Part *n* is then written at
``(n - 1) * size`` of a file that the upload has, which becomes the object's as it is, where joining
files of their own would read and write every byte once more. Who writes a slot has locked it, and
who finishes the file has locked all of it. The locks are of open file descriptions (``fcntl(2)``):
they keep out other threads and processes alike, and end with whoever held them.

What does not fit (another size, a part sent again) gets a file of its own and is joined.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row

_MOST_BYTES = 5 << 40  # of an object; a sparse file may have no more on any disk
_FLOCK = "hhqqi0q"  # struct flock: type, whence, start, length, pid


def span_of(upload: Row[Any], number: int, size: int) -> tuple[int, int] | None:
    """(offset, bytes) of a part's slot in the upload's file; None where the part fits in none."""
    slot = upload.part_size
    if not upload.data or size > slot or number * slot > _MOST_BYTES:
        return None
    return (number - 1) * slot, slot


def take(path: Path, offset: int = 0, length: int = 0) -> int | None:
    """A descriptor at ``offset`` of a file, its bytes locked for it; a length of 0 is all of them.

    None when somebody else has some of them, the file is finished, or the disk knows no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        lock = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, offset, length, 0)
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, lock)
        os.lseek(descriptor, offset, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def are_the_object(upload: Row[Any], chosen: Sequence[Row[Any]], there: Sequence[Row[Any]]) -> bool:
    """Whether the upload's file, cut behind the last, is the chosen parts and loses no other one.

    ``there`` are all parts of the upload.
    """
    slots = [part.number for part in there if part.data is None]
    full = all(part.size == upload.part_size for part in chosen[:-1])
    return full and slots == [part.number for part in chosen] == list(range(1, len(chosen) + 1))


def source_of(upload: Row[Any], part: Row[Any]) -> tuple[str, int, int]:
    """(data file, offset, bytes) of a part, wherever it is."""
    if part.data is not None:
        return part.data, 0, part.size
    return upload.data, (part.number - 1) * upload.part_size, part.size
