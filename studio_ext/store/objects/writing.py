"""Streams into data files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .base import Writer
from .checksums import Digester
from .datafiles import DataFiles

_R = TypeVar("_R")


@dataclass(frozen=True)
class Written:
    """A sealed data file that no row names yet; ``etag`` is the MD5 in hex."""

    data: str
    size: int
    etag: str
    checksums: dict[str, str]


class DataWriter(Writer[_R]):
    """Writes a data file and hands it to ``place``, which commits its row.

    An abort from another thread waits for the write or commit in progress.
    """

    def __init__(
        self, files: DataFiles, algorithms: Iterable[str], place: Callable[[Written], _R]
    ) -> None:
        self._digester = Digester(algorithms)
        self._files = files
        self._place = place
        self._lock = threading.Lock()
        self._data, descriptor = files.create()
        self._descriptor: int | None = descriptor  # None once committed or aborted

    def write(self, chunk: bytes) -> None:
        with self._lock:
            descriptor = self._opened()
            self._digester.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]

    def commit(self, expected: Mapping[str, str] | None = None) -> _R:
        with self._lock:
            descriptor = self._opened()
            digests = self._digester.finish()
            digests.verify(expected or {})
            self._files.seal(descriptor)
            written = Written(self._data, digests.size, digests.md5.hex(), digests.checksums)
            result = self._place(written)
            self._close()
            self._files.settle(self._data)
            return result

    def abort(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                self._close()
                self._files.remove([self._data])

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the writer is closed")
        return self._descriptor

    def _close(self) -> None:
        descriptor = self._opened()
        self._descriptor = None
        os.close(descriptor)
