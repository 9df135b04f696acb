"""What panels show: small jobs, models and endpoints, made with boto3 as a notebook makes them."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from jupyter_process import Jupyter

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BUCKET = "panels"
INSTANCE = "ml.m5.large"
#: Learns nothing, but says so step by step; its model tells whether a row's sum is positive.
SCRIPT = """
import argparse, os, time

def model_fn(folder):
    return float(open(os.path.join(folder, "threshold")).read())

def predict_fn(rows, threshold):
    return (rows.sum(axis=1) > threshold).astype(int)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--lacks", default="")
    arguments = parser.parse_args()
    if arguments.lacks:
        raise KeyError(arguments.lacks)
    for epoch in range(arguments.epochs):
        print(f"epoch {epoch}: train_loss={1 / (epoch + 1):.4f}", flush=True)
        time.sleep(arguments.pause)
    with open(os.path.join(os.environ["SM_MODEL_DIR"], "threshold"), "w") as file:
        file.write("0")
"""


class Data:
    """The Studio behind a Lab, as boto3 sees it."""

    def __init__(self, lab: Jupyter) -> None:
        home = lab.call("Studio.GetHome")
        self._url, self._role = home["EndpointUrl"], home["Role"]
        self._keys = lab.connection()
        self.sagemaker, self.s3 = self.client("sagemaker"), self.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key="source.tar.gz", Body=_archive("train.py", SCRIPT))

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3.Session().client(
            service,
            endpoint_url=self._url,
            region_name=self._keys["AWS_REGION"],
            aws_access_key_id=self._keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._keys["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def train(self, name: str, **hyperparameters: str) -> None:
        """Start the script as a job."""
        metric = {"Name": "train:loss", "Regex": "train_loss=([0-9.]+)"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": SKLEARN,
                "TrainingInputMode": "File",
                "MetricDefinitions": [metric],
            },
            RoleArn=self._role,
            HyperParameters={
                "sagemaker_program": json.dumps("train.py"),
                "sagemaker_submit_directory": json.dumps(f"s3://{BUCKET}/source.tar.gz"),
                **hyperparameters,
            },
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
            ResourceConfig={"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )

    def model(self, name: str, job: str, program: str = "train.py") -> None:
        """Make a model of a finished job."""
        description = self.sagemaker.describe_training_job(TrainingJobName=job)
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self._role,
            PrimaryContainer={
                "Image": SKLEARN,
                "ModelDataUrl": description["ModelArtifacts"]["S3ModelArtifacts"],
                "Environment": {
                    "SAGEMAKER_PROGRAM": program,
                    "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{BUCKET}/source.tar.gz",
                },
            },
        )

    def configuration(self, name: str, weights: dict[str, float]) -> None:
        """An endpoint configuration with a variant for each model."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": f"Variant-{model}",
                    "ModelName": model,
                    "InitialInstanceCount": 1,
                    "InstanceType": INSTANCE,
                    "InitialVariantWeight": weight,
                }
                for model, weight in weights.items()
            ],
        )

    def job_status(self, name: str) -> str:
        """TrainingJobStatus."""
        return str(self.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])


def wait_until(check: Callable[[], bool], what: str, seconds: float = 90) -> None:
    """Until ``check`` is true."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def _archive(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
