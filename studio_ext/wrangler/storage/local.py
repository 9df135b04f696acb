"""Paths of this machine."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import DataError, UnsupportedError

_AT_FDCWD = -100
_EXCHANGE = 2  # renameat2(2)
_HELD = ".lock"
#: How files of tables end: a folder with others is none that a flow has written.
#: Files of a folder that are looked at before it is replaced; one of more is left alone.
_MOST_REPLACED = 100_000
_TABLES = set(".csv .tsv .txt .parquet .json .jsonl .orc .gz .bz2 .zst .deflate .crc".split())


class LocalPlaces:
    """Paths as they are, and ``file://``; other addresses are refused.

    With a ``folder`` (that of a flow's file) what is read counts from there, where it is there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def read(self, address: str) -> Path:
        """The path; raises DataError where there is nothing."""
        path = local_path(address)
        if self._folder is not None and (self._folder / path).exists():
            return self._folder / path
        if not path.exists():
            raise DataError(f"s3Uri: there is no file {address!r}", field="s3Uri")
        return path

    @contextmanager
    def write(self, address: str) -> Iterator[Path]:
        """Beside the target first: only a rename within one file system is whole or not at all."""
        target = local_path(address, "output_path")
        _refuse_precious(target, address)
        target.parent.mkdir(parents=True, exist_ok=True)
        _drop_abandoned(target)
        staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        lock = os.open(staged, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (staged / _HELD).touch()
            fresh = staged / "new"
            yield fresh
            _replace(fresh, target)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
            os.close(lock)


def local_path(address: str, field: str = "s3Uri") -> Path:
    """The path that an address means; raises UnsupportedError for other kinds of address."""
    if address.startswith("file://"):
        address = unquote(urlsplit(address).path)
    if "://" in address:
        raise UnsupportedError(f"{field}: {address!r} is no place on this machine")
    return Path(address).expanduser()


def _refuse_precious(target: Path, address: str) -> None:
    """A folder is replaced as a whole: never one that holds more than tables."""
    whole = target.resolve()
    for precious in (Path.home(), Path.cwd()):
        if whole == precious.resolve() or whole in precious.resolve().parents:
            raise DataError(
                f"output_path: {address!r} would be replaced as a whole, and holds {precious}; "
                "name a folder of its own",
                field="output_path",
            )
    seen = 0
    for folder, _, names in os.walk(target):
        seen += len(names)
        if seen > _MOST_REPLACED:
            raise DataError(
                f"output_path: {address!r} would be replaced as a whole, and holds more than "
                f"{_MOST_REPLACED:,} files; remove it, or name another folder",
                field="output_path",
            )
        for name in names:
            if name[0] not in "._" and Path(name).suffix.lower() not in _TABLES:
                raise DataError(
                    f"output_path: {address!r} would be replaced as a whole, and holds "
                    f"{os.path.join(folder, name)!r}, which is no table; name a folder of its own",
                    field="output_path",
                )


def _replace(fresh: Path, target: Path) -> None:
    """Put ``fresh`` where ``target`` is, in one step; what was there lies at ``fresh`` after it."""
    folder = target.is_dir() and not target.is_symlink()
    if os.path.lexists(target) and (folder or fresh.is_dir()):
        _exchange(fresh, target)
    else:
        os.replace(fresh, target)


def _exchange(one: Path, other: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) == 0:
        return
    code = ctypes.get_errno()
    if code not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(code, os.strerror(code), str(other))
    # A file system that cannot exchange (some network ones): for a moment nothing is there.
    os.replace(other, one.with_name("old"))
    os.replace(one, other)


def _drop_abandoned(target: Path) -> None:
    """Remove what writers that were killed left beside the target; living ones hold a lock."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*/{_HELD}"):
        try:
            descriptor = os.open(left.parent, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # its writer lives, and was faster
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left.parent, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
