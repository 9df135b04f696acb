"""The server is killed or ended in the middle of things, and started again on the same home."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import tarfile
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from boto3_jobs import (
    BUCKET,
    create_model,
    describe,
    ended,
    endpoint_is,
    log,
    messages,
    processing_request,
    put,
    train,
)
from studio_process import Studio, wait_for

from studio_ext import __version__

#: Prints lines until the test opens the gate, and then some more.
COUNTING = """
import itertools, os, time
left = 20
for number in itertools.count():
    print(f"line {number}", flush=True)
    left -= os.path.exists(os.environ["GATE"])
    if not left:
        break
    time.sleep(0.1)
with open(os.path.join(os.environ["SM_MODEL_DIR"], "answer"), "w") as file:
    file.write(f"{number + 1} lines by {os.getpid()}")
print("process", os.getpid(), flush=True)
"""
#: Runs until the test opens the gate.
WAITING = """
import os, time
print("start", flush=True)
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.05)
print("end", flush=True)
"""
#: Leaves something at once, and more once the test opens the gate.
COPYING = """
import os, time
open("/opt/ml/processing/while/first", "w").write("1")
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.05)
open("/opt/ml/processing/while/second", "w").write("2")
open("/opt/ml/processing/end/last", "w").write("3")
open("/opt/ml/output/message", "w").write("both are there")
"""
#: A model that takes a while to load, and answers its own name.
SLOW_MODEL = """
import time
def model_fn(model_dir):
    time.sleep({seconds})
    return "{name}"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return model
def output_fn(prediction, accept):
    return prediction, "text/plain"
