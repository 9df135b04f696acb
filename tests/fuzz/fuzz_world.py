"""What is there before the fuzzing: a bucket, objects, a model, an endpoint, a job that ended."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from fuzz_server import Server

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::000000000000:role/StudioExecutionRole"
BUCKET = "fuzz-bucket"
KEYS = ("a.csv", "dir/b.csv", "model.tar.gz")
ENDPOINT = "fuzz-endpoint"
JOB = "fuzz-job"
SCHEDULE = "fuzz-schedule"
STOP = "arn:aws:scheduler:::aws-sdk:sagemaker:stopTrainingJob"
GROUP_ARN = f"arn:aws:scheduler:us-east-1:000000000000:schedule-group/{SCHEDULE}"
_RARE_NUMBERS = (
    "IfModifiedSince IfUnmodifiedSince CopySourceIfModifiedSince CopySourceIfUnmodifiedSince "
    "ObjectLockRetainUntilDate WriteOffsetBytes MpuObjectSize"
).split()
_CHECKSUMS = tuple(
    f"Checksum{name}"
    for name in "CRC32 CRC32C CRC64NVME SHA1 SHA256 SHA512 MD5 XXHASH64 XXHASH3 XXHASH128".split()
)
_RARE = (
    "ACL GrantFullControl GrantRead GrantReadACP GrantWrite GrantWriteACP IfMatch IfNoneMatch "
    "CopySourceIfMatch CopySourceIfNoneMatch SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5 "
    "CopySourceSSECustomerAlgorithm CopySourceSSECustomerKey CopySourceSSECustomerKeyMD5 "
    "ObjectLockMode ObjectLockLegalHoldStatus ObjectLockEnabledForBucket AccessControlPolicy "
    "ChecksumType ChecksumAlgorithm "
    "ContainerEntrypoint AlgorithmName ModelPackageName MultiModelConfig ModelDataSource"
).split()
_CODE = """
def model_fn(model_dir):
    return None

def input_fn(body, content_type):
    return body

def predict_fn(data, model):
    return data

def output_fn(prediction, accept):
    return repr(prediction)[:200], "text/plain"
"""


def archive(files: dict[str, str]) -> bytes:
    """A tar.gz of texts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


