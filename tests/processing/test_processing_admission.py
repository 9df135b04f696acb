"""What CreateProcessingJob refuses, and which field it names."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from processing_jobs import Jobs, given, left
from studio_plane import SKLEARN

WRANGLER = "663277389841.dkr.ecr.us-east-1.amazonaws.com/sagemaker-data-wrangler-container:5.0.9"
FLOW = "/opt/ml/processing/flow"

BUCKET = "sagemaker-us-east-1-000000000000"
URI = f"s3://{BUCKET}/x"
IN = "/opt/ml/processing/in"
ATHENA = {
    "Catalog": "c",
    "Database": "d",
    "QueryString": "q",
    "OutputS3Uri": URI,
    "OutputFormat": "PARQUET",
}


def application(**changes: Any) -> dict[str, Any]:
    return {"AppSpecification": {"ImageUri": SKLEARN, "ContainerEntrypoint": ["x"], **changes}}


def cluster(**changes: Any) -> dict[str, Any]:
    some = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1, **changes}
    return {"ProcessingResources": {"ClusterConfig": some}}


def wrangler(*inputs: dict[str, Any]) -> dict[str, Any]:
    return {"AppSpecification": {"ImageUri": WRANGLER}, "ProcessingInputs": list(inputs)}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (application(ImageUri="example.com/mine:1"), r"AppSpecification\.ImageUri", "container"),
    ({"AppSpecification": {"ImageUri": SKLEARN}}, "ContainerEntrypoint", "give a command"),
    (cluster(InstanceCount=2), "InstanceCount", "2 instances"),
    ({"inputs": [given(URI, IN, "a", S3InputMode="Pipe")]}, r"\[a\]\.S3Input\.S3InputMode", "File"),
    ({"inputs": [given(URI, IN, "a", S3CompressionType="Gzip")]}, "S3CompressionType", "None"),
    ({"inputs": [given(URI, IN, "a"), given(URI, IN, "a")]}, "InputName", "unique"),
    ({"inputs": [given("s3:///x", IN, "a")]}, "[sS]3Uri", ""),
    *(
        ({"inputs": [given(URI, path, "a")]}, r"\[a\]\.S3Input\.LocalPath", "/opt/ml/processing")
        for path in ("/tmp/x", "/opt/ml/model", "/opt/ml/processing/../x", "/opt/ml/processingx")
    ),
    ({"inputs": [{"InputName": "a"}]}, r"\[a\]\.S3Input", "required"),
    (
        {"inputs": [{"InputName": "a", "S3Input": {"S3Uri": URI, "S3DataType": "S3Prefix"}}]},
        "LocalPath",
        "required",
    ),
    (
        {"inputs": [{"InputName": "a", "DatasetDefinition": {"AthenaDatasetDefinition": ATHENA}}]},
        "DatasetDefinition",
        "S3Input",
    ),
    (wrangler(), "ProcessingInputs: ", "LocalPath is /opt/ml/processing/flow: the job has no"),
    (wrangler(given(URI, IN, "a")), "ProcessingInputs: ", f"{FLOW}: a is at {IN}"),
    (wrangler(given(URI, FLOW, "a"), given(URI, FLOW, "b")), "ProcessingInputs: ", "only one"),
    ({"outputs": [left("s3://no-such-bucket-here/x")]}, r"\[out\]\.S3Output\.S3Uri", "not exist"),
    ({"outputs": [left(URI, "/etc")]}, r"S3Output\.LocalPath", "/opt/ml/processing"),
    ({"outputs": [left(URI), left(URI)]}, "OutputName", "unique"),
    ({"outputs": [{"OutputName": "o"}]}, "S3Output", "required"),
    (
        {
            "outputs": [
                {"OutputName": "o", "FeatureStoreOutput": {"FeatureGroupName": "g"}},
            ]
        },
        "FeatureStoreOutput",
        "S3Output",
    ),
]


@pytest.mark.parametrize(("changes", "field", "text"), REFUSED)
def test_refusals_name_the_field(
    jobs: Jobs, changes: dict[str, Any], field: str, text: str
) -> None:
    with pytest.raises(ClientError, match=field) as caught:
        jobs.start("refused", **changes)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    caught.match(text)
    listed = jobs.studio.sagemaker.list_processing_jobs(NameContains="refused")
    assert listed["ProcessingJobSummaries"] == []


def test_the_first_preferred_instance_type_counts(jobs: Jobs) -> None:
    preferred = [{"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}]
    resources = {"ClusterConfig": {"VolumeSizeInGB": 1, "InstancePreferences": preferred}}
    done = jobs.run("preferred", ProcessingResources=resources)
    assert done["ProcessingJobStatus"] == "Completed", jobs.log("preferred")
