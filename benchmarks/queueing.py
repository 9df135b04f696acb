"""Many jobs at once: are the limits kept at every moment, is the queue fair, what does it cost?

One user profile queues all jobs but one, of three instance types; then another queues a single one.
Processes are looked at from outside all the time: what the jobs that have a supervisor may take
together must not exceed the limits. ``python -m benchmarks.queueing [--jobs 200]``
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.config import Config
from studio_ext.store import Store

from .api import archive, request
from .measure import cpu_seconds
from .studios import Server, new_home, processes_of, serving

CORES, MEMORY_GB = 8, 16
TYPES = ("ml.m5.large", "ml.c5.xlarge", "ml.m5.2xlarge")
SCRIPT = "import time; time.sleep(0.1)"
BUCKET = "benchmark"


@dataclass
class Seen:
    """What was seen: the most cores and bytes at one moment, and the order in which jobs began."""

    cores: float = 0.0
    memory: int = 0
    samples: int = 0
    most_at_once: int = 0
    order: list[str] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    server_cpu: float = 0.0


def watch(home: Path, seen: Seen, stopping: threading.Event) -> None:
    """Sum up what the jobs with a living supervisor may take, again and again."""
    known: dict[str, dict[str, Any]] = {}
    while not stopping.is_set():
        folders = set()
        for process in processes_of(home):
            try:
                command = process.cmdline()
            except Exception:  # noqa: S112 (it has just ended)
                continue
            if any(part.endswith("run/shim.py") for part in command):
                folders.add(command[-2])
        for folder in folders - known.keys():
            known[folder] = json.loads(Path(folder, "spec.json").read_text())
            seen.order.append(known[folder]["name"])
        running = [known[folder] for folder in folders if not _is_done(folder)]
        seen.cores = max(seen.cores, sum(spec["cpus"] for spec in running))
        seen.memory = max(seen.memory, sum(spec["memory_bytes"] for spec in running))
        seen.most_at_once = max(seen.most_at_once, len(running))
        seen.samples += 1
        stopping.wait(0.02)


def _is_done(folder: str) -> bool:
    """Whether a job has noted its end: its supervisor lives on for a moment."""
    try:
        return bool(json.loads(Path(folder, "status.json").read_text())["phase"] == "Done")
    except (OSError, ValueError):
        return False


def _users(home: Path, server: Server) -> tuple[Any, Any]:
    """Clients of two user profiles, the default one and another."""
    store = Store(Config(home=str(home)))
    store.accounts.open("default", "ben")
    key = store.credentials.issue("benchmark", user_profile="ben")
    store.close()
    ben = Server(server.pid, server.url, key.access_key_id, key.secret_access_key)
    return server, ben


def _create(server: Server, bucket: str, name: str, instance_type: str, role: str) -> None:
    asked = request(bucket, name, role)
    asked["ResourceConfig"]["InstanceType"] = instance_type
    server.client("sagemaker").create_training_job(**asked)


def run(count: int, timeout_s: float = 1800) -> Seen:
    """Queue ``count`` jobs of one profile, then one of another; returns when all have ended."""
    seen, stopping = Seen(), threading.Event()
    limits = {"STUDIO_MAX_CORES": str(CORES), "STUDIO_MAX_MEMORY_GB": str(MEMORY_GB)}
    with new_home() as home, serving(home, limits) as server:
        ana, ben = _users(home, server)
        for user, bucket in ((ana, BUCKET), (ben, f"{BUCKET}-ben")):
            s3 = user.client("s3")
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key="code.tar.gz", Body=archive(SCRIPT))
        watcher = threading.Thread(target=watch, args=(home, seen, stopping))
        watcher.start()
        cpu, started = cpu_seconds(server.pid), time.perf_counter()
        try:
            role = ana.client("sts").get_caller_identity()["Account"]
            theirs = ben.client("sts").get_caller_identity()["Account"]
            for number in range(count):
                kind = TYPES[number % len(TYPES)]
                _create(ana, BUCKET, f"ana-{number}", kind, f"arn:aws:iam::{role}:role/R")
            _create(ben, f"{BUCKET}-ben", "ben", TYPES[0], f"arn:aws:iam::{theirs}:role/R")
            seen.statuses = _ended(ana, ben, count, timeout_s)
        finally:
            seen.seconds = time.perf_counter() - started
            seen.server_cpu = cpu_seconds(server.pid) - cpu
            stopping.set()
            watcher.join()
    return seen


def _ended(ana: Server, ben: Server, count: int, timeout_s: float) -> dict[str, str]:
    end = time.monotonic() + timeout_s
    while True:
        found = dict(_statuses(ana)) | dict(_statuses(ben))
        if len(found) == count + 1 and not set(found.values()) & {"InProgress", "Stopping"}:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s: {found}")
        time.sleep(1.0)


def _statuses(server: Server) -> Iterator[tuple[str, str]]:
    pages = server.client("sagemaker").get_paginator("list_training_jobs").paginate()
    for page in pages:
        for job in page["TrainingJobSummaries"]:
            yield job["TrainingJobName"], job["TrainingJobStatus"]


def main() -> int:
    """Run and report; the exit status says whether everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    options = parser.parse_args()
    seen = run(options.jobs)
    gigabytes = seen.memory / 2**30
    completed = sum(status == "Completed" for status in seen.statuses.values())
    print(f"completed: {completed} of {options.jobs + 1}, in {seen.seconds:.0f} s")
    print(
        f"at most at once, in {seen.samples} samples: {seen.most_at_once} jobs, "
        f"{seen.cores:g} of {CORES} cores, {gigabytes:.1f} of {MEMORY_GB} GiB"
    )
    print(f"ben's single job, queued last, began as number {seen.order.index('ben') + 1}")
    print(f"CPU of the server for each job: {seen.server_cpu / (options.jobs + 1) * 1000:.0f} ms")
    held = seen.cores <= CORES and gigabytes <= MEMORY_GB and completed == options.jobs + 1
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
