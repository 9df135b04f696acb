"""Describe, List of 100 and Create, against moto's server: CPU of the server per call, and p99.

Both servers hold the same number of training jobs (100,000 by default) and are asked the same by
boto3, by turns. Create makes jobs that wait in the queue behind one that sleeps, so no script runs
meanwhile; the queue they make is part of what is measured. moto only notes them.

``python -m benchmarks.api [--jobs 100000] [--calls 300] [--rounds 3]``
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio_ext.config import Config
from studio_ext.store import Store

from . import peers, seeding
from .measure import Claim, cpu_seconds, free_port, listening, percentile, process, report
from .studios import Server, new_home, serving

AIM = 0.5
LIST = 100


@contextlib.contextmanager
def moto(jobs: int) -> Iterator[Server]:
    """moto's server with so many training jobs."""
    port = free_port()
    script = Path(__file__).with_name("moto_server.py")
    command = [peers.python_of("moto"), script, str(port), str(jobs)]
    with process(command, listening(port)) as started:
        yield Server(started.pid, f"http://127.0.0.1:{port}")


def request(bucket: str, name: str, role: str = "arn:aws:iam::000000000000:role/R") -> dict:
    """A CreateTrainingJob request, as an estimator makes it."""
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": seeding.IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{bucket}/code.tar.gz"',
            "max_depth": "5",
        },
        "Tags": [{"Key": "team", "Value": "fraud"}],
    }


def archive(script: str) -> bytes:
    """A sourcedir.tar.gz with one script, ``train.py``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("train.py")
        member.size = len(script.encode())
        tar.addfile(member, io.BytesIO(script.encode()))
    return buffer.getvalue()


class Side:
    """One server under load: CPU per call, and the time of each."""

    def __init__(self, server: Server, bucket: str, jobs: int) -> None:
        self.pid = server.pid
        self.bucket = bucket
        self.jobs = jobs
        self.sagemaker = server.client("sagemaker")
        session = self.sagemaker._endpoint.http_session
        session.send = self._timed(session.send)
        self.cpu: dict[str, list[float]] = {}
        self.times: dict[str, list[float]] = {}
        self._answers: list[float] = []
        self._created = 0

    def _timed(self, send: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Times the exchange alone: what boto3 does before and after is on neither side's bill."""

        def timed(request: Any) -> Any:
            started = time.perf_counter()
            answer = send(request)
            self._answers.append(time.perf_counter() - started)
            return answer

        return timed

    def describe(self, number: int) -> None:
        """One of the jobs."""
        name = seeding.job_name(1 + number * 7919 % self.jobs)
        self.sagemaker.describe_training_job(TrainingJobName=name)

    def list(self, number: int) -> None:
        """A page, the first or one further on."""
        answer = self.sagemaker.list_training_jobs(MaxResults=LIST)
        assert len(answer["TrainingJobSummaries"]) == min(LIST, self.jobs), number

    def create(self, _number: int) -> None:
        """A job that will wait."""
        self._created += 1
        self.sagemaker.create_training_job(**request(self.bucket, f"new-{self._created}"))

    def run(self, what: str, calls: int) -> None:
        """A round of calls."""
        call: Callable[[int], None] = getattr(self, what)
        call(0)
        self._answers = self.times.setdefault(what, [])
        before = cpu_seconds(self.pid)
        for number in range(calls):
            call(number)
        self.cpu.setdefault(what, []).append((cpu_seconds(self.pid) - before) / calls)


def prepare(server: Server) -> str:
    """A bucket with a script that sleeps, running, on the machine's only core for jobs."""
    bucket = "benchmark"
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.tar.gz", Body=archive("import time; time.sleep(3600)"))
    sagemaker.create_training_job(**request(bucket, "sleeper"))
    while True:
        found = sagemaker.describe_training_job(TrainingJobName="sleeper")
        if found["SecondaryStatus"] == "Training":
            return bucket
        assert found["TrainingJobStatus"] == "InProgress", found
        time.sleep(0.1)


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    peers.python_of("moto")
    with new_home() as home:
        store = Store(Config(home=str(home)))
        seeding.seed_jobs(store, options.jobs)
        store.close()
        with serving(home, {"STUDIO_MAX_CORES": "1"}) as ours, moto(options.jobs) as theirs:
            sides = [
                Side(ours, prepare(ours), options.jobs),
                Side(theirs, "benchmark", options.jobs),
            ]
            for _ in range(options.rounds):
                for what in ("describe", "list", "create"):
                    for side in sides:
                        side.run(what, options.calls)
    return report(list(claims(*sides)))


def claims(ours: Any, theirs: Any) -> Iterator[Claim]:
    """CPU (median of the rounds) and p99 of each call, in milliseconds."""
    for what in ours.cpu:
        cpu = [statistics.median(side.cpu[what]) * 1000 for side in (ours, theirs)]
        late = [percentile(side.times[what], 99) * 1000 for side in (ours, theirs)]
        yield Claim(f"{what}: CPU per call", *cpu, AIM)
        yield Claim(f"{what}: p99", *late, AIM)


if __name__ == "__main__":
    sys.exit(main())
