"""The processes of a home, by the role that they play."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_JOB = re.compile(r"/jobs/((?:training|processing)-\d+)")


@dataclass(frozen=True)
class Process:
    """A process; ``job`` is the runner's id of the job it works for."""

    pid: int
    role: str
    job: str = ""

    def __str__(self) -> str:
        return f"{self.role} {self.pid} {self.job}".strip()


def of_home(home: Path) -> list[Process]:
    """Every process that works in a home; zombies do not."""
    found = []
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        command = [part.decode(errors="replace") for part in _read(pid, "cmdline").split(b"\0")]
        role = _role(pid, command, str(home)) if pid != os.getpid() else None
        if role is not None:
            job = _JOB.search(" ".join(command) + _marker(pid))
            found.append(Process(pid, role, job[1] if job else ""))
    # They look alike: the guard is the parent, and does nothing but wait. A shim has children
    # that look so too, for the moment between fork and exec.
    parents = {process.pid: _parent(process.pid) for process in found if process.role == "shim"}
    guards = {pid for pid in parents.values() if pid in parents and parents[pid] not in parents}
    return [
        replace(process, role="guard") if process.pid in guards else process for process in found
    ]


def by_role(home: Path, role: str) -> list[Process]:
    """The processes that may be hit when a plan names a role."""
    return [process for process in of_home(home) if process.role == role]


def is_gone(pid: int) -> bool:
    """Whether no such process runs any more."""
    state = _stat(pid)
    return not state or state[0] in (b"Z", b"X")


def _parent(pid: int) -> int:
    return int((_stat(pid) or [b"", b"0"])[1])


def _stat(pid: int) -> list[bytes]:
    """State, parent..."""
    return _read(pid, "stat").rpartition(b")")[2].split()


def _role(pid: int, command: list[str], home: str) -> str | None:
    if not any(part == home or part.startswith(f"{home}/") for part in command):
        return _unnamed(pid, home)
    text = " ".join(command)
    for role, sign in (
        ("gateway", "studio_ext.hosting.gateway"),
        ("supervisor", "studio_ext.hosting.modelserver"),
        ("worker", "modelserver/worker.py"),
        ("shim", "run/shim.py"),
        ("server", "serve"),
    ):
        if sign in text:
            return role
    return _unnamed(pid, home) or "other"


def _unnamed(pid: int, home: str) -> str | None:
    """What runs a job's own command is known by its environment alone."""
    mark = _marker(pid)
    if mark.startswith(f"{home}/jobs/"):
        return "trainer"
    return "other" if mark.startswith(f"{home}/") else None


def _marker(pid: int) -> str:
    for item in _environment(pid):
        if item.startswith(b"STUDIO_JOB_FOLDER="):
            return item.partition(b"=")[2].decode(errors="replace")
    return ""


def _environment(pid: int) -> Iterator[bytes]:
    yield from _read(pid, "environ").split(b"\0")


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it ended
        return b""
