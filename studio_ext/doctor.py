"""``studio doctor``: what Studio needs, checked one by one, each with what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .config import Config
from .files import read_json
from .notebook import session

Level = Literal["OK", "WARN", "FAIL"]
_LOW_DISK_BYTES = 5 * 2**30
_NO_DISK_BYTES = 2**28
_NODE = (20, 19)
_FRAMEWORKS = (
    ("scikit-learn", "scikit-learn images"),
    ("xgboost|xgboost-cpu", "XGBoost images and the built-in algorithm"),
    ("torch", "PyTorch images"),
    ("pandas", "most training scripts"),
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: Level
    subject: str
    text: str


def report(config: Config, say: Callable[[str], object]) -> int:
    """Say every finding; the exit status is 1 if something fails."""
    failed = False
    for check in _CHECKS:
        for finding in check(config):
            failed |= finding.level == "FAIL"
            say(f"{finding.level:4}  {finding.subject:14} {finding.text}")
    return int(failed)


def python_version(config: Config) -> Iterator[Finding]:
    """Which Python this is; packaging refuses one that is too old."""
    yield Finding("OK", "python", f"{platform.python_version()} at {sys.executable}")


def node_version(config: Config) -> Iterator[Finding]:
    """Node, which only building the front end needs."""
    node = shutil.which("node")
    if node is None:
        yield Finding("OK", "node", "not installed; only needed to build the panels from a clone")
        return
    result = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    version = result.stdout.strip().lstrip("v")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _NODE:
        wanted = ".".join(map(str, _NODE))
        yield Finding("WARN", "node", f"{version or 'broken'}; building the panels needs {wanted}")
    else:
        yield Finding("OK", "node", version)


def home_folder(config: Config) -> Iterator[Finding]:
    """The home can be written, is private and has room."""
    home = config.path
    existing = next(path for path in (home, *home.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        yield Finding("FAIL", "home", f"{existing} cannot be written: {error.strerror}")
        return
    if not home.exists():
        yield Finding("OK", "home", f"{home} does not exist yet; it is made at the first start")
    elif home.stat().st_mode & 0o077:
        yield Finding("WARN", "home", f"{home} can be read by others: chmod 700 {home}")
    else:
        yield Finding("OK", "home", str(home))
    free = shutil.disk_usage(existing).free
    text = f"{free / 2**30:.1f} GiB free"
    if free < _NO_DISK_BYTES:
        yield Finding("FAIL", "disk", f"{text}: jobs will fail; make room")
    elif free < _LOW_DISK_BYTES:
        yield Finding("WARN", "disk", f"{text}: little for data and models")
    else:
        yield Finding("OK", "disk", text)


def credentials_file(config: Config) -> Iterator[Finding]:
    """The access key is there and readable by its owner alone."""
    path = config.path / "credentials.json"
    if not path.exists():
        yield Finding("WARN", "credentials", "none yet; written when Studio first starts")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    try:
        complete = {"access_key_id", "secret_access_key"} <= (read_json(path) or {}).keys()
    except ValueError:
        complete = False
    if not complete:
        yield Finding("FAIL", "credentials", f"{path} is damaged: remove it and restart Studio")
    elif mode & 0o077:
        yield Finding("FAIL", "credentials", f"mode {mode:o}: others can read it: chmod 600 {path}")
    else:
        yield Finding("OK", "credentials", str(path))


def processes(config: Config) -> Iterator[Finding]:
    """The control plane and the gateway live and answer; their files do not lie."""
    for name, file, restart in (
        ("control plane", "control.json", f"start it: studio serve --home {config.path}"),
        ("gateway", "gateway.json", "it is started with the control plane"),
    ):
        path = config.run_dir / file
        try:
            entry = read_json(path)
        except ValueError:
            yield Finding("FAIL", name, f"{path} is damaged: remove it and restart Studio")
            continue
        if not entry or not entry.get("port"):
            yield Finding("WARN", name, f"never started; {restart}")
            continue
        host, port, pid = session.reachable(entry.get("host")), entry["port"], entry.get("pid")
        alive = pid is None or _alive(int(pid))
        answers = session.listens(host, int(port))
        if alive and answers:
            who = f" (pid {pid})" if pid else ""
            yield Finding("OK", name, f"answers on {host}:{port}{who}")
        elif alive and pid:
            yield Finding("FAIL", name, f"pid {pid} lives, but {host}:{port} does not answer")
        elif answers:
            yield Finding("FAIL", name, f"{host}:{port} is taken by another program; {restart}")
        else:
            yield Finding("WARN", name, f"not running ({path} is left from before); {restart}")


def job_isolation(config: Config) -> Iterator[Finding]:
    """Whether jobs can have an ``/opt/ml`` of their own."""
    from .run import namespace

    with tempfile.TemporaryDirectory() as scratch:
        result = namespace.probe(Path(scratch))
    if result["opt_ml"]:
        yield Finding("OK", "/opt/ml", f"jobs see their own; inputs by {result['inputs']}")
    else:
        yield Finding(
            "WARN",
            "/opt/ml",
            f"not available: {result['reason']}; scripts must use the SM_* variables",
        )


def frameworks(config: Config) -> Iterator[Finding]:
    """The libraries that stand for SageMaker's images."""
    for names, purpose in _FRAMEWORKS:
        found = [f"{name} {version}" for name in names.split("|") if (version := _version(name))]
        subject = names.split("|")[0]
        if found:
            yield Finding("OK", subject, found[0])
        else:
            yield Finding("WARN", subject, f"not installed; {purpose} will not run")


def plugin(config: Config) -> Iterator[Finding]:
    """botocore can be redirected."""
    import botocore.session

    version = _version("botocore") or "unknown"
    if hasattr(botocore.session.Session, "_register_client_plugins"):
        yield Finding("OK", "botocore", version)
    else:
        yield Finding(
            "WARN",
            "botocore",
            f"{version} has no plugins: outside `%studio connect`, calls with AWS's own host "
            "names (STS in the SageMaker SDK) leave for AWS; upgrade botocore",
        )


def leftovers(config: Config) -> Iterator[Finding]:
    """Files that an interrupted write left behind."""
    hour_ago = time.time() - 3600
    stale = [
        path
        for folder in (config.path, config.run_dir)
        for path in folder.glob(".*.json.*")
        if path.is_file() and path.stat().st_mtime < hour_ago
    ]
    if stale:
        names = " ".join(map(str, stale[:5]))
        yield Finding("WARN", "stale files", f"{len(stale)} unfinished writes; remove: {names}")
    else:
        yield Finding("OK", "stale files", "none")


_CHECKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    python_version,
    node_version,
    home_folder,
    credentials_file,
    processes,
    job_isolation,
    plugin,
    frameworks,
    leftovers,
)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
