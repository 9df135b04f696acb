"""Running a job's commands, and ending them when the job is stopped or over a limit."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from studio_ext.run import processes
from studio_ext.run.contract import JobSpec
from studio_ext.run.journal import Journal
from studio_ext.run.layout import JobFolder

POLL_S = 0.2
MEMORY_POLL_S = 1.0


class Ended(Exception):
    """The job ends before its script did: stopped, out of time, or failed for a reason.

    ``kind`` is the failure's class, such as ClientError; ``at_once`` leaves no grace period.
    """

    def __init__(
        self, outcome: str, kind: str = "AlgorithmError", reason: str = "", at_once: bool = False
    ) -> None:
        super().__init__(reason or outcome)
        self.outcome, self.kind, self.reason, self.at_once = outcome, kind, reason, at_once


class Wakeup:
    """Waits for a signal (a child ended, stop was asked) or a short time."""

    def __init__(self) -> None:
        self.terminated = False
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        for ignored in (signal.SIGINT, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)

    def _terminate(self, *_: object) -> None:
        self.terminated = True

    def wait(self, seconds: float) -> None:
        """Return at a signal, or after ``seconds``."""
        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 4096)


class Watch:
    """Runs the commands of one job, one at a time. Build it in the process that is to wait."""

    def __init__(self, folder: JobFolder, spec: JobSpec, journal: Journal) -> None:
        self._folder = folder
        self._spec = spec
        self._journal = journal
        self._wakeup = Wakeup()
        self._deadline: float | None = None
        self._next_memory_look = 0.0

    def start_clock(self) -> None:
        """Count the job's running time from now."""
        if self._spec.max_runtime_s is not None:
            self._deadline = time.monotonic() + self._spec.max_runtime_s

    def check(self) -> None:
        """Raise Ended when the job must not go on."""
        if self._folder.stop.exists():
            raise Ended("Stopped")
        if self._wakeup.terminated:
            raise Ended("Failed", "InternalServerError", "the job's supervisor was terminated")
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise Ended("MaxRuntimeExceeded")

    def pause(self) -> None:
        """Wait a moment; Ended as in :meth:`check`."""
        self.check()
        self._wakeup.wait(POLL_S)

    def execute(self, command: list[str], environment: Mapping[str, str], folder: Path) -> int:
        """Run a command, its output in the job's log; its return code, negative for a signal.

        Ended when the job was stopped or went over a limit, with all its processes gone.
        """
        self.check()
        marks = {processes.MARKER: str(self._folder.root), "STUDIO_JOB_ID": self._folder.id}
        marked = {**environment, **marks}
        child = processes.start(command, marked, folder, self._journal.log, confined=True)
        try:
            while child.poll() is None:
                self._look(child)
                self._check_memory()
                self.check()
        except Ended as ended:
            self._end(child, ended)
            raise
        finally:
            self.clear()
        return child.returncode

    def clear(self) -> None:
        """Kill what is left of the job's processes."""
        processes.kill_all(lambda: processes.below(os.getpid()))
        self._journal.sample()

    def _look(self, child: subprocess.Popen[bytes]) -> None:
        self._wakeup.wait(POLL_S)
        self._journal.sample()
        processes.reap_others(child.pid)

    def _check_memory(self) -> None:
        limit = self._spec.memory_bytes
        if limit is None or time.monotonic() < self._next_memory_look:
            return
        self._next_memory_look = time.monotonic() + MEMORY_POLL_S
        used = processes.memory(processes.below(os.getpid()), limit)
        if used > limit:
            reason = f"OutOfMemory: the job used {_size(used)}, its memory limit is {_size(limit)}"
            self._journal.say(reason)
            raise Ended("Failed", reason=reason, at_once=True)

    def _end(self, child: subprocess.Popen[bytes], ended: Ended) -> None:
        """SIGTERM, the grace period, SIGKILL."""
        if ended.outcome != "Failed":
            self._journal.enter("Stopping")
        patience = time.monotonic() + (0 if ended.at_once else self._spec.stop_grace_s)
        processes.send(child.pid, signal.SIGTERM, group=True)
        while child.poll() is None and time.monotonic() < patience:
            self._look(child)
        if child.poll() is None:
            processes.send(child.pid, signal.SIGKILL, group=True)
            child.wait()


def _size(count: int) -> str:
    return f"{count / (1 << 20):.0f} MiB"
