"""Copies of objects of a store on this machine, by what they hold: each is whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

#: What nobody has read for so long goes.
KEPT_S = 7 * 86_400
_UNFINISHED = ".making-"


def default_folder() -> Path:
    """``$STUDIO_WRANGLER_CACHE``, or a folder in the user's cache folder."""
    given = os.environ.get("STUDIO_WRANGLER_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "studio-wrangler"


class Cache:
    """A folder of entries, each made once; readable by its owner alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def entry(self, identity: str, make: Callable[[Path], None]) -> Path:
        """The folder for what ``identity`` names (a version of it); ``make`` fills a new one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / hashlib.sha256(identity.encode()).hexdigest()[:40]
        if not path.exists():
            self._drop_unused()
            fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder))
            try:
                make(fresh)
                os.replace(fresh, path)
            except OSError:
                if not path.exists():  # another process was faster: its entry is the same
                    raise
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        os.utime(path)
        return path

    def linked(self, identity: str, files: Mapping[str, Path]) -> Path:
        """A folder with these files under these relative names; links, not copies."""

        def make(folder: Path) -> None:
            for name, file in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.link(file, folder / name)

        return self.entry(identity, make)

    def _drop_unused(self) -> None:
        before = time.time() - KEPT_S
        for each in self.folder.iterdir():
            try:
                unused = each.stat().st_mtime < before
            except FileNotFoundError:  # another process dropped it
                continue
            if unused:
                shutil.rmtree(each, ignore_errors=True)
