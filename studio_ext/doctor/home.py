"""The home folder: whose it is, where it lies, who can read it, what was left in it."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from ..config import Config
from ..files import drop_unfinished, read_json
from .findings import Finding, ok

_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "glusterfs", "lustre")
_UNFINISHED_S = 3600.0
#: Files that nobody else may read, and what somebody who can read them can do.
_SECRETS = {
    "metrics-token": "read Studio's metrics",
    "run/gateway.json": "ask the gateway for its routes",
    "studio.db": "read every access key, with its secret",
}


def folder(config: Config) -> Iterator[Finding]:
    """The home can be written by its owner and is private."""
    home = config.path
    there = existing(home)
    if there != home and not there.is_dir():
        meaning = "Studio cannot make its home."
        yield Finding("FAIL", "home", f"{there} is no folder", meaning, f"mv {there} {there}.old")
        return
    status = there.stat()
    if there == home and status.st_uid != os.geteuid() and os.geteuid() != 0:
        yield Finding(
            "FAIL",
            "home",
            f"{home} belongs to {_user(status.st_uid)}",
            "Studio cannot keep anything there as you; it may have been started by another user.",
            f"sudo chown -R {_user(os.geteuid())} {shlex.quote(str(home))}",
        )
        return
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield Finding(
            "FAIL",
            "home",
            f"{there} cannot be written: {error.strerror}",
            "Nothing can be stored: no job, no object, no log.",
            f"chmod u+rwx {shlex.quote(str(there))} (or set STUDIO_HOME to another folder)",
        )
        return
    if there != home:
        yield ok("home", f"{home} does not exist yet; it is made at the first start")
    elif status.st_mode & 0o077:
        yield Finding(
            "WARN",
            "home",
            f"{home} can be read by others",
            "Other users of this machine may read data and models.",
            f"chmod 700 {shlex.quote(str(home))}",
            lambda: home.chmod(0o700),
        )
    else:
        yield ok("home", str(home))


def file_system(config: Config) -> Iterator[Finding]:
    """The home lies on a disk of this machine, from which programs may be run."""
    there = str(existing(config.path).resolve())
    mounts = [m for m in psutil.disk_partitions(all=True) if _within(there, m.mountpoint)]
    if not mounts:
        return
    mount = max(enumerate(mounts), key=lambda item: (len(item[1].mountpoint), item[0]))[1]
    if mount.fstype.startswith(_NETWORK):
        yield Finding(
            "FAIL" if config.database_url.startswith("sqlite") else "WARN",
            "file system",
            f"{config.path} lies on {mount.fstype} ({mount.mountpoint})",
            "SQLite's shared memory and locks do not work across a network: the database may be "
            "damaged when two machines use it.",
            "set STUDIO_HOME to a local folder, or STUDIO_DATABASE_URL to a PostgreSQL database",
        )
    elif "noexec" in mount.opts.split(","):
        yield Finding(
            "WARN",
            "file system",
            f"no programs may be run from {mount.mountpoint} (noexec)",
            "Jobs with a requirements.txt and kernels of `studio kernel add` have environments in "
            "the home; they will not start.",
            f"sudo mount -o remount,exec {mount.mountpoint} (or set STUDIO_HOME)",
        )
    else:
        yield ok("file system", f"{mount.fstype} at {mount.mountpoint}")


def secrets(config: Config) -> Iterator[Finding]:
    """Keys are there, whole, and readable by their owner alone."""
    path = config.path / "credentials.json"
    if not path.exists():
        yield Finding("WARN", "credentials", "none yet; written when Studio first starts")
    else:
        yield _credentials(path)
    for name, harm in _SECRETS.items():
        file = config.path / name
        if file.exists() and _is_open(file):
            yield _readable(file, harm)


def _credentials(path: Path) -> Finding:
    try:
        complete = {"access_key_id", "secret_access_key"} <= (read_json(path) or {}).keys()
    except (ValueError, AttributeError):
        complete = False
    if not complete:
        return Finding(
            "FAIL",
            "credentials",
            f"{path} is damaged",
            "Clients cannot sign their requests.",
            f"rm {shlex.quote(str(path))}  # and restart Studio, which writes it anew",
        )
    return _readable(path, "act as you") if _is_open(path) else ok("credentials", str(path))


def _readable(path: Path, harm: str) -> Finding:
    return Finding(
        "FAIL",
        "credentials" if path.name == "credentials.json" else "secrets",
        f"{path} has mode {stat.S_IMODE(path.stat().st_mode):o}: others can read it",
        f"Whoever reads it can {harm}.",
        f"chmod 600 {shlex.quote(str(path))}",
        lambda: path.chmod(0o600),
    )


def _is_open(path: Path) -> bool:
    """Whether others get at a file: by its own mode, if its folders let them through."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077) and (
        path.name == "credentials.json" or bool(path.parent.stat().st_mode & 0o011)
    )


def unfinished(config: Config) -> Iterator[Finding]:
    """Files that an interrupted write left behind."""
    before = time.time() - _UNFINISHED_S
    folders = (config.path, config.run_dir)
    stale = [
        path
        for folder in folders
        for path in folder.glob(".*.json.*")
        if path.is_file() and path.stat().st_mtime < before
    ]
    if not stale:
        yield ok("stale files", "none")
        return

    def fix() -> None:
        for folder in folders:
            drop_unfinished(folder, _UNFINISHED_S)
        for path in stale:
            path.unlink(missing_ok=True)

    names = " ".join(shlex.quote(str(path)) for path in stale[:5])
    text = f"{len(stale)} unfinished writes"
    yield Finding("WARN", "stale files", text, "They only take room.", f"rm {names}", fix)


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that there is."""
    return next(each for each in (path, *path.parents) if each.exists())


def _within(path: str, mount: str) -> bool:
    return mount == "/" or path == mount or path.startswith(f"{mount}/")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
