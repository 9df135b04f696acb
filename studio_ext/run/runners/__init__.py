"""Runners: ways to run a job that keep one contract."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from studio_ext.run.contract import JobSpec, JobStatus
from studio_ext.run.logs import LogLine


class Runner(Protocol):
    """What controllers ask of a runner. Every call may be repeated, and is by job id."""

    def launch(self, spec: JobSpec) -> None:
        """Start a job; nothing when it was started before."""

    def observe(self, job_id: str) -> JobStatus | None:
        """What is known of a job; None when it was never started."""

    def stop(self, job_id: str) -> None:
        """Ask a job to end; it has its grace period to do so."""

    def tidy(self, job_id: str) -> None:
        """Drop what a job that has ended needs no more; its log and results stay."""

    def remove(self, job_id: str) -> None:
        """Forget a job that has ended, with its files."""

    def log_path(self, job_id: str) -> Path:
        """The file with the job's output."""

    def read_log(self, job_id: str, offset: int = 0, limit: int = 10_000) -> list[LogLine]:
        """Lines of the job's output from a byte offset that an earlier line's ``end`` gave."""

    def tail_log(self, job_id: str, count: int) -> list[LogLine]:
        """The last lines of the job's output."""

    def log_offset(self, job_id: str, timestamp_ms: int) -> int:
        """The offset of the first line written at a time or later."""
