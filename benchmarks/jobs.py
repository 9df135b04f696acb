"""What a training job costs over ``python train.py``: time to its first line, CPU, throughput.

The script imports pandas and scikit-learn and fits a small model, as a first job does; ``--tiny``
only prints, which shows the overhead itself. Environments are warm on both sides.

``python -m benchmarks.jobs [--jobs 20] [--rounds 5] [--tiny]``
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .api import archive, request
from .measure import Claim, Cost, cpu_seconds, report
from .studios import Server, new_home, processes_of, serving

PR_SET_CHILD_SUBREAPER = 36
TINY = """
import time
print("first line", time.time(), flush=True)
"""
FIT = """
import time
print("first line", time.time(), flush=True)
import numpy, pandas
from sklearn.linear_model import LogisticRegression
frame = pandas.DataFrame(numpy.random.default_rng(0).normal(size=(20_000, 10)))
LogisticRegression().fit(frame, frame[0] > 0)
print("done")
"""


def adopt_orphans() -> None:
    """Have supervisors, which leave their server's family, become this process's children.

    What they and their jobs used is then in this process's account of its children.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def ended_children() -> float:
    """CPU of all children that have ended, and of theirs."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bare(script: Path) -> Cost:
    """``python train.py``: its CPU, and the time to its first line."""
    before = ended_children()
    started = time.time()
    command = [sys.executable, str(script)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Cost(ended_children() - before, float(output.split()[2]) - started)


def bare_together(script: Path, count: int, at_once: int) -> Cost:
    """So many bare runs, as many at once as there are places."""
    before, started = ended_children(), time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(count):
        while len(running) >= at_once:
            running = [one for one in running if one.poll() is None]
            time.sleep(0.002)
        running.append(subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL))
    for one in running:
        one.wait()
    wall = time.perf_counter() - started
    return Cost(ended_children() - before, wall)


class Studio:
    """A server that runs jobs of one script."""

    def __init__(self, server: Server, home: Path, script: str) -> None:
        self.pid = server.pid
        self._home = home
        self._sagemaker = server.client("sagemaker")
        self._s3 = server.client("s3")
        self._number = 0
        self._s3.create_bucket(Bucket="benchmark")
        self._s3.put_object(Bucket="benchmark", Key="code.tar.gz", Body=archive(script))
        self._ended(self._create())  # the environment is warm from now on

    def _create(self) -> str:
        self._number += 1
        name = f"job-{self._number}"
        self._sagemaker.create_training_job(**request("benchmark", name))
        return name

    def _ended(self, name: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self._sagemaker.describe_training_job(TrainingJobName=name)
            if found["TrainingJobStatus"] in ("Completed", "Failed"):
                assert found["TrainingJobStatus"] == "Completed", found["FailureReason"]
                return found
            time.sleep(0.2)

    def _settle(self) -> None:
        """Wait until no supervisor is left: then all they used is known."""
        while any("shim.py" in " ".join(one.cmdline()) for one in processes_of(self._home)):
            time.sleep(0.02)

    def _used(self) -> float:
        return cpu_seconds(self.pid) + ended_children()

    def single(self) -> Cost:
        """One job: all CPU it takes here, and the time from the request to its first line."""
        before, started = self._used(), time.time()
        name = self._create()
        time.sleep(1.0)  # no questions meanwhile: they would cost the server CPU, and us time
        self._ended(name)
        self._settle()
        cpu = self._used() - before
        log = max(self._home.glob("jobs/*/log"), key=lambda path: path.stat().st_mtime)
        first = next(line for line in log.read_text().splitlines() if "first line" in line)
        return Cost(cpu, float(first.split()[-1]) - started)

    def together(self, count: int) -> Cost:
        """So many jobs at once."""
        before, started = self._used(), time.time()
        names = [self._create() for _ in range(count)]
        ends = [self._ended(name)["TrainingEndTime"].timestamp() for name in names]
        self._settle()
        return Cost(self._used() - before, max(ends) - started)


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="a script that only prints")
    options = parser.parse_args()
    adopt_orphans()
    text = TINY if options.tiny else FIT
    with new_home() as home, tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        script.write_text(text)
        with serving(home, {"STUDIO_MAX_CORES": "2"}) as server:
            studio = Studio(server, home, text)
            bare(script)
            pairs = [(studio.single(), bare(script)) for _ in range(options.rounds)]
            ours, theirs = (
                Cost(
                    statistics.median(c.cpu for c in side), statistics.median(c.wall for c in side)
                )
                for side in zip(*pairs, strict=True)
            )
            both = studio.together(options.jobs), bare_together(script, options.jobs, 2)
    name = f"{options.jobs} jobs at once, two at a time"
    return report(
        [
            Claim("to the first line (aim in seconds: 0.5)", ours.wall, 1.0, 0.5, "s"),
            Claim("to the first line over the bare script's", ours.wall, theirs.wall, 99, "s"),
            Claim("CPU of a job", ours.cpu, theirs.cpu, 1.3, "s"),
            Claim(f"{name}: wall", both[0].wall, both[1].wall, 1.15, "s"),
            Claim(f"{name}: CPU", both[0].cpu, both[1].cpu, 1.3, "s"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
