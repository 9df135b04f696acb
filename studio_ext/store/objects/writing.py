"""Streams into data files."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .base import Writer
from .checksums import Digester
from .datafiles import DataFiles
from .errors import InvalidRequest

_R = TypeVar("_R")


@dataclass(frozen=True)
class Written:
    """A sealed data file that no row names yet, "" for a slot; ``etag`` is the MD5 in hex."""

    data: str
    size: int
    etag: str
    checksums: dict[str, str]


class DataWriter(Writer[_R]):
    """Writes a data file and hands it to ``place``, which commits its row.

    With ``slot`` (descriptor, the most bytes it takes) it writes there and not into a new file.
    An abort from another thread waits for the write or commit in progress.
    """

    def __init__(
        self,
        files: DataFiles,
        algorithms: Iterable[str],
        place: Callable[[Written], _R],
        slot: tuple[int, int] | None = None,
    ) -> None:
        self._digester = Digester(algorithms)
        self._files = files
        self._place = place
        self._lock = threading.Lock()
        self._descriptor: int | None  # None once committed or aborted
        if slot is None:
            self._data, self._descriptor = files.create()
            self._most = sys.maxsize
        else:
            self._data, (self._descriptor, self._most) = "", slot

    def write(self, chunk: bytes) -> None:
        with self._lock:
            descriptor = self._opened()
            self._digester.update(chunk)
            if self._digester.size > self._most:
                text = "The body is longer than the Content-Length HTTP header says."
                raise InvalidRequest(text, "IncompleteBody")
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]

    def commit(self, expected: Mapping[str, str] | None = None) -> _R:
        with self._lock:
            descriptor = self._opened()
            digests = self._digester.finish()
            digests.verify(expected or {})
            if self._data:
                self._files.seal(descriptor)
            else:
                os.fdatasync(descriptor)
            written = Written(self._data, digests.size, digests.md5.hex(), digests.checksums)
            result = self._place(written)
            self._close()
            if self._data:
                self._files.settle(self._data)
            return result

    def abort(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                self._close()
                if self._data:
                    self._files.remove([self._data])

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the writer is closed")
        return self._descriptor

    def _close(self) -> None:
        descriptor = self._opened()
        self._descriptor = None
        os.close(descriptor)