"""


def job_log(studio: Studio) -> str:
    """The log file of the only job, which grows while no server runs."""
    return "".join(path.read_text() for path in studio.home.glob("jobs/*/log"))


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    """A folder where jobs look for the file that lets them go on."""
    folder = tmp_path / "gates"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "terminate"])
def test_training_goes_on_without_the_server(own_studio: Studio, gates: Path, number: int) -> None:
    train(own_studio, "counting", COUNTING, Environment={"GATE": str(gates / "open")})
    wait_for(lambda: len(messages(own_studio, "counting", "line")) >= 10, "ten lines")
    own_studio.end(number)
    before = job_log(own_studio).count("line")
    wait_for(lambda: job_log(own_studio).count("line") > before + 20, "lines without a server")
    own_studio.start()
    assert describe(own_studio, "counting")["TrainingJobStatus"] == "InProgress"
    (gates / "open").touch()

    job = ended(own_studio, "counting")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = messages(own_studio, "counting", "line")
    assert lines == [f"line {n}" for n in range(len(lines))]
    times = [event["timestamp"] for event in log(own_studio, "counting", page=7)]
    assert times == sorted(times)
    secondary = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert secondary == ["Starting", "Downloading", "Training", "Uploading", "Completed"]

    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    stored = own_studio.client("s3").get_object(Bucket=BUCKET, Key=key)
    body = stored["Body"].read()
    assert hashlib.md5(body).hexdigest() == stored["ETag"].strip('"')
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        answer = tar.extractfile("answer")
        assert answer is not None
        (process,) = messages(own_studio, "counting", "process")
        assert answer.read().decode() == f"{len(lines)} lines by {process.split()[1]}"


def test_job_that_ends_while_no_server_runs_is_finished(own_studio: Studio, gates: Path) -> None:
    train(own_studio, "alone", WAITING, Environment={"GATE": str(gates / "open")})
    wait_for(lambda: messages(own_studio, "alone", "start"), "the start")
    own_studio.end(signal.SIGKILL)
    (gates / "open").touch()
    (status,) = own_studio.home.glob("jobs/*/status.json")
    wait_for(lambda: json.loads(status.read_text())["phase"] == "Done", "the job's own end")
    own_studio.start()
    job = ended(own_studio, "alone")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/alone/output/model.tar.gz")


def test_processing_goes_on_without_the_server(own_studio: Studio, gates: Path) -> None:
    """What it left continuously, and what comes at its end, is there as if nothing had been."""
    code = put(own_studio, "processing/run.py", COPYING.encode())
    gate = gates / "open"
    request = processing_request("copying", code, Environment={"GATE": str(gate)})
    sagemaker, s3 = own_studio.client("sagemaker"), own_studio.client("s3")
    sagemaker.create_processing_job(**request)

    def stored() -> list[str]:
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix="copied/").get("Contents", [])
        return [each["Key"].removeprefix("copied/") for each in found]

    wait_for(lambda: stored() == ["while/first"], "what is stored while the job runs")
    own_studio.end(signal.SIGKILL)
    gate.touch()
    (status,) = own_studio.home.glob("jobs/*/status.json")
    wait_for(lambda: json.loads(status.read_text())["phase"] == "Done", "the job's own end")
    own_studio.start()

    def described() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName="copying")
        return None if found["ProcessingJobStatus"] == "InProgress" else found

    job = wait_for(described, "the job's end")
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "both are there"
    assert stored() == ["end/last", "while/first", "while/second"]


def test_stop_is_kept_through_a_kill(own_studio: Studio) -> None:
    train(own_studio, "stopped", "print('line', flush=True)\nimport time; time.sleep(600)\n")
    wait_for(lambda: messages(own_studio, "stopped", "line"), "the first line")
    own_studio.client("sagemaker").stop_training_job(TrainingJobName="stopped")
    own_studio.end(signal.SIGKILL)
    own_studio.start()
    job = ended(own_studio, "stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")


def test_queued_jobs_start_in_order_within_the_limit(own_studio: Studio, gates: Path) -> None:
    """Two jobs of one core each run on two cores; a kill in between changes nothing."""
    names = [f"queued-{number}" for number in range(4)]

    def started() -> list[str]:
        found = (messages(own_studio, name, "start") for name in names)
        return [name for name, lines in zip(names, found, strict=True) if lines]

    for name in names:
        train(own_studio, name, WAITING, Environment={"GATE": str(gates / name)})
    wait_for(lambda: started() == names[:2], "the first two")
    wait_for(lambda: describe(own_studio, names[2])["SecondaryStatus"] == "Pending", "the queue")
    own_studio.end(signal.SIGKILL)
    own_studio.start()

    (gates / names[1]).touch()
    wait_for(lambda: started() == names[:3], "the third")
    assert ended(own_studio, names[1])["TrainingJobStatus"] == "Completed"
    assert describe(own_studio, names[3])["SecondaryStatus"] in ("Starting", "Pending")
    for name in names:
        (gates / name).touch()
    jobs = {name: ended(own_studio, name) for name in names}
    assert {job["TrainingJobStatus"] for job in jobs.values()} == {"Completed"}
    for name in names:
        assert messages(own_studio, name, "start") == ["start"], "each ran once"
    assert jobs[names[2]]["TrainingStartTime"] >= jobs[names[1]]["TrainingEndTime"]
    begun = [jobs[name]["TrainingStartTime"] for name in names]
    assert begun[2] <= begun[3] and max(begun[:2]) <= begun[2]


def instances(studio: Studio) -> dict[str, dict[str, Any]]:
    """Status of each model server that has written one."""
    found = {}
    for path in studio.home.glob("endpoints/*/status.json"):
        found[path.parent.name] = json.loads(path.read_text())
    return found


def test_deployment_goes_on_after_a_kill(own_studio: Studio) -> None:
    create_model(own_studio, "slow", SLOW_MODEL.format(seconds=4, name="slow"))
    sagemaker = own_studio.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="asked", EndpointConfigName="slow")
    wait_for(lambda: instances(own_studio), "a model server")
    own_studio.end(signal.SIGKILL)
    before = instances(own_studio)
    assert [status["state"] for status in before.values()] == ["Starting"]
    own_studio.start()
    endpoint_is(own_studio, "asked", "InService")
    after = instances(own_studio)
    assert {i: s["pid"] for i, s in after.items()} == {i: s["pid"] for i, s in before.items()}
    answer = own_studio.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="asked", ContentType="text/plain", Body=b"who?"
    )
    assert answer["Body"].read() == b"slow"


class Asking:
    """A client that asks an endpoint all the time, and tries nothing twice."""

    def __init__(self, studio: Studio, endpoint: str) -> None:
        self._client = studio.client("sagemaker-runtime", retries={"total_max_attempts": 1})
        self._endpoint = endpoint
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers: list[str] = []
        self.errors: list[Exception] = []

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._end.is_set():
            try:
                answer = self._client.invoke_endpoint(
                    EndpointName=self._endpoint, ContentType="text/plain", Body=b"who?"
                )
                self.answers.append(answer["Body"].read().decode())
            except Exception as error:
                self.errors.append(error)
            self._end.wait(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "terminate"])
def test_update_goes_on_and_no_request_fails(own_studio: Studio, number: int) -> None:
    create_model(own_studio, "old", SLOW_MODEL.format(seconds=0, name="old"))
    create_model(own_studio, "new", SLOW_MODEL.format(seconds=4, name="new"))
    sagemaker = own_studio.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="asked", EndpointConfigName="old")
    endpoint_is(own_studio, "asked", "InService")
    (old,) = instances(own_studio).values()

    with Asking(own_studio, "asked") as client:
        wait_for(lambda: len(client.answers) > 5, "the first answers")
        sagemaker.update_endpoint(EndpointName="asked", EndpointConfigName="new")
        wait_for(lambda: len(instances(own_studio)) == 2, "the new model server")
        own_studio.end(number)
        count = len(client.answers)
        wait_for(lambda: len(client.answers) > count + 20, "answers while no server runs")
        own_studio.start()
        endpoint_is(own_studio, "asked", "InService")
        wait_for(lambda: client.answers[-1] == "new", "an answer of the new model")
        wait_for(lambda: not psutil.pid_exists(old["pid"]), "the end of the old model server")
        count = len(client.answers)
        wait_for(lambda: len(client.answers) > count + 20, "answers afterwards")

    assert client.errors == []
    switched = client.answers.index("new")
    assert set(client.answers[:switched]) == {"old"}
    assert set(client.answers[switched:]) == {"new"}
    found = sagemaker.describe_endpoint(EndpointName="asked")
    assert found["EndpointConfigName"] == "new"


def test_another_version_replaces_the_gateway_and_the_model_servers(own_studio: Studio) -> None:
    create_model(own_studio, "kept", SLOW_MODEL.format(seconds=1, name="kept"))
    own_studio.client("sagemaker").create_endpoint(EndpointName="asked", EndpointConfigName="kept")
    endpoint_is(own_studio, "asked", "InService")
    (before,) = instances(own_studio).values()
    own_studio.end(signal.SIGKILL)
    gateway = own_studio.home / "run" / "gateway.json"
    old = json.loads(gateway.read_text())
    for path in [gateway, *own_studio.home.glob("endpoints/*/instance.json")]:
        path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.1"}))

    def renewed() -> bool:
        found = list(instances(own_studio).values())
        return [s["state"] for s in found] == ["InService"] and found[0]["pid"] != before["pid"]

    with Asking(own_studio, "asked") as client:
        wait_for(lambda: len(client.answers) > 5, "the first answers")
        own_studio.start()
        wait_for(renewed, "a model server of this version")
        new = json.loads(gateway.read_text())
        assert (new["version"], new["port"]) == (__version__, old["port"])
        assert new["pid"] != old["pid"]
        count = len(client.answers)
        wait_for(lambda: len(client.answers) > count + 20, "answers afterwards")
        pid = instances(own_studio).popitem()[1]["pid"]
    endpoint_is(own_studio, "asked", "InService")
    assert not psutil.pid_exists(before["pid"])
    assert instances(own_studio).popitem()[1]["pid"] == pid  # not again and again
    # What came while one gateway followed the other found nobody; nothing else failed.
    assert {type(error).__name__ for error in client.errors} <= {"EndpointConnectionError"}


def test_deleting_goes_on_after_a_kill(own_studio: Studio) -> None:
    create_model(own_studio, "gone", SLOW_MODEL.format(seconds=0, name="gone"))
    sagemaker = own_studio.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="asked", EndpointConfigName="gone")
    endpoint_is(own_studio, "asked", "InService")
    (server,) = instances(own_studio).values()
    sagemaker.delete_endpoint(EndpointName="asked")
    own_studio.end(signal.SIGKILL)
    own_studio.start()
    wait_for(lambda: not sagemaker.list_endpoints()["Endpoints"], "the endpoint's end")
    wait_for(lambda: not psutil.pid_exists(server["pid"]), "the model server's end")
    assert not list(Path(own_studio.home, "endpoints").iterdir())
