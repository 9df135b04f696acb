"""Where a flow's addresses lie: the one way by which sources and targets get at files.

A flow names places as text (``s3://bucket/key``, ``file://...``, a path). ``Places.read`` makes a
file or folder of this machine of one; ``Places.write`` is a context that gives a path to write to,
and delivers what was made there whole, or nothing where the block raises. Whoever runs a flow
brings its own: a job one that maps what it was given, a server one that asks what its caller may
do. One that lists objects may have ``matching`` too, which fetches only some files of a folder.
``Anywhere`` is the default of a program of one's own: paths as they are, and S3 by boto3.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from .base import Places
from .local import LocalPlaces
from .s3 import S3Places, is_s3

__all__ = ["Anywhere", "LocalPlaces", "Places", "S3Places"]


class Anywhere:
    """``s3://`` by boto3 (``cache``: where copies lie), everything else a path of this machine.

    ``folder``: where paths to be read count from, as for :class:`LocalPlaces`.
    """

    def __init__(
        self, cache: Path | None = None, client: Any = None, *, folder: Path | None = None
    ) -> None:
        self._s3 = S3Places(cache, client)
        self._local = LocalPlaces(folder)

    def _of(self, address: str) -> Places:
        return self._s3 if is_s3(address) else self._local

    def read(self, address: str) -> Path:
        """As the kind of the address does."""
        return self._of(address).read(address)

    def matching(self, address: str, wanted: Callable[[str], bool]) -> Path:
        """A folder; of S3 no more is copied than what is ``wanted``, by its name from there."""
        if is_s3(address):
            return self._s3.matching(address, wanted)
        return self._local.read(address)

    def write(self, address: str) -> AbstractContextManager[Path]:
        """As the kind of the address does."""
        return self._of(address).write(address)
