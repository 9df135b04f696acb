"""The processes of a job: start one, find all, kill all, measure."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from studio_ext.run.confine import confine

MARKER = "STUDIO_JOB_FOLDER"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
#: Of -1000 (never) to 1000 (at once); what is started by these processes inherits it.
OOM_SCORE = "500"
#: For tar, which as root would give files to whom an archive says, and cannot where confined.
_WITHOUT_OWNERS = {"TAR_OPTIONS": "--no-same-owner"}
LINUX = sys.platform.startswith("linux")


def start(
    command: list[str],
    environment: Mapping[str, str],
    folder: Path,
    log: int,
    keep: Iterable[int] = (),
    *,
    confined: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its output appended to the open file ``log``.

    It has the open files ``keep`` too. ``confined`` is for code that is not Studio's own.

    The kernel kills it when this process dies, so that no trainer is left without a supervisor.
    It is also the first to be killed when the machine runs out of memory: before the servers,
    and before its supervisor, which then tells what became of it.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if LINUX else None

    def begin() -> None:
        if confined:
            confine()
        if libc is not None:  # after that, which may take back what is asked for here
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)
            with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
                file.write(OOM_SCORE)

    if confined and os.geteuid() == 0:
        environment = {**_WITHOUT_OWNERS, **environment}
    return subprocess.Popen(
        command,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=tuple(keep),
        preexec_fn=begin,
    )


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that none escapes."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def guard(let_go: Iterable[int]) -> None:
    """Go on in a child. This process waits for it, and if it is killed kills its descendants.

    The kernel gives those that outlive the child to their next ancestor that adopts orphans:
    so nothing has to look for them, and they do not live on until a server does. The guard
    closes the open files ``let_go``: what they are to mean is that the child lives.
    """
    adopt_orphans()
    child = os.fork()
    if not child:
        return
    for descriptor in let_go:
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        kill_all(lambda: below(os.getpid()))
    os._exit(0)


def reap_others(child: int | None) -> None:
    """Collect ended orphans, but leave ``child`` to who waits for it."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid == child:
            return
        os.waitpid(found.si_pid, 0)


def below(root: int) -> list[int]:
    """Descendants of a process; with :func:`adopt_orphans` none of them gets out of sight."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        next_ones = children.get(waiting.pop(), [])
        found += next_ones
        waiting += next_ones
    return found


def marked(folder: Path) -> list[int]:
    """Processes that carry a job's mark: those that its supervisor left when it was killed.

    Process ids noted by the supervisor would not do: they may be others' by now.
    """
    mark = f"{MARKER}={folder}".encode()
    return [pid for pid, _ in _parents() if mark in _read(f"/proc/{pid}/environ").split(b"\0")]


def kill_all(find: Callable[[], list[int]]) -> None:
    """Kill the processes that ``find`` gives; it is asked again for those just forked."""
    for _ in range(20):
        left = find()
        if not left:
            return
        for pid in left:
            send(pid, signal.SIGKILL)
        reap_others(None)
        time.sleep(0.02)


def send(pid: int, number: signal.Signals, group: bool = False) -> None:
    """Send a signal to a process, or its whole group, that may be gone already."""
    # Gone, or its id belongs to someone else by now: nothing is left to do.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(pid, number)


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal (SIGSTOP) and not let go yet."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return fields[:1] == [b"T"]


def memory(pids: list[int], limit: int) -> int:
    """Bytes that processes use together.

    Resident memory counts shared pages once for each process; only when that sum passes
    ``limit`` is the exact share read, which is slower.
    """
    total = sum(_resident(pid) for pid in pids)
    return total if total <= limit else sum(_share(pid) for pid in pids)


def _parents() -> Iterator[tuple[int, int]]:
    """``(pid, parent)`` of every process but the dead; nothing without ``/proc``."""
    for name in os.listdir("/proc") if LINUX else ():
        if name.isdigit():
            fields = _read(f"/proc/{name}/stat").rpartition(b")")[2].split()
            if len(fields) > 1 and fields[0] not in (b"Z", b"X"):
                yield int(name), int(fields[1])


def _resident(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _share(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(pid)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # the process ended, or is another user's
        return b""
