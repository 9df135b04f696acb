"""What CreateTrainingJob refuses, and which field it names."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from studio_plane import SKLEARN, Studio

BUCKET = "sagemaker-us-east-1-000000000000"


def algorithm(**changes: Any) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            **changes,
        }
    }


def channel(name: str = "train", s3: dict[str, str] | None = None, **changes: Any) -> Any:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/x", **(s3 or {})}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **changes}


def resources(**changes: Any) -> dict[str, Any]:
    some = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {"ResourceConfig": {**some, **changes}}


#: What is changed in a good request, the field that the error names, what else it says.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"AlgorithmSpecification": None}, "TrainingImage", "required"),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "AlgorithmName": "mine"}},
        "AlgorithmName",
        "not built",
    ),
    (algorithm(TrainingImage="example.com/mine:1"), "TrainingImage", "container"),
    (algorithm(TrainingImage="a b"), "TrainingImage", ""),
    (
        algorithm(MetricDefinitions=[{"Name": "m", "Regex": "loss=(["}]),
        r"MetricDefinitions\[0\]\.Regex",
        "not a regular expression",
    ),
    (
        algorithm(MetricDefinitions=[{"Name": "m", "Regex": "loss"}]),
        r"MetricDefinitions\[0\]\.Regex",
        "needs a group",
    ),
    (algorithm(TrainingInputMode="tape"), "[tT]rainingInputMode", ""),
    (resources(InstanceCount=2), r"ResourceConfig\.InstanceCount", "2 instances"),
    ({"InputDataConfig": [channel(InputMode="Pipe")]}, r"\[train\]\.InputMode", "Pipe"),
    ({"InputDataConfig": [channel(CompressionType="Gzip")]}, "CompressionType", "None"),
    ({"InputDataConfig": [channel(RecordWrapperType="RecordIO")]}, "RecordWrapperType", "None"),
    (
        {"InputDataConfig": [channel(s3={"S3DataType": "AugmentedManifestFile"})]},
        "S3DataType",
        "AugmentedManifestFile",
    ),
    ({"InputDataConfig": [channel(), channel()]}, "ChannelName", "unique"),
    ({"InputDataConfig": [channel("no spaces")]}, "[cC]hannelName", ""),
    (
        {"OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket-here/x"}},
        r"OutputDataConfig\.S3OutputPath",
        "does not exist",
    ),
    ({"OutputDataConfig": {"S3OutputPath": "/tmp/x"}}, "[sS]3OutputPath", ""),
    (
        {"CheckpointConfig": {"S3Uri": "s3://no-such-bucket-here/x"}},
        r"CheckpointConfig\.S3Uri",
        "does not exist",
    ),
    *(
        (
            {"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/c", "LocalPath": path}},
            r"CheckpointConfig\.LocalPath",
            "below /opt/ml",
        )
        for path in ("/tmp/c", "/opt/ml", "/opt/ml/../../etc", "/opt/ml/input/data")
    ),
    ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "Tags", "reserved"),
]


@pytest.mark.parametrize(("changes", "field", "text"), REFUSED)
def test_refusals_name_the_field(
    studio: Studio, changes: dict[str, Any], field: str, text: str
) -> None:
    if changes.get("AlgorithmSpecification", {}) is None:
        changes = {"AlgorithmSpecification": {"TrainingInputMode": "File"}}
    with pytest.raises(ClientError, match=field) as caught:
        studio.job("refused", **changes)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    caught.match(text)
    assert studio.sagemaker.list_training_jobs(NameContains="refused")["TrainingJobSummaries"] == []


def test_a_request_without_optional_parts_is_refused_in_form(studio: Studio) -> None:
    with pytest.raises(ClientError, match="TrainingImage"):
        studio.sagemaker.create_training_job(
            TrainingJobName="bare",
            RoleArn=studio.config.role_arn,
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/x"},
        )


def test_names_are_unique(studio: Studio) -> None:
    studio.run("unique")
    with pytest.raises(ClientError, match="already exists") as caught:
        studio.job("unique")
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
