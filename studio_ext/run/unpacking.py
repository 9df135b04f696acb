"""Extracting archives that anybody may have made.

The ``data`` filter of ``tarfile`` alone is not enough: several of its versions could be led out
of the folder by links upon links (CVE-2025-4138, CVE-2025-4517), and none bounds what a header
may make the reader hold. Here nothing is ever written through a link, every link is followed
once more when all is there, and all that is read is counted.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

#: An archive may hold this many times its own size, and in any case this many bytes.
MAX_RATIO = 200
ALWAYS_ALLOWED = 1 << 30
MAX_FILES = 200_000
MAX_NAME = 1000
#: Headers are read whole; contents are read in pieces of 16 KiB.
MAX_HEADER = 1 << 20

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "lzma"}


class InputError(Exception):
    """Input that cannot be delivered; the text is for the user."""


class _Hostile(ValueError):
    """An archive that must not be extracted; the text says why."""


def extract(archive: Path, folder: Path, check: Callable[[], None]) -> None:
    """Extract a tar archive into ``folder``; a file that is none is copied there.

    Members may not leave the folder, be devices, or be far larger than the archive (InputError).
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not hasattr(tarfile, "data_filter"):
        raise InputError("extracting archives safely needs Python 3.11.4 or later")
    limit = max(ALWAYS_ALLOWED, MAX_RATIO * archive.stat().st_size)
    with open(archive, "rb") as raw:
        kind = _compression(raw)
        broken = _broken(kind)
        try:
            try:
                tar = _opened(raw, kind, limit)
            except _Hostile:
                raise
            except broken:
                shutil.copy2(archive, folder)
                return
            with tar:
                _extract_all(tar, folder, limit, check)
            _check_links(folder)
        except broken as error:
            text = f"the archive {archive.name} cannot be extracted: {_reason(error)}"
            raise InputError(text) from error


def _broken(kind: str | None) -> tuple[type[Exception], ...]:
    """What a damaged archive makes the readers raise."""
    kinds = (tarfile.TarError, EOFError, OSError, ValueError, RecursionError, zlib.error)
    if kind == "lzma":
        import lzma

        return (*kinds, lzma.LZMAError)
    return kinds


def _compression(raw: IO[bytes]) -> str | None:
    start = raw.read(6)
    raw.seek(0)
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)


def _reason(error: Exception) -> str:
    """Why, without the paths of this machine that the texts of the library hold."""
    if isinstance(error, tarfile.FilterError):
        return f"its member {error.tarinfo.name!r} would leave the folder or is no plain file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _opened(raw: IO[bytes], kind: str | None, limit: int) -> tarfile.TarFile:
    file: Any = _Counted(_decompressed(raw, kind), limit)
    return tarfile.open(fileobj=file, mode="r:")


def _decompressed(raw: IO[bytes], kind: str | None) -> Any:
    # Imported where they are needed: a job's supervisor starts in milliseconds.
    if kind == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=raw)
    if kind == "bz2":
        import bz2

        return bz2.BZ2File(raw)
    if kind == "lzma":
        import lzma

        return lzma.LZMAFile(raw)
    return raw


class _Counted:
    """A file for ``tarfile`` that reads no more than a limit, however often it is sent back."""

    def __init__(self, file: Any, limit: int) -> None:
        self._file = file
        self._limit = limit
        # Beside the contents there are headers, of all members together.
        self._left = limit + (limit >> 2)

    def read(self, size: int) -> bytes:
        if size < 0 or size > MAX_HEADER:
            raise _Hostile("it has a header that is too large")
        data: bytes = self._file.read(size)
        self._take(len(data))
        return data

    def seek(self, position: int) -> int:
        if position < 0:
            raise tarfile.ReadError("a member with a negative size")
        self._take(max(0, position - self._file.tell()))
        return int(self._file.seek(position))

    def tell(self) -> int:
        return int(self._file.tell())

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _bomb(self._limit)


def _bomb(limit: int) -> _Hostile:
    return _Hostile(f"it is a bomb and holds more than {limit} bytes")


def _extract_all(tar: tarfile.TarFile, folder: Path, limit: int, check: Callable[[], None]) -> None:
    total = 0
    for count, member in enumerate(tar):
        check()
        total += member.size
        if count >= MAX_FILES:
            raise _Hostile(f"it has more than {MAX_FILES} files")
        if total > limit:
            raise _bomb(limit)
        _check_member(member, folder)
        tar.extract(member, folder, filter="data")


def _check_member(member: tarfile.TarInfo, folder: Path) -> None:
    # Very long names make path resolution stop early, which has defeated tar filters before.
    if len(member.name) > MAX_NAME or len(member.linkname) > MAX_NAME:
        raise _Hostile("a member has a name that is too long")
    if member.size < 0:
        raise _Hostile("a member has a negative size")
    _check_place(member.name, folder, member.name)
    if member.islnk():
        _check_place(f"{member.linkname}/", folder, member.name)


def _check_place(name: str, folder: Path, shown: str) -> None:
    """Refuse a path that leaves the folder, or that a link is part of (but its last part)."""
    parts = posixpath.normpath(name.lstrip("/")).split("/")
    if parts[0] == "..":
        raise _Hostile(f"its member {shown!r} leaves the folder")
    place = folder
    for part in parts if name.endswith("/") else parts[:-1]:
        place = place / part
        if place.is_symlink():
            raise _Hostile(f"its member {shown!r} lies behind a link")


def _check_links(folder: Path) -> None:
    inside = os.path.realpath(folder)
    for root, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(root, name)
            if os.path.islink(path) and not _stays(path, inside):
                os.unlink(path)
                raise _Hostile(f"its link {name!r} leaves the folder")


def _stays(path: str, inside: str) -> bool:
    try:
        target = os.path.realpath(path, strict=True)
    except FileNotFoundError:  # a link to nothing: as far as it goes
        target = os.path.realpath(path)
    except OSError:  # a loop, or a path that is too long to be followed
        return False
    return os.path.commonpath([inside, target]) == inside
