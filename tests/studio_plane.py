"""A whole Studio in this process, on a home of its own, with real clients."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import tarfile
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config as ClientConfig

from studio_ext.config import Config
from studio_ext.hosting.gateway import client as gateway
from studio_ext.plane import ControlPlane
from studio_ext.store.credentials import Credential

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
TIMEOUT_S = 60.0


def wait_for(check: Callable[[], Any], timeout_s: float = TIMEOUT_S, why: Any = None) -> Any:
    """The first true value of ``check``."""
    end = time.monotonic() + timeout_s
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, f"waited {timeout_s} s in vain: {why() if why else ''}"
        time.sleep(0.05)


def archive(files: dict[str, str | bytes]) -> bytes:
    """A tar.gz of texts and bytes by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else textwrap.dedent(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """Files of a tar.gz by name."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {m.name.removeprefix("./"): tar.extractfile(m) for m in tar if m.isfile()}
        return {name: file.read() for name, file in found.items() if file}


@dataclass
class Studio:
    """A running control plane, clients of it, and shorthand for what tests do often."""

    plane: ControlPlane
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        return self.plane.config

    @property
    def bucket(self) -> str:
        return self.config.default_bucket

    def client(self, service: str, credential: Credential | None = None, url: str = "") -> Any:
        """A boto3 client that does not retry."""
        key = credential or self.plane.credential
        return boto3.client(
            service,
            endpoint_url=url or self.plane.url,
            region_name=self.config.region,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            aws_session_token=key.session_token,
            config=ClientConfig(retries={"max_attempts": 0}, max_pool_connections=20),
        )

    def __getattr__(self, service: str) -> Any:
        """``studio.sagemaker``, ``studio.s3``, ``studio.logs``..."""
        if service.startswith("_"):
            raise AttributeError(service)
        name = {"runtime": "sagemaker-runtime"}.get(service, service)
        if name not in self._clients:
            self._clients[name] = self.client(name)
        return self._clients[name]

    def put(self, key: str, data: bytes | str) -> str:
        """Store an object in the default bucket; its URI."""
        body = data.encode() if isinstance(data, str) else data
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        """The bytes of an object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def request(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        """A CreateTrainingJob request that runs a script; ``files`` are put beside it."""
        files = {"train.py": script, **changes.pop("files", {})}
        parameters = changes.pop("hyperparameters", {})
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": self.config.role_arn,
            "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": {
                "sagemaker_program": json.dumps("train.py"),
                "sagemaker_submit_directory": json.dumps(
                    self.put(f"code/{name}.tar.gz", archive(files))
                ),
                **{key: json.dumps(value) for key, value in parameters.items()},
            },
            **changes,
        }
        return {k: v for k, v in request.items() if v is not None}

    def job(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        """Create a training job of :meth:`request`, which is returned."""
        request = self.request(name, script, **changes)
        self.sagemaker.create_training_job(**request)
        return request

    def describe(self, job: str) -> dict[str, Any]:
        """DescribeTrainingJob."""
        answer: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=job)
        return answer

    def until(self, job: str, *statuses: str) -> dict[str, Any]:
        """Wait until a job has one of some statuses, primary or secondary."""

        def reached() -> dict[str, Any] | None:
            found = self.describe(job)
            both = {found["TrainingJobStatus"], found["SecondaryStatus"]}
            return found if both & set(statuses) else None

        found: dict[str, Any] = wait_for(reached, why=lambda: (self.describe(job), self.log(job)))
        return found

    def ended(self, job: str) -> dict[str, Any]:
        """Wait for the end of a job."""
        return self.until(job, "Completed", "Failed", "Stopped")

    def run(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        """Run a job to its end."""
        self.job(name, script, **changes)
        return self.ended(name)

    def last_word(self, job: dict[str, Any]) -> str:
        """The text that goes with the last status of a job."""
        return str(job["SecondaryStatusTransitions"][-1]["StatusMessage"])

    def job_id(self, job: str) -> str:
        """The runner's id of a job."""
        found = self.plane.store.resources.get("training-job", "000000000000", job)
        assert found is not None
        return f"training-{found.id}"

    def log(self, job: str) -> str:
        """What a job printed."""
        return "\n".join(line.text for line in self.plane.world.runner.read_log(self.job_id(job)))

    def endpoint(self, name: str) -> dict[str, Any]:
        """DescribeEndpoint."""
        answer: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return answer

    def serving(self, name: str, status: str = "InService") -> dict[str, Any]:
        """Wait until an endpoint has a status."""

        def reached() -> dict[str, Any] | None:
            found = self.endpoint(name)
            assert found["EndpointStatus"] in (status, "Creating", "Updating"), found
            return found if found["EndpointStatus"] == status else None

        found: dict[str, Any] = wait_for(reached, why=lambda: self.endpoint(name))
        return found


def new_home() -> Path:
    """A folder with a path short enough for sockets below it."""
    return Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))


def open_studio(home: Path, **settings: Any) -> Studio:
    """Start a control plane on a home, with the default bucket."""
    studio = Studio(ControlPlane(Config(home=str(home), **settings)))
    studio.plane.start()
    buckets = [b["Name"] for b in studio.s3.list_buckets()["Buckets"]]
    if studio.bucket not in buckets:
        studio.s3.create_bucket(Bucket=studio.bucket)
    return studio


@contextmanager
def running_studio(**settings: Any) -> Iterator[Studio]:
    """A Studio on a new home; afterwards no process and no file of it is left."""
    home = new_home()
    try:
        studio = open_studio(home, **settings)
        yield studio
        studio.plane.stop()
    finally:
        clean_up(home)


def clean_up(home: Path) -> None:
    """End every process of a home, then delete it."""
    config = Config(home=str(home))
    found = gateway.info(config) if config.run_dir.exists() else None
    pids = [found.pid] if found else []
    for status in [*home.glob("jobs/*/status.json"), *home.glob("endpoints/*/status.json")]:
        document = json.loads(status.read_text())
        if document.get("phase") != "Done":
            pids.append(document["pid"])
    for pid in pids:
        _kill(pid, home)
    shutil.rmtree(config.socket_dir, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _kill(pid: int, home: Path) -> None:
    try:
        process = psutil.Process(pid)
        if any(str(home) in part for part in process.cmdline()):
            os.kill(pid, signal.SIGKILL)
            process.wait(60)
    except psutil.NoSuchProcess:
        pass
