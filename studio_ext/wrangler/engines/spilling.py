"""Folders that sessions spill to: each gone with its session, or swept up where that was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from ...files import lock_file

PREFIX = "studio-wrangler-"
LOCK = "session.lock"
#: A folder without a lock for so long is not being made: whoever began it is gone.
ABANDONED_S = 600.0


class SpillFolder:
    """A folder of a session below the place of temporary files, locked while the session lives.

    Making one removes those that sessions of this user left when they were killed.
    """

    def __init__(self) -> None:
        sweep(Path(tempfile.gettempdir()))
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
            try:
                held = lock_file(self.path / LOCK)
            except FileNotFoundError:
                continue
            if held is not None and (self.path / LOCK).exists():
                self._held: int | None = held
                return
            # A sweep was between the two lines above.
            if held is not None:
                os.close(held)

    def remove(self) -> None:
        """Delete it, with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._held is not None:
            os.close(self._held)
            self._held = None


def sweep(parent: Path) -> None:
    """Remove this user's folders in ``parent`` that no living session holds."""
    for each in parent.glob(f"{PREFIX}*"):
        try:
            found = each.lstat()
        except FileNotFoundError:
            continue
        if each.is_symlink() or not each.is_dir() or found.st_uid != os.getuid():
            continue
        if not (each / LOCK).exists():
            if time.time() - found.st_mtime > ABANDONED_S:
                shutil.rmtree(each, ignore_errors=True)
            continue
        try:
            held = lock_file(each / LOCK)
        except FileNotFoundError:
            continue
        if held is not None:
            shutil.rmtree(each, ignore_errors=True)
            os.close(held)
