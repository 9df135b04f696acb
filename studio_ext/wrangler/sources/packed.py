"""Packed and foreign-encoded files: read as a stream, or laid out plain where DuckDB cannot."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import SourceError
from .finding import PLAIN, UNPACKED, Files

CHUNK = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The unpacked bytes of a file, as its name says how it is packed."""
    with _unpacking(path), _stream(path) as stream:
        yield stream


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    """What unpacking raises, as a fault of the file."""
    try:
        yield
    except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        if getattr(error, "errno", None) is not None:  # the disk's, not the unpacker's
            raise
        raise SourceError(str(path), f"the packed file is damaged or cut off: {error}") from error


def _stream(path: Path) -> Any:
    ending = path.suffix.lower()
    if ending == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
    if ending == ".deflate":
        return io.BufferedReader(_Inflating(path))
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    return openers.get(ending, open)(path, "rb")


class _Inflating(io.RawIOBase):
    """A file of zlib's format, as Hadoop's ``deflate`` is."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._unpacker = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data and not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._file.read(CHUNK)
            if not packed:
                raise EOFError("the stream has no end")
            data = self._unpacker.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def laid_out(files: Files, folder: Path, encoding: str | None = None) -> Files:
    """The same files, those plain below ``folder`` that DuckDB cannot read as they are.

    ``encoding``: what texts are written in, where it is not UTF-8. A ZIP gives its members.
    """
    if not encoding and not any(name.lower().endswith(UNPACKED) for name in files.names):
        return files
    root = Path(tempfile.mkdtemp(prefix="plain-", dir=folder))
    names: list[str] = []
    for name, path in zip(files.names, files.paths, strict=True):
        ending = path.suffix.lower()
        if ending == ".zip":
            names += _members(path, name, root, encoding)
            continue
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if encoding or ending in UNPACKED:
            # The same name, so that columns and messages tell the file; packed ones would be
            # unpacked again.
            target = target.with_name(target.name + PLAIN)
            with opened(path) as stream, _unpacking(path):
                _copy(stream, target, encoding, path)
        else:
            os.symlink(path.resolve(), target)
        names.append(str(target.relative_to(root)))
    return Files(root, tuple(names), files.prefix)


def _members(path: Path, name: str, root: Path, encoding: str | None) -> list[str]:
    made = []
    with _unpacking(path), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            inner = PurePosixPath(member.filename)
            if member.is_dir() or inner.name[0] in "._":
                continue
            if inner.is_absolute() or ".." in inner.parts:
                raise SourceError(str(path), f"a member leads out of it: {member.filename!r}")
            if member.flag_bits & 1:
                raise SourceError(str(path), f"the member {member.filename!r} is encrypted")
            target = root / name / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as stream:
                _copy(stream, target, encoding, path)
            made.append(str(target.relative_to(root)))
    if not made:
        raise SourceError(str(path), "the archive holds no file")
    return made


def _copy(stream: IO[bytes], target: Path, encoding: str | None, path: Path) -> None:
    with target.open("wb") as file:
        if not encoding:
            shutil.copyfileobj(stream, file, CHUNK)
            return
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := stream.read(CHUNK):
                file.write(decoder.decode(chunk).encode())
            file.write(decoder.decode(b"", final=True).encode())
        except UnicodeError as error:
            raise SourceError(str(path), f"the text is not {encoding}: {error}") from error
