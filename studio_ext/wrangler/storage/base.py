"""The interface between a flow and where its files are."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Places(Protocol):
    """Files of this machine for addresses of a flow, as one user may read and write them."""

    def read(self, address: str) -> Path:
        """The file, or the folder of files, that an address names; nobody changes it.

        Raises DataError where there is nothing, or it may not be read.
        """
        ...

    def write(self, address: str) -> AbstractContextManager[Path]:
        """A path, at which nothing is yet, for a file or a folder of files.

        Leaving the block puts what was made there into its place whole; what was there before goes.
        An exception in the block leaves everything as it was. Raises DataError where the address
        is no place to write to.
        """
        ...
