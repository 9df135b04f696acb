"""Requests that boto3 tests make: scripts as jobs and as models, without the SDK."""

from __future__ import annotations

import io
import json
import tarfile
import textwrap
from typing import Any

from studio_process import Studio, wait_for

ACCOUNT = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SKLEARN = f"{ACCOUNT}/sagemaker-scikit-learn:1.2-1-cpu-py3"
XGBOOST = f"{ACCOUNT}/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::000000000000:role/StudioExecutionRole"
BUCKET = "scripts"
QUICK = {"Delay": 1, "MaxAttempts": 150}
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"


def archive(**files: str) -> bytes:
    """A .tar.gz of text files; ``__`` in a name stands for a dot."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            body = textwrap.dedent(text).encode()
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def put(studio: Studio, key: str, body: bytes) -> str:
    """Store an object in the scripts' bucket; its URI."""
    s3 = studio.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def processing_request(name: str, code: str, **changes: Any) -> dict[str, Any]:
    """A CreateProcessingJob request for a script, with an output of each mode below ``copied``."""
    folder = "/opt/ml/processing"
    source = {"S3Uri": code, "LocalPath": f"{folder}/code", "S3DataType": "S3Prefix"}
    outputs = [
        {
            "OutputName": output,
            "S3Output": {
                "S3Uri": f"s3://{BUCKET}/copied/{output}",
                "LocalPath": f"{folder}/{output}",
                "S3UploadMode": mode,
            },
        }
        for output, mode in (("end", "EndOfJob"), ("while", "Continuous"))
    ]
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", f"{folder}/code/{code.rpartition('/')[2]}"],
        },
        "ProcessingInputs": [{"InputName": "code", "S3Input": source}],
        "ProcessingOutputConfig": {"Outputs": outputs},
        "ProcessingResources": {"ClusterConfig": cluster},
        **changes,
    }


def training_request(studio: Studio, name: str, source: str, **changes: Any) -> dict[str, Any]:
    """A CreateTrainingJob request for a script in scikit-learn's environment."""
    code = put(studio, f"{name}/source.tar.gz", archive(job__py=source))
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        "HyperParameters": {
            "sagemaker_program": json.dumps("job.py"),
            "sagemaker_submit_directory": json.dumps(code),
        },
        **changes,
    }


def train(studio: Studio, name: str, source: str, **changes: Any) -> None:
    """Start a script as a training job."""
    studio.client("sagemaker").create_training_job(
        **training_request(studio, name, source, **changes)
    )


def describe(studio: Studio, name: str) -> dict[str, Any]:
    """DescribeTrainingJob."""
    found: dict[str, Any] = studio.client("sagemaker").describe_training_job(TrainingJobName=name)
    return found


def ended(studio: Studio, name: str) -> dict[str, Any]:
    """The description of a job, once it has ended."""

    def look() -> dict[str, Any] | None:
        found = describe(studio, name)
        return None if found["TrainingJobStatus"] in ("InProgress", "Stopping") else found

    found = wait_for(look, f"the end of {name}")
    assert found is not None
    return found


def log(studio: Studio, name: str, page: int = 10_000) -> list[dict[str, Any]]:
    """All log events of a training job, read page by page as clients do."""
    logs = studio.client("logs")
    streams = logs.describe_log_streams(logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{name}/")[
        "logStreams"
    ]
    if not streams:
        return []
    (stream,) = streams
    events: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = logs.get_log_events(
            logGroupName=TRAINING_LOGS,
            logStreamName=stream["logStreamName"],
            startFromHead=True,
            limit=page,
            **token,
        )
        events += answer["events"]
        if token.get("nextToken") == answer["nextForwardToken"]:
            return events
        token = {"nextToken": answer["nextForwardToken"]}


def messages(studio: Studio, name: str, start: str) -> list[str]:
    """What a job has printed on lines that begin with ``start``."""
    return [e["message"] for e in log(studio, name) if e["message"].startswith(start)]


def create_model(studio: Studio, name: str, source: str) -> None:
    """A model with a script of its own, and an endpoint configuration of the same name."""
    data = put(studio, f"models/{name}.tar.gz", archive(**{"code/inference__py": source}))
    sagemaker = studio.client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": SKLEARN,
            "ModelDataUrl": data,
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


def endpoint_is(studio: Studio, name: str, status: str) -> None:
    """Wait for an endpoint's status; fails on another final one."""

    def look() -> bool:
        found = studio.client("sagemaker").describe_endpoint(EndpointName=name)
        assert found["EndpointStatus"] != "Failed", found["FailureReason"]
        return bool(found["EndpointStatus"] == status)

    wait_for(look, f"endpoint {name} being {status}")
