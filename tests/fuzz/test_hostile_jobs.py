"""Jobs that are as hostile as their archives: names, code, output, logs, regular expressions."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fuzz_http import Answer
from fuzz_judge import Case, error_of, judge
from fuzz_server import Server
from fuzz_world import BUCKET, IMAGE, ROLE, World, archive

SCRIPT = r"""
import os, sys
out = sys.stdout.buffer
out.write(b"\x1b[31mred\x1b[0m \x1b]0;title\x07\n")
out.write(b"\xff\xfe\xc0\x80 not UTF-8 \x00 nul\n")
out.write(b"loss=" + b"a" * 40 + b"!\n")
out.write(b"x" * (10 << 20) + b"\n")
out.write(b"loss=0.25\n")
out.flush()
with open("/opt/ml/output/failure", "wb") as file:
    file.write(b"\x00\xff\x1b[31m" + b"binary \xf0\x9f\x92\xa9 " * 100_000)
sys.exit(3)
"""
LEAKING = r"""
import os
os.symlink("/etc/passwd", "/opt/ml/model/passwd")
os.symlink("/", "/opt/ml/model/root")
os.symlink("/etc/passwd", "/opt/ml/output/data/passwd")
open("/opt/ml/model/weights", "w").write("w")
os.mkfifo("/opt/ml/model/pipe")
"""


class Jobs:
    """Training jobs on the server under test."""

    def __init__(self, world: World) -> None:
        self.sagemaker, self.s3 = world.client("sagemaker"), world.client("s3")
        self.logs = world.client("logs")

    def create(self, name: str, code: bytes, **changes: Any) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"code/{name}", Body=code)
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 120},
            "HyperParameters": {
                "sagemaker_program": json.dumps("train.py"),
                "sagemaker_submit_directory": json.dumps(f"s3://{BUCKET}/code/{name}"),
            },
            **changes,
        }
        self.sagemaker.create_training_job(**request)

    def ended(self, name: str) -> dict[str, Any]:
        end = time.monotonic() + 90
        while True:
            found: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.2)

    def run(self, name: str, code: bytes, **changes: Any) -> dict[str, Any]:
        self.create(name, code, **changes)
        return self.ended(name)

    def messages(self, name: str) -> list[str]:
        group = "/aws/sagemaker/TrainingJobs"
        streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)
        found: list[str] = []
        for stream in streams["logStreams"]:
            token: dict[str, str] = {}
            while True:
                page = self.logs.get_log_events(
                    logGroupName=group,
                    logStreamName=stream["logStreamName"],
                    startFromHead=True,
                    **token,
                )
                found += [event["message"] for event in page["events"]]
                if page["nextForwardToken"] == token.get("nextToken"):
                    break
                token = {"nextToken": page["nextForwardToken"]}
        return found


@pytest.fixture(scope="module")
def jobs(world: World) -> Jobs:
    return Jobs(world)


def test_output_of_any_kind(jobs: Jobs, server: Server) -> None:
    """A log line of 10 MB, bytes that are no text, a failure file of 2 MB, and a regular
    expression that would take for ever on the third line."""
    definitions = [{"Name": "slow", "Regex": "loss=((a+)+)$"}, {"Name": "l", "Regex": "loss=(.*)"}]
    before = server.memory()
    jobs.create(
        "hostile-output",
        archive({"train.py": SCRIPT}),
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": definitions,
        },
    )
    waited = []
    while True:  # others are answered meanwhile
        started = time.monotonic()
        status = jobs.sagemaker.describe_training_job(TrainingJobName="hostile-output")
        waited.append(time.monotonic() - started)
        if status["TrainingJobStatus"] != "InProgress":
            break
        time.sleep(0.2)
    assert status["TrainingJobStatus"] == "Failed"
    assert "binary" in status["FailureReason"] and len(status["FailureReason"]) <= 1024
    assert max(waited) < 5
    messages = jobs.messages("hostile-output")
    assert any("red" in text for text in messages)
    assert any("not UTF-8" in text for text in messages)
    assert sum(text.count("x") for text in messages) >= 10 << 20
    assert max(map(len, messages)) <= 256 * 1024
    assert server.memory() - before < 150 << 20
    metrics = {item["MetricName"]: item["Value"] for item in status["FinalMetricDataList"]}
    assert metrics == {"l": 0.25}


def test_links_in_the_output_take_nothing_along(jobs: Jobs) -> None:
    job = jobs.run("leaking", archive({"train.py": LEAKING}))
    assert job["TrainingJobStatus"] == "Completed", job
    for uri in (
        job["ModelArtifacts"]["S3ModelArtifacts"],
        f"s3://{BUCKET}/out/leaking/output/output.tar.gz",
    ):
        key = uri.removeprefix(f"s3://{BUCKET}/")
        data = jobs.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            found = {item.name: item for item in tar}
        assert found["passwd"].issym() and found["passwd"].size == 0
    assert any("WARNING: passwd links to /etc/passwd" in text for text in jobs.messages("leaking"))


def huge(claimed: int) -> bytes:
    """An archive of a few bytes that claims to hold very many."""
    member = tarfile.TarInfo("zeros")
    member.size = claimed
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        tar.fileobj.write(member.tobuf())  # type: ignore[union-attr]
    return raw.getvalue()


def linked() -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        link = tarfile.TarInfo("train.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return raw.getvalue()


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("bomb", huge(8 << 30), "it is a bomb and holds more than 1073741824 bytes"),
        ("linked", linked(), "would leave the folder"),
        ("torn", archive({"train.py": "x" * 5000})[:60], "ClientError"),
    ],
)
def test_hostile_code_fails_the_job_clearly(
    jobs: Jobs, server: Server, name: str, code: bytes, reason: str
) -> None:
    job = jobs.run(f"code-{name}", code)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(("ClientError", "AlgorithmError"))
    assert reason in job["FailureReason"]
    assert str(server.ground) not in job["FailureReason"]


@pytest.mark.parametrize(
    "requirements",
    [b"\xff\xfe\x00bad", b"-r /etc/passwd\n; rm -rf /\n"],
)
def test_requirements_of_any_kind_fail_the_job_clearly(jobs: Jobs, requirements: bytes) -> None:
    name = f"requirements-{len(requirements)}"
    files = {"train.py": "print('ran')", "requirements.txt": requirements}
    job = jobs.run(name, packed(files))
    assert job["TrainingJobStatus"] == "Failed"
    assert "InternalServerError" not in job["FailureReason"]
    assert "requirements.txt" in job["FailureReason"]


def packed(files: dict[str, str | bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return raw.getvalue()


Call = Callable[..., Answer]


def training(**changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "hostile",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def channel(name: str = "train", uri: str = f"s3://{BUCKET}/a.csv") -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    return {"ChannelName": name, "DataSource": source}


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"TrainingJobName": "../../evil"}, "TrainingJobName"),
        ({"TrainingJobName": "a/b"}, "TrainingJobName"),
        ({"TrainingJobName": "e\u0301"}, "TrainingJobName"),
        ({"InputDataConfig": [channel("..")]}, "ChannelName"),
        ({"InputDataConfig": [channel(".")]}, "ChannelName"),
        ({"InputDataConfig": [channel("a/../../b")]}, "ChannelName"),
        ({"InputDataConfig": [channel(uri="file:///etc/passwd")]}, "S3Uri"),
        ({"InputDataConfig": [channel(uri="/etc/passwd")]}, "S3Uri"),
        ({"OutputDataConfig": {"S3OutputPath": "file:///tmp"}}, "S3OutputPath"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://../../etc"}}, "S3OutputPath"),
        ({"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/c", "LocalPath": "/etc"}}, "LocalPath"),
        (
            {"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/c", "LocalPath": "/opt/ml/../../etc"}},
            "LocalPath",
        ),
        ({"HyperParameters": {"a": "x\0y"}}, "HyperParameters"),
        ({"HyperParameters": {"a\0b": "x"}}, "HyperParameters"),
        ({"Environment": {"A": "x\0y"}}, "Environment"),
        ({"Environment": {"A=B": "x"}}, "Environment"),
    ],
)
def test_names_and_places_that_lead_elsewhere(
    call: Call, server: Server, changes: dict[str, Any], member: str
) -> None:
    before = server.contents()
    answer = call("sagemaker.CreateTrainingJob", **training(**changes))
    assert judge(Case("create", "json", refused=True, member=member), answer) == []
    assert error_of("json", answer)[0] in ("ValidationException", "SerializationException")
    assert server.contents() == before


def test_names_in_a_channel_that_lead_elsewhere(jobs: Jobs) -> None:
    """S3 takes any key; as a file's name it must stay in its channel."""
    jobs.s3.put_object(Bucket=BUCKET, Key="odd/../../../../evil", Body=b"x")
    job = jobs.run(
        "odd-keys",
        archive({"train.py": "import os; print(os.listdir('/opt/ml/input/data/train'))"}),
        InputDataConfig=[channel(uri=f"s3://{BUCKET}/odd/")],
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert "no usable file name" in job["FailureReason"]


def test_models_from_elsewhere(jobs: Jobs) -> None:
    for uri in ("file:///etc/passwd", "s3://fuzz-bucket/../../etc/passwd", "https://x/y", "s3://"):
        with pytest.raises(ClientError, match="odelDataUrl"):
            jobs.sagemaker.create_model(
                ModelName="elsewhere",
                ExecutionRoleArn=ROLE,
                PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri},
            )


def test_nothing_was_left_beside_the_home(jobs: Jobs, server: Server) -> None:
    assert server.outside() - server.started_with == set()
