"""What a supervisor notes of its job: ``status.json``, the job's log, and its own ``shim.log``."""

from __future__ import annotations

import os
import time
from dataclasses import replace

from studio_ext.files import FULL, suppress_full, write_json
from studio_ext.run.contract import JobStatus, Transition
from studio_ext.run.layout import JobFolder
from studio_ext.run.logs import Indexer
from studio_ext.seen import lines

DISK_POLL_S = 0.5
MESSAGES = {
    "Starting": "Preparing the job",
    "Downloading": "Downloading input data",
    "Training": "Training in progress",
    "Stopping": "Stopping the job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job reached its time limit",
    "Failed": "Training job failed",
}


class Journal:
    """Keeps the status and the log of one job; every change is on disk before it returns."""

    def __init__(self, folder: JobFolder, request_id: str = "") -> None:
        self._path = folder.status
        self._own = folder.root / "shim.log"
        self._about = {"job": folder.id, "request_id": request_id, "pid": os.getpid()}
        self.status = JobStatus("Starting", [], os.getpid())
        self.log = os.open(folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._indexer = Indexer(folder.log, folder.index)

    @property
    def log_size(self) -> int:
        """Bytes in the log."""
        return os.fstat(self.log).st_size

    def enter(self, status: str) -> None:
        """Begin a phase; Stopping is no phase of its own, it goes on within the present one."""
        now = time.time()
        phase = self.status.phase if status == "Stopping" else status
        self._save(
            replace(
                self.status,
                phase=phase,
                stopping=self.status.stopping or status == "Stopping",
                transitions=[*self._past(now), Transition(status, now, None, MESSAGES[status])],
            )
        )
        lines.event(self._own, "studio.shim", f"job {self._about['job']}: {status}", **self._about)

    def finish(self, result: JobStatus) -> None:
        """Note the outcome that ``result`` has."""
        now = time.time()
        message = result.failure_reason or MESSAGES[str(result.outcome)]
        last = Transition(str(result.outcome), now, now, message)
        self._save_patiently(
            replace(
                result,
                phase="Done",
                stopping=self.status.stopping,
                transitions=[*self._past(now), last],
            )
        )
        text = f"job {self._about['job']}: {result.outcome}, exit code {result.exit_code}"
        lines.event(self._own, "studio.shim", text, **self._about)

    def say(self, text: str) -> None:
        """Add a line to the log, if there is room for it."""
        with suppress_full():
            os.write(self.log, f"{text}\n".encode())
        self.sample()

    def sample(self) -> None:
        """Date what was added to the log."""
        self._indexer.sample()

    def _past(self, now: float) -> list[Transition]:
        return [replace(item, end=item.end or now) for item in self.status.transitions]

    def _save(self, status: JobStatus) -> None:
        """A full disk does not end a job: what cannot be noted now is in the next note as well.

        The first note is an exception; without it nobody would know that the job runs.
        """
        self.status = status
        with suppress_full(self._path.exists()):
            write_json(self._path, status.to_json())

    def _save_patiently(self, status: JobStatus) -> None:
        """The outcome waits for room: a job whose supervisor goes without a word has failed."""
        while True:
            try:
                write_json(self._path, status.to_json())
                return
            except OSError as error:
                if error.errno not in FULL:
                    raise
            time.sleep(DISK_POLL_S)
