"""A page of memory through which a worker tells its supervisor how it is.

It is a mapped file: telling costs a store, and works while the worker's interpreter is stuck.
"""

from __future__ import annotations

import mmap
import os
import struct
import time

LOADING, READY, FAILED = 0, 1, 2
_HEAD = struct.Struct("=BdH")  # state, busy since (monotonic seconds, 0 when idle), text length
_BUSY = struct.Struct("=d")
_SIZE = 4096


class Beat:
    """State, start of the request at hand, and the reason of a failure."""

    def __init__(self, path: str | os.PathLike[str], create: bool = False) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            if create:
                # With its room taken now: touching a page that a full disk has none for kills.
                os.posix_fallocate(descriptor, 0, _SIZE)
            self._page = mmap.mmap(descriptor, _SIZE)
            if create:
                self._page[:] = bytes(_SIZE)
        finally:
            os.close(descriptor)

    @property
    def state(self) -> int:
        """LOADING, READY or FAILED."""
        return self._page[0]

    @property
    def busy_s(self) -> float:
        """For how long the request at hand has run; 0 when there is none."""
        since = float(_HEAD.unpack_from(self._page)[1])
        return max(0.0, time.monotonic() - since) if since else 0.0

    @property
    def text(self) -> str:
        """Why loading failed."""
        length = _HEAD.unpack_from(self._page)[2]
        return self._page[_HEAD.size : _HEAD.size + length].decode("utf-8", "replace")

    def ready(self) -> None:
        """The model is loaded and the socket listens."""
        self._page[0] = READY

    def failed(self, reason: str) -> None:
        """The model cannot be loaded."""
        data = reason.encode()[: _SIZE - _HEAD.size]
        self._page[_HEAD.size : _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._page, 0, FAILED, 0.0, len(data))

    def begin(self) -> None:
        """A request starts."""
        _BUSY.pack_into(self._page, 1, time.monotonic())

    def end(self) -> None:
        """It is answered."""
        _BUSY.pack_into(self._page, 1, 0.0)
