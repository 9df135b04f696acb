"""Jobs as processes of this machine, each under a supervisor that outlives the server."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from studio_ext.files import read_json, write_json
from studio_ext.run import environments, processes, shim
from studio_ext.run.contract import JobSpec, JobStatus
from studio_ext.run.layout import JobFolder
from studio_ext.run.logs import LogLine, LogReader

#: A supervisor that ended before it noted anything has not touched the job: another may.
LAUNCHES = 2
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class ProcessRunner:
    """Runs jobs below ``jobs``, one folder for each; caches environments in ``environments``.

    It keeps nothing in memory: any process may build one over the same folders and go on.
    """

    def __init__(self, jobs: Path, environments: Path) -> None:
        self.jobs = jobs
        self.environments = environments

    def launch(self, spec: JobSpec) -> None:
        """Start a job; nothing when it was started before. OSError when that is impossible."""
        folder = self._folder(spec.id)
        if folder.status.exists():
            return
        folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(folder.spec, spec.to_json())
        arguments = [shim.__file__, str(folder.root), str(self.environments)]
        command = [sys.executable, "-I", "-S", *arguments]
        full = False
        for _ in range(LAUNCHES):
            with open(folder.root / "shim.log", "ab") as log:
                # It forks and returns at once, with the supervisor in charge and nobody's child.
                subprocess.run(
                    command,
                    env=environments.scrubbed(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    check=False,
                )
            if folder.status.exists():
                return
            full = full or folder.is_full()  # asked at once: it may not be for long
        reason = (folder.root / "shim.log").read_text(errors="replace")[-1000:]
        if full:
            reason = f"the disk is full. {reason}"
        raise OSError(f"the supervisor of job {spec.id} did not start: {reason or 'it was killed'}")

    def observe(self, job_id: str) -> JobStatus | None:
        """What is known of a job; None when it was never started.

        A supervisor that was killed leaves processes: they are killed here, and ``alive`` is
        false with a phase that is not Done.
        """
        folder = self._folder(job_id)
        alive = folder.is_locked()
        # Read after asking for the lock: a job that ended in between shows as Done.
        data = read_json(folder.status)
        if data is None:
            return None
        status = JobStatus.from_json(data, alive)
        if not alive and status.phase != "Done":
            processes.kill_all(lambda: processes.marked(folder.root))
        elif alive and processes.is_stopped(status.pid):
            # Nobody would heed the job's limits, nor note its end.
            self._wake(folder, status.pid, signal.SIGCONT)
        return status

    def stop(self, job_id: str) -> None:
        """Ask a job to end. The mark lasts: it is heeded even by a job not launched yet."""
        folder = self._folder(job_id)
        folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.stop.touch(mode=0o600)  # empty: a full disk takes it as well
        status = self.observe(job_id)
        if status is not None and status.alive and status.phase != "Done":
            self._wake(folder, status.pid, signal.SIGTERM)

    def tidy(self, job_id: str) -> None:
        """Drop what a job that has ended needs no more, if its supervisor was killed before."""
        folder = self._folder(job_id)
        if folder.root.exists() and self._has_ended(folder):
            folder.clean()

    def remove(self, job_id: str) -> None:
        """Delete a job's folder; RuntimeError while it runs."""
        folder = self._folder(job_id)
        if not self._has_ended(folder):
            raise RuntimeError(f"job {job_id} still runs")
        self.observe(job_id)
        shutil.rmtree(folder.tmp, ignore_errors=True)
        shutil.rmtree(folder.root, ignore_errors=True)

    def log_path(self, job_id: str) -> Path:
        """The file with the job's output."""
        return self._folder(job_id).log

    def read_log(self, job_id: str, offset: int = 0, limit: int = 10_000) -> list[LogLine]:
        """At most ``limit`` lines from a byte offset; go on from the last line's ``end``."""
        return self._reader(job_id).read(offset, limit)

    def tail_log(self, job_id: str, count: int) -> list[LogLine]:
        """The last ``count`` lines."""
        return self._reader(job_id).tail(count)

    def log_offset(self, job_id: str, timestamp_ms: int) -> int:
        """The offset of the first line written at ``timestamp_ms`` or later."""
        return self._reader(job_id).offset_at(timestamp_ms)

    def _reader(self, job_id: str) -> LogReader:
        folder = self._folder(job_id)
        return LogReader(folder.log, folder.index, self._has_ended(folder))

    def _folder(self, job_id: str) -> JobFolder:
        if not _ID.fullmatch(job_id):
            raise ValueError(f"{job_id!r} cannot be the id of a job")
        return JobFolder(self.jobs / job_id)

    @staticmethod
    def _has_ended(folder: JobFolder) -> bool:
        """Whether nothing will be added any more. A supervisor lives on a moment after Done."""
        return (read_json(folder.status) or {}).get("phase") == "Done" or not folder.is_locked()

    @staticmethod
    def _wake(folder: JobFolder, pid: int, number: signal.Signals) -> None:
        """Signal a supervisor, if ``pid`` is still that supervisor.

        SIGTERM spares it its next look at the mark to stop.
        """
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return
        if os.fsencode(folder.root) in command:
            processes.send(pid, number)
