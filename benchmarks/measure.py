"""Measuring both sides of a comparison: processes, their CPU and memory, and the verdict.

CPU time says what a thing costs whatever else the machine does; wall time is given beside it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass
class Cost:
    """What something took: seconds of CPU (all processes concerned) and of wall time."""

    cpu: float
    wall: float

    def per(self, count: float) -> Cost:
        """The cost of one of ``count``."""
        return Cost(self.cpu / count, self.wall / count)


def family(pid: int) -> list[psutil.Process]:
    """A process and all its descendants that live."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def cpu_seconds(*pids: int) -> float:
    """CPU that processes and their descendants have used, those reaped already among them."""
    total = 0.0
    for process in {p for pid in pids for p in family(pid)}:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def pss_bytes(*pids: int) -> int:
    """Memory of processes and their descendants; what they share is counted once (PSS)."""
    total = 0
    for process in {p for pid in pids for p in family(pid)}:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += process.memory_full_info().pss
    return total


@contextlib.contextmanager
def measured(*pids: int) -> Iterator[Cost]:
    """Fills in the cost of the block, as CPU of ``pids`` (of this process when none is given)."""
    cost = Cost(0.0, 0.0)
    mine = not pids
    cpu = time.process_time() if mine else cpu_seconds(*pids)
    wall = time.perf_counter()
    yield cost
    cost.wall = time.perf_counter() - wall
    cost.cpu = (time.process_time() if mine else cpu_seconds(*pids)) - cpu


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(
    command: Sequence[str | Path],
    ready: Callable[[], Any],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
    timeout_s: float = 120.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server for the block, given once ``ready`` is true; its whole family is ended after it.

    RuntimeError when it ends or is not ready in time.
    """
    output = open(log or os.devnull, "ab")  # noqa: SIM115 (handed to the process)
    started = subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **(environment or {})},
        cwd=folder,
        stdout=output,
        stderr=output,
    )
    output.close()
    try:
        end = time.monotonic() + timeout_s
        while not _true(ready):
            if started.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} did not start; see {log}")
            time.sleep(0.01)
        yield started
    finally:
        members = family(started.pid)
        started.terminate()
        _, alive = psutil.wait_procs(members, timeout=10)
        for member in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        started.wait()


def _true(ready: Callable[[], Any]) -> bool:
    try:
        return bool(ready())
    except Exception:
        return False


def listening(port: int) -> Callable[[], bool]:
    """Whether something accepts connections on a port of this machine."""

    def check() -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True

    return check


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which ``percent`` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass
class Claim:
    """One line of a benchmark's verdict: ours, theirs, and the most that ours / theirs may be."""

    name: str
    ours: float
    theirs: float
    aim: float
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def holds(self) -> bool:
        """Whether the aim is met."""
        return self.ratio <= self.aim


def report(claims: Sequence[Claim]) -> int:
    """Print a table in Markdown; 0 when every claim holds, else 1, as an exit status."""
    print("| what | ours | peer | ratio | aim | |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for c in claims:
        verdict = "holds" if c.holds else "MISSED"
        print(
            f"| {c.name} | {c.ours:.3g} {c.unit} | {c.theirs:.3g} {c.unit} "
            f"| {c.ratio:.2f} | {c.aim:g} | {verdict} |"
        )
    return 0 if all(c.holds for c in claims) else 1
