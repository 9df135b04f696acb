"""A small disk for a home, which can be filled."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from pathlib import Path


class CannotMount(Exception):
    """No file system can be mounted here; the text says why."""


class Disk:
    """A tmpfs of ``size`` bytes on ``folder``."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._filler = folder / "filler"
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
        try:
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
        except OSError as error:
            raise CannotMount(f"mount cannot be run: {error}") from error
        if done.returncode:
            raise CannotMount(done.stderr.strip())

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("ab", buffering=0) as file:
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(self.folder).free)
            file.seek(0, os.SEEK_END)
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount; what is still open goes when it is closed."""
        subprocess.run(["umount", "-l", str(self.folder)], check=True)
