"""The supervisor of one model server instance, a process that outlives the control plane.

It holds the instance's lock for life, prepares the files, keeps the workers running, and notes
in ``status.json`` how things are. A worker that spends more than the invocation timeout on one
request is killed and started again; the gateway gives up on it at the same time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...files import suppress_full, write_json
from ...run import environments, inputs, processes
from ...run.contract import ML
from ...run.logs import Indexer
from ...seen import lines
from . import prepare
from .settings import Folder, Settings
from .workers import Command, WorkerProcess

POLL_S = 0.2
STARTING_POLL_S = 0.02
START_FAILURES = 3


class Stopped(Exception):
    """SIGTERM came."""


class StartFailed(Exception):
    """The model cannot be served; the text is the endpoint's failure reason."""


class Supervisor:
    """Takes one instance from ``instance.json`` to serving, until SIGTERM."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.settings: Settings = folder.settings()
        self.workers: list[WorkerProcess] = []
        self._status: dict[str, Any] = {}
        self._state = "Starting"
        self._started = time.time()
        self._terminated = False
        self._log = os.open(
            folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        self._indexer = Indexer(folder.log, folder.index)
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        for ignored in (signal.SIGINT, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)

    def _terminate(self, *_: object) -> None:
        self._terminated = True

    def run(self) -> int:
        """Serve until SIGTERM (0), or fail (1)."""
        self._publish("Starting")
        processes.adopt_orphans()
        # What an earlier supervisor's workers started would still hold files and memory.
        processes.kill_all(lambda: processes.marked(self.folder.root))
        try:
            self._prepare()
            self._start()
            self._publish("InService")
            self._keep()
        except Stopped:
            return self._finish("Stopped", None)
        except StartFailed as error:
            return self._finish("Failed", str(error))
        except (inputs.InputError, environments.InstallError, OSError) as error:
            self._say(str(error))
            return self._finish("Failed", str(error))
        except Exception as error:
            self._say(traceback.format_exc())
            return self._finish("Failed", f"{type(error).__name__}: {error}")
        return self._finish("Stopped", None)

    def _prepare(self) -> None:
        prepare.files(self.folder, self.settings, self._check)
        base = prepare.enter(self.folder, self._say)
        code = prepare.code_folder(self.folder, base)
        layer = prepare.python(self.folder, self.settings, code, self._execute, self._pause)
        if base == ML:  # else this process has no view of its own, and would hide it from all
            prepare.hide(self.folder, self.settings)
        environment = prepare.variables(self.folder, self.settings, base, code, layer.bins)
        command = Command(
            python=str(self.folder.layer / "bin" / "python"),
            framework=self.settings.framework,
            model_dir=f"{base}/model",
            environment=environment,
            folder=Path(code or f"{base}/model"),
            log=self._log,
            timeout_s=self.settings.invocation_timeout_s,
            startup_s=self.settings.startup_timeout_s,
        )
        self.workers = [
            WorkerProcess(command, self.settings.socket(n), self.folder.root / f"worker-{n}.beat")
            for n in range(self.settings.workers)
        ]

    def _start(self) -> None:
        """Until every worker is ready; a model that fails to load fails the instance."""
        self._say(f"Loading the model (workers: {len(self.workers)})")
        while not all(worker.ready for worker in self.workers):
            self._step(STARTING_POLL_S)
            failed = [worker for worker in self.workers if worker.failure]
            if sum(worker.failures for worker in failed) >= START_FAILURES:
                raise StartFailed(failed[-1].failure)
        self._say(f"In service after {time.time() - self._started:.1f} s")

    def _keep(self) -> None:
        while True:
            self._step(POLL_S)
            self._publish("InService")

    def _step(self, seconds: float) -> None:
        self._check()
        for worker in self.workers:
            worker.step()
        self._reap()
        self._wait(seconds)
        self._indexer.sample()

    def _reap(self) -> None:
        """Collect ended orphans that workers left; the workers themselves see to their own."""
        own = {worker.pid for worker in self.workers}
        with contextlib.suppress(ChildProcessError):
            while (
                ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            ) is not None:
                if ended.si_pid in own:
                    return
                os.waitpid(ended.si_pid, 0)

    def _check(self) -> None:
        if self._terminated:
            raise Stopped

    def _wait(self, seconds: float) -> None:
        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 4096)

    def _pause(self) -> None:
        self._check()
        self._wait(POLL_S)

    def _execute(self, command: list[str], environment: Mapping[str, str], folder: Path) -> int:
        """Run an installation to its end, its output in the log."""
        marked = {**environment, processes.MARKER: str(self.folder.root)}
        child = processes.start(command, marked, folder, self._log, confined=True)
        while (returned := child.poll()) is None:
            try:
                self._pause()
            except Stopped:
                processes.send(child.pid, signal.SIGKILL, group=True)
                child.wait()
                raise
            self._indexer.sample()
        return returned

    def _finish(self, state: str, reason: str | None) -> int:
        for worker in self.workers:
            worker.terminate()
        patience = time.monotonic() + (self.settings.invocation_timeout_s if not reason else 0)
        while time.monotonic() < patience and not all(w.has_ended() for w in self.workers):
            self._wait(0.05)
        processes.kill_all(lambda: processes.below(os.getpid()))
        for worker in self.workers:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(worker.socket)
        self._indexer.sample()
        self._publish(state, reason)
        return 1 if state == "Failed" else 0

    def _publish(self, state: str, reason: str | None = None) -> None:
        status = {
            "pid": os.getpid(),
            "state": state,
            "reason": reason,
            "workers": [
                {"socket": w.socket, "pid": w.pid, "ready": w.ready}
                for w in self.workers
                if state in ("Starting", "InService")
            ],
            "started": self._started,
            "restarts": sum(max(0, worker.starts - 1) for worker in self.workers),
        }
        if status != self._status:
            # What a full disk does not take is said again at the next step.
            with suppress_full(self.folder.status.exists()):
                write_json(self.folder.status, status)
                self._note(f"instance {self.settings.id}: {state}", reason=reason)
                self._status = status

    def _note(self, text: str, **fields: Any) -> None:
        """Add to the supervisor's own log, which users do not see."""
        about = {"instance": self.settings.id, "endpoint": self.settings.endpoint}
        request = {"request_id": self.settings.request_id, "pid": os.getpid()}
        known = {name: value for name, value in fields.items() if value is not None}
        lines.event(self.folder.journal, "studio.modelserver", text, **about, **request, **known)

    def _say(self, text: str) -> None:
        with suppress_full():
            os.write(self._log, f"{text.rstrip()}\n".encode())


def lock(folder: Folder) -> int | None:
    """Take the instance's lock for life; None when another supervisor has it."""
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def main(root: str) -> int:
    """Supervise the instance in a folder; 0 at once when that is being done already."""
    folder = Folder(Path(root).absolute())
    if lock(folder) is None:
        print(f"{root} is being served already", file=sys.stderr)
        return 0
    return Supervisor(folder).run()
