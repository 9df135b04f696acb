"""A worker as its supervisor sees it: started, watched, started again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...run import failure, processes
from .beat import FAILED, READY, Beat

_WORKER = Path(__file__).with_name("worker.py")
_BACKOFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_HEALTHY_S = 60.0
#: A worker that somebody stopped (SIGSTOP) for longer than this is replaced.
STOPPED_S = 5.0
_DUMP_S = 1.0  # between asking a stuck worker where it is and killing it


@dataclass(frozen=True)
class Command:
    """How workers are started; ``environment`` is complete, ``log`` an open file."""

    python: str
    framework: str
    model_dir: str
    environment: Mapping[str, str]
    folder: Path
    log: int
    timeout_s: float
    startup_s: float


class WorkerProcess:
    """Keeps one worker running. ``ready`` tells whether its socket answers."""

    def __init__(self, command: Command, socket: str, beat: Path) -> None:
        self.socket = socket
        self.failures = 0  # in a row, none of them followed by a minute of health
        self.failure: str | None = None
        self.starts = 0
        self._command = command
        self._beat_file = beat
        self._beat: Beat | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0
        self._kill_at: float | None = None
        self._stopped_since: float | None = None
        self._was_ready = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def ready(self) -> bool:
        """Whether it takes requests."""
        return self._child is not None and self._beat is not None and self._beat.state == READY

    def step(self) -> None:
        """Look at the worker, and do the next thing that is due."""
        now = time.monotonic()
        if self._child is None:
            if now >= self._due:
                self._try_to_start(now)
            return
        returned = self._child.poll()
        if returned is not None:
            self._ended(returned, now)
            return
        self._watch(now)

    def _try_to_start(self, now: float) -> None:
        try:
            self._start(now)
        except OSError as error:  # no memory, no room on the disk: it may be better soon
            self._again(f"the model's worker process cannot be started: {error}", now)

    def _start(self, now: float) -> None:
        self.starts += 1
        self._beat = Beat(self._beat_file, create=True)
        command = self._command
        argv = [command.python, str(_WORKER), command.framework, command.model_dir, self.socket,
                str(self._beat_file)]  # fmt: skip
        self._child = processes.start(
            argv, command.environment, command.folder, command.log, confined=True
        )
        self._started, self._kill_at, self._was_ready = now, None, False
        self._stopped_since = None

    def _ended(self, returned: int, now: float) -> None:
        beat = self._beat
        if beat is not None and beat.state == FAILED:
            text = beat.text
        else:
            how = failure.killed_by(returned) or f"exit code {failure.exit_code(returned)}"
            text = f"the model's worker process ended: {how}"
        if self._was_ready and now - self._started > _HEALTHY_S:
            self.failures = 0
        self._child = None
        self._again(text, now)

    def _again(self, text: str, now: float) -> None:
        self.failure = text
        self.failures += 1
        self._due = now + _BACKOFF_S[min(self.failures, len(_BACKOFF_S)) - 1]

    def _watch(self, now: float) -> None:
        assert self._child is not None and self._beat is not None
        self._was_ready = self._was_ready or self._beat.state == READY
        if self._kill_at is not None:
            if now >= self._kill_at:
                processes.send(self._child.pid, signal.SIGKILL)
            return
        if self._is_frozen(self._child.pid, now):
            processes.send(self._child.pid, signal.SIGKILL)
            return
        loading = not self._was_ready and now - self._started > self._command.startup_s
        if loading or self._beat.busy_s > self._command.timeout_s:
            # The handler for it prints every thread's stack to the log.
            processes.send(self._child.pid, signal.SIGUSR2)
            self._kill_at = now + _DUMP_S

    def _is_frozen(self, pid: int, now: float) -> bool:
        """Whether it has been stopped for long: requests wait behind one that it never answers."""
        if not processes.is_stopped(pid):
            self._stopped_since = None
            return False
        self._stopped_since = self._stopped_since or now
        return now - self._stopped_since > STOPPED_S

    def terminate(self) -> None:
        """Ask it to finish the request at hand and end."""
        if self._child is not None:
            processes.send(self._child.pid, signal.SIGTERM)

    def has_ended(self) -> bool:
        """Whether no process is left."""
        return self._child is None or self._child.poll() is not None
