"""Where the parts of a job lie in its folder, and the lock that says it is alive."""

from __future__ import annotations

import fcntl
import hashlib
import os
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from studio_ext.files import drop_unfinished

ML = "/opt/ml"
# Paths of sockets are limited to 108 bytes, and libraries add long names of their own.
SOCKET_FOLDER_LIMIT = 60
FULL_BELOW = 256 * 1024
_ML_PATH = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")


class JobFolder:
    """Paths of one job. ``ml`` is what the job sees as ``/opt/ml``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.id = root.name
        self.spec = root / "spec.json"
        self.status = root / "status.json"
        self.lock = root / "lock"
        self.stop = root / "stop"
        self.log = root / "log"
        self.index = root / "log.index"
        self.ml = root / "opt" / "ml"
        self.home = root / "home"
        self.tmp = temporary(root)
        self.scratch = root / "scratch"
        self.packs = root / "packs"
        self.python = root / "env"

    def real(self, path: str) -> Path:
        """Where a path that the job calls ``/opt/ml/...`` really is; ValueError for any other."""
        clean = posixpath.normpath(path)
        if clean != ML and not clean.startswith(ML + "/"):
            raise ValueError(f"{path} is not under {ML}")
        return self.ml / posixpath.relpath(clean, ML)

    def create(self) -> None:
        """Make the folders every job has."""
        for name in ("input/config", "input/data", "model", "output/data", "code", "checkpoints"):
            (self.ml / name).mkdir(parents=True, exist_ok=True)
        for folder in (self.home, self.scratch, self.packs):
            folder.mkdir(exist_ok=True)
        make_temporary(self.tmp)

    def clean(self) -> None:
        """Drop what only the running job needed; links to inputs would keep deleted objects."""
        data = self.ml / "input" / "data"
        for folder in (self.tmp, self.scratch, self.python, self.home, data):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.root, self.packs):
            drop_unfinished(folder)

    def is_full(self) -> bool:
        """Whether the disk has no room left for the job's files."""
        disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize < FULL_BELOW

    def take_lock(self) -> int | None:
        """Lock the job, as its supervisor does for life; None when another process has it."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_locked(self) -> bool:
        """Whether a supervisor is alive."""
        if not self.lock.exists():
            return False
        descriptor = self.take_lock()
        if descriptor is None:
            return True
        os.close(descriptor)
        return False


def temporaries() -> Path:
    """Where temporary files of jobs and models lie whose own folders have long paths."""
    return Path("/tmp") / f"studio-{os.getuid()}" / "tmp"


def temporary(root: Path) -> Path:
    """A folder for temporary files, its path short enough for the sockets that are put there."""
    folder = root / "tmp"
    if len(str(folder)) <= SOCKET_FOLDER_LIMIT:
        return folder
    return temporaries() / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def make_temporary(folder: Path) -> None:
    """Create a folder of :func:`temporary`; PermissionError where another user has."""
    outer = temporaries()
    for made in (outer.parent, outer, folder) if folder.parent == outer else (folder,):
        made.mkdir(mode=0o700, exist_ok=True)
        if made.is_symlink() or made.lstat().st_uid != os.getuid():
            raise PermissionError(f"{made} belongs to someone else")


def rewrite(value: Any, base: str) -> Any:
    """Replace the path ``/opt/ml`` by ``base`` in every string of a JSON value."""
    if base == ML:
        return value
    if isinstance(value, str):
        return _ML_PATH.sub(lambda _: base, value)
    if isinstance(value, list):
        return [rewrite(item, base) for item in value]
    if isinstance(value, dict):
        return {key: rewrite(item, base) for key, item in value.items()}
    return value
