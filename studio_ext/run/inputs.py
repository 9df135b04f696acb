"""Bringing a job's files into its folder: channels by hard link, archives by safe extraction."""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

MAX_RATIO = 200
MAX_FILES = 200_000
ALWAYS_ALLOWED = 1 << 30
MAX_NAME = 1000


class InputError(Exception):
    """Input that cannot be delivered; the text is for the user."""


def materialise(
    files: Iterable[tuple[str, str]], folder: Path, *, copy: bool, check: Callable[[], None]
) -> None:
    """Put files into ``folder``, by hard link unless ``copy`` or on another device.

    ``check`` is called between files and may raise to end it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in files:
        check()
        target = folder / _safe_name(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _place(source, target, copy)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise InputError(
                f"{name} cannot be stored: one input is a file and another a folder of that name"
            ) from error
        except FileNotFoundError as error:
            raise InputError(f"the input {name} was deleted before the job read it") from error


def _safe_name(name: str) -> str:
    clean = posixpath.normpath(name.lstrip("/"))
    if clean in (".", "..") or clean.startswith("../") or "\0" in clean:
        raise InputError(f"the input {name!r} has no usable file name")
    return clean


def _place(source: str, target: Path, copy: bool) -> None:
    if not copy:
        try:
            os.link(source, target)
            return
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError:
            pass  # another device, or a file of another user: a copy serves as well
    if target.exists():
        raise FileExistsError(target)
    shutil.copy2(source, target)


def detach(folder: Path) -> None:
    """Turn hard links into copies, so that writing to them changes nothing else."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.stat(path, follow_symlinks=False).st_nlink > 1:
                shutil.copy2(path, path + ".copying")
                os.replace(path + ".copying", path)


def extract(archive: Path, folder: Path, check: Callable[[], None]) -> None:
    """Extract a tar archive into ``folder``; a file that is none is copied there.

    Members may not leave the folder, be devices, or be far larger than the archive (InputError).
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not tarfile.is_tarfile(archive):
        shutil.copy2(archive, folder)
        return
    if not hasattr(tarfile, "data_filter"):
        raise InputError("extracting archives safely needs Python 3.11.4 or later")
    limit = max(ALWAYS_ALLOWED, MAX_RATIO * archive.stat().st_size)
    total = 0
    try:
        with tarfile.open(archive) as tar:
            for count, member in enumerate(tar):
                check()
                total += member.size
                _check_member(member, count, total, limit)
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"the archive {archive.name} cannot be extracted: {error}") from error
    _check_links(folder)


def _check_member(member: tarfile.TarInfo, count: int, total: int, limit: int) -> None:
    # Very long names make path resolution stop early, which has defeated tar filters before.
    if len(member.name) > MAX_NAME or len(member.linkname) > MAX_NAME:
        raise InputError("the archive has a member with a name that is too long")
    if count >= MAX_FILES:
        raise InputError(f"the archive has more than {MAX_FILES} files")
    if total > limit:
        raise InputError(f"the archive is a bomb: it holds more than {limit} bytes")


def _check_links(folder: Path) -> None:
    inside = os.path.realpath(folder)
    for root, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(root, name)
            target = os.path.realpath(path)
            if os.path.islink(path) and os.path.commonpath([inside, target]) != inside:
                os.unlink(path)
                raise InputError(f"the archive has a link that leaves its folder: {name}")
