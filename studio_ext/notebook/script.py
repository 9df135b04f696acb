"""A notebook cell as a training script: packed, uploaded and described as SageMaker wants it."""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .jobs import Api

SCRIPT = "train.py"
_AWS = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
_DEEP_LEARNING = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
IMAGES = {
    "sklearn": f"{_AWS}/sagemaker-scikit-learn:1.2-1-cpu-py3",
    "xgboost": f"{_AWS}/sagemaker-xgboost:1.7-1",
    "pytorch": f"{_DEEP_LEARNING}/pytorch-training:2.3.0-cpu-py311",
}
_CONTENT_TYPES = {".csv": "text/csv", ".libsvm": "text/libsvm", ".parquet": "application/x-parquet"}


@dataclass
class ScriptJob:
    """What a training job with a script of one's own needs.

    ``image`` is a key of :data:`IMAGES` or an image URI; ``channels`` maps names to ``s3://``
    URIs; ``hyperparameters`` reach the script as ``--key value``; ``metrics`` maps names to
    regular expressions with one group, searched in the log.
    """

    source: str
    name: str
    image: str
    channels: Mapping[str, str]
    role_arn: str
    instance_type: str = "ml.m5.large"
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    requirements: Sequence[str] = ()
    metrics: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    max_runtime_s: int = 86_400

    def archive(self) -> bytes:
        """``sourcedir.tar.gz``: the script, and requirements.txt when there are requirements."""
        files = {SCRIPT: self.source}
        if self.requirements:
            files["requirements.txt"] = "\n".join(self.requirements) + "\n"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, text in files.items():
                data = text.encode()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(data), 0o644, int(time.time())
                tar.addfile(entry, io.BytesIO(data))
        return packed.getvalue()

    def request(self, bucket: str) -> dict[str, Any]:
        """The parameters of ``CreateTrainingJob``."""
        job = f"s3://{bucket}/{self.name}"
        algorithm: dict[str, Any] = {"TrainingImage": image_uri(self.image)}
        algorithm["TrainingInputMode"] = "File"
        if self.metrics:
            algorithm["MetricDefinitions"] = [
                {"Name": name, "Regex": regex} for name, regex in self.metrics.items()
            ]
        own = {
            "sagemaker_program": SCRIPT,
            "sagemaker_submit_directory": f"{job}/source/sourcedir.tar.gz",
        }
        encoded = {key: _as_json(value) for key, value in self.hyperparameters.items()}
        return {
            "TrainingJobName": self.name,
            "AlgorithmSpecification": algorithm,
            "RoleArn": self.role_arn,
            "HyperParameters": encoded | {key: json.dumps(value) for key, value in own.items()},
            "InputDataConfig": [_channel(name, uri) for name, uri in self.channels.items()],
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/"},
            "ResourceConfig": {
                "InstanceType": self.instance_type,
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_s},
            "Environment": dict(self.environment),
        }

    def submit(self, api: Api) -> None:
        """Upload the script to the default bucket and create the job."""
        bucket = api.default_bucket
        key = f"{self.name}/source/sourcedir.tar.gz"
        api.s3.put_object(Bucket=bucket, Key=key, Body=self.archive())
        request = self.request(bucket)
        # The API refuses empty lists and maps where it takes none at all.
        api.sagemaker.create_training_job(**{key: value for key, value in request.items() if value})


def unique_name(base: str) -> str:
    """``base`` with the moment appended, so that a cell can run again; 63 characters at most."""
    clean = re.sub(r"[^a-zA-Z0-9-]+", "-", base).strip("-") or "job"
    stamp = datetime.now(UTC).strftime("%Y-%m-%d-%H-%M-%S-%f")[:-3]
    return f"{clean[: 62 - len(stamp)].rstrip('-')}-{stamp}"


def image_uri(image: str) -> str:
    """The URI of a short name, or the URI itself."""
    if image in IMAGES:
        return IMAGES[image]
    if "/" in image or ":" in image:
        return image
    raise ValueError(f"{image!r} is no image: give {', '.join(IMAGES)} or an image URI")


def _channel(name: str, uri: str) -> dict[str, Any]:
    if not uri.startswith("s3://"):
        raise ValueError(f"The channel {name!r} needs an s3:// address, not {uri!r}")
    channel: dict[str, Any] = {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
    for ending, content_type in _CONTENT_TYPES.items():
        if uri.endswith(ending):
            channel["ContentType"] = content_type
    return channel


def _as_json(value: str) -> str:
    """Framework images read JSON: numbers, booleans and lists stay, other text is quoted."""
    try:
        json.loads(value)
    except ValueError:
        return json.dumps(value)
    return value
