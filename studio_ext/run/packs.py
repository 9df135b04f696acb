"""Packing what a job leaves behind into tar.gz archives."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

# Models are mostly incompressible floats: higher levels cost time and gain next to nothing.
LEVEL = 3


def pack(
    source: Path,
    archive: Path,
    keep_empty: bool,
    warn: Callable[[str], None],
    own: Sequence[Path] = (),
) -> Any | None:
    """Pack the content of ``source`` in sorted order, owned by nobody in particular.

    A link out of ``source`` is followed into the job's ``own`` folders, since it would break
    elsewhere. Any other is packed as the link it is: what it leads to was never the job's output.

    Returns ``{"path", "size", "md5"}``, or None when there is nothing to pack.
    """
    members = list(_members(source)) if source.is_dir() else []
    if not members and not keep_empty:
        return None
    temporary = archive.with_name(f".{archive.name}.tmp")
    with open(temporary, "wb") as file:
        digest = _Digest(file)
        with (
            gzip.GzipFile("", "wb", LEVEL, digest, mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in members:
                _add(tar, path, source, warn, [Path(os.path.realpath(folder)) for folder in own])
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, archive)
    return {"path": str(archive), "size": digest.size, "md5": digest.md5.hexdigest()}


class _Digest:
    """A file that counts and hashes what is written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size = 0
        self.md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes) -> int:
        self.md5.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


def _members(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(folders + names):
            yield Path(root, name)


def _add(
    tar: tarfile.TarFile,
    path: Path,
    source: Path,
    warn: Callable[[str], None],
    own: Sequence[Path],
) -> None:
    name = str(path.relative_to(source))
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        _add_link(tar, path, name, source, warn, own)
    elif stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        _add_plain(tar, path, name)
    else:
        warn(f"{name} is not a file and was left out of the archive")


def _add_link(
    tar: tarfile.TarFile,
    path: Path,
    name: str,
    source: Path,
    warn: Callable[[str], None],
    own: Sequence[Path],
) -> None:
    target = Path(os.path.realpath(path))
    inside = Path(os.path.realpath(source))
    if target.is_relative_to(inside):
        information = _clean(tar.gettarinfo(path, name))
        information.linkname = os.path.relpath(target, os.path.realpath(path.parent))
        tar.addfile(information)
    elif target.is_file() and any(target.is_relative_to(folder) for folder in own):
        _add_plain(tar, target, name)
    else:
        tar.addfile(_clean(tar.gettarinfo(path, name)))
        warn(
            f"WARNING: {name} links to {os.readlink(path)}, which is not the job's; the archive "
            "has the link alone"
        )


def _add_plain(tar: tarfile.TarFile, path: Path, name: str) -> None:
    information = _clean(tar.gettarinfo(path, name))
    if information.islnk():  # a second name of a file already packed: store it again, as a file
        information.type = tarfile.REGTYPE
        information.size = path.stat().st_size
    if information.isreg():
        with open(path, "rb") as file:
            tar.addfile(information, file)
    else:
        tar.addfile(information)


def _clean(information: tarfile.TarInfo) -> tarfile.TarInfo:
    information.uid = information.gid = 0
    information.uname = information.gname = ""
    return information