class World:
    """Makes the things, and says what they are called."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.upload = self.stream = ""

    def client(self, service: str) -> Any:
        """A boto3 client that does not retry."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.server.port}",
            region_name="us-east-1",
            aws_access_key_id=self.server.key.access,
            aws_secret_access_key=self.server.key.secret,
            config=ClientConfig(retries={"max_attempts": 0}),
        )

    def make(self, *, endpoint: bool) -> None:
        """Create everything; with ``endpoint``, wait until it serves."""
        s3, sagemaker = self.client("s3"), self.client("sagemaker")
        s3.create_bucket(Bucket=BUCKET)
        model = archive({"code/inference.py": _CODE})
        for key in KEYS:
            s3.put_object(Bucket=BUCKET, Key=key, Body=model if key.endswith("gz") else b"1,2\n")
        self.upload = s3.create_multipart_upload(Bucket=BUCKET, Key=KEYS[0])["UploadId"]
        sagemaker.create_model(
            ModelName="fuzz-model",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": IMAGE,
                "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
                "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
            },
        )
        sagemaker.create_endpoint_config(
            EndpointConfigName="fuzz-config",
            ProductionVariants=[
                {
                    "VariantName": "all",
                    "ModelName": "fuzz-model",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        self._job(sagemaker, s3)
        sagemaker.create_domain(
            DomainName="fuzz",
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": ROLE},
            SubnetIds=["subnet-1"],
            VpcId="vpc-1",
        )
        if endpoint:
            sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="fuzz-config")
            _until(lambda: _status(sagemaker.describe_endpoint(EndpointName=ENDPOINT)))
        _until(lambda: _status(sagemaker.describe_training_job(TrainingJobName=JOB)))
        self._schedule()
        group = "/aws/sagemaker/TrainingJobs"
        streams = self.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
        self.stream = streams[0]["logStreamName"]

    def _job(self, sagemaker: Any, s3: Any) -> None:
        code = archive({"train.py": "print('loss=0.5')"})
        s3.put_object(Bucket=BUCKET, Key="code/code.tar.gz", Body=code)
        submit = f"s3://{BUCKET}/code/code.tar.gz"
        sagemaker.create_training_job(
            TrainingJobName=JOB,
            RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
            ResourceConfig={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            HyperParameters={
                "sagemaker_program": json.dumps("train.py"),
                "sagemaker_submit_directory": json.dumps(submit),
            },
        )
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        sagemaker.create_processing_job(
            ProcessingJobName=JOB,
            RoleArn=ROLE,
            AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
            ProcessingResources={"ClusterConfig": cluster},
        )

    def _schedule(self) -> None:
        scheduler = self.client("scheduler")
        scheduler.create_schedule_group(Name=SCHEDULE)
        scheduler.create_schedule(
            Name=SCHEDULE,
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": STOP, "RoleArn": ROLE, "Input": json.dumps({"TrainingJobName": JOB})},
        )

    def known(self) -> dict[str, Sequence[Any]]:
        """Values by member name that lead past the first check."""
        arn = "arn:aws:sagemaker:us-east-1:000000000000"
        uri = [f"s3://{BUCKET}/{key}" for key in ("a.csv", "dir/", "model.tar.gz", "no-such-key")]
        return {
            "Bucket": [BUCKET, BUCKET, BUCKET, "no-such-bucket"],
            "Key": [*KEYS, "new/key", "a b+c%é"],
            "CopySource": [f"{BUCKET}/{KEYS[0]}", f"/{BUCKET}/{KEYS[1]}"],
            "UploadId": [self.upload],
            "PartNumber": [1, 2],
            "TrainingJobName": [JOB],
            "ProcessingJobName": [JOB],
            "ImageUri": [IMAGE],
            "LocalPath": ["/opt/ml/processing/in"],
            "TrainingImage": [IMAGE],
            "Image": [IMAGE],
            "ModelName": ["fuzz-model"],
            "EndpointConfigName": ["fuzz-config"],
            "EndpointName": [ENDPOINT],
            "ResourceArn": [f"{arn}:training-job/{JOB}", f"{arn}:model/fuzz-model"],
            "RoleArn": [ROLE],
            "ExecutionRoleArn": [ROLE],
            "S3Uri": uri,
            "S3OutputPath": [f"s3://{BUCKET}/out"],
            "ModelDataUrl": uri,
            "TrainingInputMode": ["File"],
            "InstanceCount": [1],
            "GroupName": ["default", None, SCHEDULE, "no-such-group"],
            "ScheduleExpression": [
                "rate(2 hours)",
                "cron(0 9 ? * 2#1 *)",
                "at(2090-01-01T00:00:00)",
            ],
            "ScheduleExpressionTimezone": ["Europe/Berlin", None],
            "StartDate": [None],
            "EndDate": [None],
            "Input": [json.dumps({"TrainingJobName": JOB})],
            "DeadLetterConfig": [None],
            "logGroupName": ["/aws/sagemaker/TrainingJobs"],
            "logStreamName": [f"{JOB}/algo-1-1"],
            "Namespace": ["Fuzz", "/aws/sagemaker/TrainingJobs", "AWS/SageMaker"],
            "ExpectedBucketOwner": ["000000000000"],
            "LocationConstraint": ["eu-west-1"],
            "RoleName": ["StudioExecutionRole"],
            # They depend on the body, and so would be wrong.
            **{name: [None, None, None, "AAAA"] for name in _CHECKSUMS},
            "ContentMD5": [None],
            # Few of S3's optional members go together, and Studio has some of them not.
            **{name: [None] * 9 + ["x"] for name in _RARE},
            "StorageClass": ["STANDARD", None],
            **{name: [None] * 9 + [0] for name in _RARE_NUMBERS},
            "VersionId": [None, "null"],
            "MetadataDirective": ["REPLACE"],
            "ACL": [None, "private"],
            "Tagging": [None, "a=1"],
            "Range": [None, "bytes=0-1"],
            "CopySourceRange": [None, "bytes=0-1"],
            "StartTime": [datetime(2026, 11, 21, 8, tzinfo=UTC)],
            "EndTime": [datetime(2026, 11, 21, 9, tzinfo=UTC)],
            "Period": [60],
            "startTime": [0],
            "endTime": [10**14],
            "nextToken": [None, "f/000000000000000000"],
            "NextToken": [None],
            "ContinuationToken": [None],
            "Statistics": [["Average"]],
            "ExtendedStatistics": [["p99"]],
        }

    def tidy(self) -> None:
        """Remove what right requests have made, so that jobs and servers do not pile up."""
        sagemaker, s3 = self.client("sagemaker"), self.client("s3")
        for key in KEYS[:2]:
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n")
        running = sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=100)
        for job in running["TrainingJobSummaries"]:
            _quietly(sagemaker.stop_training_job, TrainingJobName=job["TrainingJobName"])
        running = sagemaker.list_processing_jobs(StatusEquals="InProgress", MaxResults=100)
        for job in running["ProcessingJobSummaries"]:
            _quietly(sagemaker.stop_processing_job, ProcessingJobName=job["ProcessingJobName"])
        for found in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]:
            if found["EndpointName"] != ENDPOINT:
                _quietly(sagemaker.delete_endpoint, EndpointName=found["EndpointName"])


def _quietly(call: Any, **arguments: Any) -> None:
    try:
        call(**arguments)
    except ClientError as error:  # it ended or went meanwhile
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error


def _status(description: dict[str, Any]) -> bool:
    status = description.get("EndpointStatus") or description["TrainingJobStatus"]
    assert status != "Failed", description
    return status in ("InService", "Completed")


def _until(check: Any, timeout_s: float = 90.0) -> None:
    end = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.2)
