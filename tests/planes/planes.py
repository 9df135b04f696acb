"""Control planes as users start them, several on one database, and work that shows who did it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from leftovers import end_all_of
from studio_process import STUDIO, free_port, wait_for

from studio_ext.files import read_json
from studio_ext.notebook import session

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::000000000000:role/StudioExecutionRole"
BUCKET = "work"
CORES = 2
LINES = 30
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
#: Notes its start, its end and the control plane that launched it where the test can see them.
JOB = """
echo "$TRAINING_JOB_NAME $AWS_ENDPOINT_URL start $(date +%s.%N)" >> "$1"
for n in $(seq "$2"); do echo "line $n"; done
sleep "$3"
echo made > "${SM_MODEL_DIR:-/opt/ml/model}/made"
echo "$TRAINING_JOB_NAME $AWS_ENDPOINT_URL end $(date +%s.%N)" >> "$1"
"""
MODEL = """
def model_fn(model_dir):
    return None
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return data
def output_fn(prediction, accept):
    return prediction, "text/plain"
"""


class Plane:
    """``studio serve --share`` on a home, with a port that it keeps."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {"STUDIO_MAX_CORES": str(CORES), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    def start(self) -> Plane:
        """Start it; returns once it serves."""
        self.home.mkdir(exist_ok=True)
        output = self.home / f"plane-{self.port}.out"
        command = [str(STUDIO), "serve", "--share", "--home", str(self.home)]
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                env={**os.environ, **self._settings},
                stdout=file,
                stderr=file,
            )
        process = self._process

        def serves() -> bool:
            assert process.poll() is None, output.read_text()[-4000:]
            return "Studio serves" in output.read_text()

        wait_for(serves, "the plane")
        return self

    def kill(self) -> None:
        """kill -9."""
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def clean_up(self) -> None:
        """End it, and what it left running."""
        self.end(signal.SIGKILL)
        end_all_of(self.home)

    def client(self, service: str, **config: Any) -> Any:
        """A client of this very plane; of the gateway of its home for the runtime."""
        if config:
            return self._client(service, **config)
        if service not in self._clients:
            self._clients[service] = self._client(service)
        return self._clients[service]

    def _client(self, service: str, **config: Any) -> Any:
        keys = read_json(self.home / "credentials.json") or {}
        url = self.url
        if service == "sagemaker-runtime":
            found = session.connection(self.home, environ={})
            url = found["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"]
        return boto3.session.Session().client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            config=ClientConfig(s3={"addressing_style": "path"}, **config),
        )


class Work:
    """Jobs and an endpoint; ``notes`` tells what the jobs' processes say of themselves."""

    def __init__(self, folder: Path) -> None:
        self._notes = folder / "notes"
        self._notes.touch()
        self._script = folder / "job.sh"
        self._script.write_text(JOB)

    def train(self, plane: Plane, name: str, seconds: float = 0.2) -> None:
        """Have a plane take a job."""
        script = ["/bin/sh", str(self._script), str(self._notes), str(LINES), str(seconds)]
        plane.client("sagemaker").create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": SKLEARN,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": script,
            },
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
            ResourceConfig={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 300},
        )

    def notes(self, what: str) -> list[tuple[str, str, float]]:
        """(job, URL of the plane that launched it, time) of each "start" or "end"."""
        lines = [line.split() for line in self._notes.read_text().splitlines()]
        return [(name, url, float(at)) for name, url, kind, at in lines if kind == what]

    def most_at_once(self, url: str = "") -> int:
        """How many jobs ran at the same time at most (of those that one plane launched)."""
        steps = [
            (at, change)
            for what, change in (("start", 1), ("end", -1))
            for _, by, at in self.notes(what)
            if not url or by == url
        ]
        running = most = 0
        for _, change in sorted(steps):
            running += change
            most = max(most, running)
        return most


class Calls(threading.Thread):
    """Invokes an endpoint again and again; ``failures`` are what went wrong."""

    def __init__(self, plane: Plane, name: str) -> None:
        super().__init__(daemon=True)
        self._client = plane.client("sagemaker-runtime")
        self._name = name
        self._stopping = threading.Event()
        self.answers = 0
        self.failures: list[Exception] = []

    def run(self) -> None:
        while not self._stopping.wait(0.05):
            try:
                body = self._client.invoke_endpoint(
                    EndpointName=self._name, Body=b"hello", ContentType="text/plain"
                )["Body"].read()
                assert body == b"hello"
                self.answers += 1
            except (ClientError, BotoCoreError, AssertionError) as error:
                self.failures.append(error)

    def stop(self) -> None:
        """End, and say whether all went well."""
        self._stopping.set()
        self.join()
        assert not self.failures, self.failures[:3]
        assert self.answers


def deploy(plane: Plane, name: str) -> None:
    """An endpoint that answers what it is given; returns once it serves."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(MODEL)
        tar.addfile(member, io.BytesIO(MODEL.encode()))
    plane.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=packed.getvalue())
    sagemaker = plane.client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": SKLEARN,
            "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
            },
        },
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": name,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def serves() -> bool:
        found = sagemaker.describe_endpoint(EndpointName=name)
        assert found["EndpointStatus"] != "Failed", found["FailureReason"]
        return bool(found["EndpointStatus"] == "InService")

    wait_for(serves, "the endpoint")


def ended(plane: Plane, names: list[str], timeout_s: float = 120.0) -> dict[str, str]:
    """The statuses of jobs, once all have ended."""
    sagemaker = plane.client("sagemaker")

    def look() -> bool:
        time.sleep(0.5)
        return not any(
            sagemaker.list_training_jobs(StatusEquals=status)["TrainingJobSummaries"]
            for status in ("InProgress", "Stopping")
        )

    wait_for(look, "the end of all jobs", timeout_s)
    listed = sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
    found = {job["TrainingJobName"]: job["TrainingJobStatus"] for job in listed}
    return {name: found[name] for name in names}


def log_of(plane: Plane, name: str) -> list[str]:
    """What a job printed, as a plane tells it."""
    logs = plane.client("logs")
    [stream] = logs.describe_log_streams(
        logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    answer = logs.get_log_events(
        logGroupName=TRAINING_LOGS, logStreamName=stream["logStreamName"], startFromHead=True
    )
    return [event["message"] for event in answer["events"]]


def artifact_of(plane: Plane, name: str) -> dict[str, bytes]:
    """The files of a job's model, by name."""
    job = plane.client("sagemaker").describe_training_job(TrainingJobName=name)
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    body = plane.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name.removeprefix("./"): file.read() for name, file in files.items() if file}
