"""Shorthand for processing jobs of a Studio."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from studio_plane import SKLEARN, Studio, wait_for

CODE = "/opt/ml/processing/input/code"
OUT = "/opt/ml/processing/output"
ENDED = ("Completed", "Failed", "Stopped")


def given(uri: str, folder: str, name: str, **s3: str) -> dict[str, Any]:
    """A processing input."""
    source = {"S3Uri": uri, "LocalPath": folder, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": {**source, **s3}}


def left(uri: str, folder: str = OUT, name: str = "out", mode: str = "EndOfJob") -> dict[str, Any]:
    """A processing output."""
    target = {"S3Uri": uri, "LocalPath": folder, "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": target}


@dataclass
class Jobs:
    """Processing jobs of one Studio."""

    studio: Studio

    def request(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        """A CreateProcessingJob request that runs a script."""
        uri = self.studio.put(f"code/{name}/run.py", textwrap.dedent(script))
        inputs = [given(uri, CODE, "code"), *changes.pop("inputs", [])]
        outputs = changes.pop("outputs", [left(self.uri(name))])
        arguments = changes.pop("arguments", [])
        application = {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", f"{CODE}/run.py"],
            **({"ContainerArguments": arguments} if arguments else {}),
        }
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        return {
            "ProcessingJobName": name,
            "RoleArn": self.studio.config.role_arn,
            "AppSpecification": application,
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": {"Outputs": outputs},
            "ProcessingResources": {"ClusterConfig": cluster},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **changes,
        }

    def start(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        """Create a job; the answer."""
        request = self.request(name, script, **changes)
        answer: dict[str, Any] = self.studio.sagemaker.create_processing_job(**request)
        return answer

    def run(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        """Run a job to its end."""
        self.start(name, script, **changes)
        return self.ended(name)

    def describe(self, name: str) -> dict[str, Any]:
        """DescribeProcessingJob."""
        answer: dict[str, Any] = self.studio.sagemaker.describe_processing_job(
            ProcessingJobName=name
        )
        return answer

    def ended(self, name: str) -> dict[str, Any]:
        """Wait for the end of a job."""

        def reached() -> dict[str, Any] | None:
            found = self.describe(name)
            return found if found["ProcessingJobStatus"] in ENDED else None

        found: dict[str, Any] = wait_for(
            reached, 120, why=lambda: (self.describe(name), self.log(name))
        )
        return found

    def job_id(self, name: str) -> str:
        """The runner's id of a job."""
        found = self.studio.plane.store.resources.get("processing-job", "000000000000", name)
        assert found is not None
        return f"processing-{found.id}"

    def log(self, name: str) -> str:
        """What a job printed."""
        lines = self.studio.plane.world.runner.read_log(self.job_id(name))
        return "\n".join(line.text for line in lines)

    def uri(self, name: str) -> str:
        """Where a job's output goes."""
        return f"s3://{self.studio.bucket}/processed/{name}"

    def keys(self, prefix: str) -> list[str]:
        """Keys of the default bucket below a prefix."""
        found = self.studio.s3.list_objects_v2(Bucket=self.studio.bucket, Prefix=prefix)
        return [each["Key"].removeprefix(prefix) for each in found.get("Contents", [])]
