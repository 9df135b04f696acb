"""Requests that succeed, as clients send them: what is made from the models alone seldom does."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from fuzz_world import BUCKET, ENDPOINT, GROUP_ARN, IMAGE, JOB, KEYS, ROLE, SCHEDULE, STOP, World

_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def request_that_succeeds(world: World, name: str, source: random.Random) -> dict[str, Any] | None:
    """Parameters of an operation (``service.Operation``), None where none are kept here."""
    fresh = f"fuzz-{source.getrandbits(60):x}"
    kept = _ABOUT_OBJECTS.get(name) or _OTHERS.get(name)
    if kept is not None:
        made = json_copy(kept)
        if "logStreamName" in made:
            made["logStreamName"] = world.stream
        return made
    if name == "sagemaker.CreateTrainingJob":
        return {**_JOB_REQUEST, "TrainingJobName": fresh}
    if name == "sagemaker.CreateProcessingJob":
        return {**_PROCESSING_REQUEST, "ProcessingJobName": fresh}
    if name == "sagemaker.CreateModel":
        return {**_MODEL_REQUEST, "ModelName": fresh}
    if name == "sagemaker.CreateEndpointConfig":
        return {"EndpointConfigName": fresh, "ProductionVariants": [_VARIANT]}
    if name == "scheduler.CreateSchedule":
        return {**_SCHEDULE_REQUEST, "Name": fresh}
    if name == "scheduler.CreateScheduleGroup":
        return {"Name": fresh}
    if name == "s3.CreateBucket":
        return {"Bucket": fresh}
    about = {"Bucket": BUCKET, "Key": KEYS[0], "UploadId": world.upload}
    if name == "s3.UploadPart":
        return {**about, "PartNumber": 1, "Body": b"part"}
    if name == "s3.UploadPartCopy":
        return {**about, "PartNumber": 2, "CopySource": f"{BUCKET}/{KEYS[1]}"}
    if name == "s3.ListParts":
        return {**about, "MaxParts": 10}
    return None


def json_copy(value: Any) -> Any:
    """A copy that may be changed."""
    if isinstance(value, dict):
        return {key: json_copy(item) for key, item in value.items()}
    return [json_copy(item) for item in value] if isinstance(value, list) else value


_OBJECT = {"Bucket": BUCKET, "Key": KEYS[0]}
_PROCESSING_REQUEST: dict[str, Any] = {
    "RoleArn": ROLE,
    "AppSpecification": {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["sh", "-c"],
        "ContainerArguments": ["cp /opt/ml/processing/in/* /opt/ml/processing/out"],
    },
    "ProcessingInputs": [
        {
            "InputName": "in",
            "S3Input": {
                "S3Uri": f"s3://{BUCKET}/a.csv",
                "LocalPath": "/opt/ml/processing/in",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    ],
    "ProcessingOutputConfig": {
        "Outputs": [
            {
                "OutputName": "out",
                "S3Output": {
                    "S3Uri": f"s3://{BUCKET}/out",
                    "LocalPath": "/opt/ml/processing/out",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ]
    },
    "ProcessingResources": {
        "ClusterConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        }
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}
_JOB_REQUEST: dict[str, Any] = {
    "RoleArn": ROLE,
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
    },
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"s3://{BUCKET}/dir/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ],
    "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 5},
    "HyperParameters": {"sagemaker_program": json.dumps("no-such.py")},
    "Environment": {"A": "b"},
    "Tags": [{"Key": "k", "Value": "v"}],
}
_MODEL_REQUEST: dict[str, Any] = {
    "ExecutionRoleArn": ROLE,
    "PrimaryContainer": {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
        "Environment": {"A": "b"},
    },
    "Tags": [{"Key": "k", "Value": "v"}],
}
_VARIANT = {
    "VariantName": "all",
    "ModelName": "fuzz-model",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
    "InitialVariantWeight": 1.0,
}
_SCHEDULE_REQUEST: dict[str, Any] = {
    "ScheduleExpression": "cron(0/10 9-17 ? * MON-FRI *)",
    "ScheduleExpressionTimezone": "America/New_York",
    "EndDate": _NOON.replace(year=2090),
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
    "Target": {
        "Arn": STOP,
        "RoleArn": ROLE,
        "Input": json.dumps({"TrainingJobName": JOB}),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 1},
    },
    "ActionAfterCompletion": "DELETE",
}
_QUERY = {
    "Id": "q1",
    "MetricStat": {
        "Metric": {"Namespace": "Fuzz", "MetricName": "m", "Dimensions": []},
        "Period": 60,
        "Stat": "Average",
    },
}
_ABOUT_OBJECTS: dict[str, dict[str, Any]] = {
    "s3.PutObject": {
        **_OBJECT,
        "Body": b"1,2\n",
        "ContentType": "text/csv",
        "Metadata": {"a": "b"},
    },
    "s3.GetObject": {**_OBJECT, "Range": "bytes=0-1"},
    "s3.HeadObject": dict(_OBJECT),
    "s3.CopyObject": {"Bucket": BUCKET, "Key": "copy", "CopySource": f"{BUCKET}/{KEYS[1]}"},
    "s3.CreateMultipartUpload": {"Bucket": BUCKET, "Key": "m", "ContentType": "text/csv"},
    "s3.ListObjects": {"Bucket": BUCKET, "Prefix": "d", "Delimiter": "/", "MaxKeys": 5},
    "s3.ListObjectsV2": {"Bucket": BUCKET, "Prefix": "d", "StartAfter": "a", "MaxKeys": 5},
    "s3.ListObjectVersions": {"Bucket": BUCKET, "MaxKeys": 5},
    "s3.ListMultipartUploads": {"Bucket": BUCKET, "MaxUploads": 5},
    "s3.PutObjectTagging": {**_OBJECT, "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}},
    "s3.GetObjectTagging": dict(_OBJECT),
    "s3.GetObjectAcl": dict(_OBJECT),
    "s3.PutObjectAcl": {**_OBJECT, "ACL": "private"},
    "s3.GetObjectAttributes": {**_OBJECT, "ObjectAttributes": ["ETag", "ObjectSize"]},
    "s3.HeadBucket": {"Bucket": BUCKET},
    "s3.GetBucketLocation": {"Bucket": BUCKET},
    "s3.DeleteObjects": {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "none"}]}},
}
_OTHERS: dict[str, dict[str, Any]] = {
    "logs.GetLogEvents": {
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "logStreamName": "",  # that of the job that ended
        "startTime": 0,
        "limit": 5,
        "startFromHead": True,
    },
    "logs.FilterLogEvents": {
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "filterPattern": '"loss" -x',
        "startTime": 0,
        "limit": 5,
    },
    "logs.DescribeLogStreams": {"logGroupName": "/aws/sagemaker/TrainingJobs", "limit": 5},
    "cloudwatch.PutMetricData": {
        "Namespace": "Fuzz",
        "MetricData": [{"MetricName": "m", "Value": 1.0, "Unit": "None"}],
    },
    "cloudwatch.GetMetricStatistics": {
        "Namespace": "Fuzz",
        "MetricName": "m",
        "StartTime": _NOON,
        "EndTime": _NOON + timedelta(hours=1),
        "Period": 60,
        "Statistics": ["Average"],
    },
    "cloudwatch.GetMetricData": {
        "MetricDataQueries": [_QUERY],
        "StartTime": _NOON,
        "EndTime": _NOON + timedelta(hours=1),
        "MaxDatapoints": 10,
    },
    "scheduler.UpdateSchedule": {**_SCHEDULE_REQUEST, "Name": SCHEDULE},
    "scheduler.GetSchedule": {"Name": SCHEDULE, "GroupName": "default"},
    "scheduler.ListSchedules": {"NamePrefix": "fuzz", "State": "ENABLED", "MaxResults": 5},
    "scheduler.GetScheduleGroup": {"Name": SCHEDULE},
    "scheduler.ListScheduleGroups": {"NamePrefix": "fuzz", "MaxResults": 5},
    "scheduler.TagResource": {"ResourceArn": GROUP_ARN, "Tags": [{"Key": "k", "Value": "v"}]},
    "scheduler.UntagResource": {"ResourceArn": GROUP_ARN, "TagKeys": ["k", "l"]},
    "scheduler.ListTagsForResource": {"ResourceArn": GROUP_ARN},
    "studio.ListScheduleRuns": {"Name": SCHEDULE},
    "studio.RunSchedule": {"Name": SCHEDULE, "GroupName": "default"},
    "sagemaker.DescribeTrainingJob": {"TrainingJobName": JOB},
    "sagemaker.DescribeEndpoint": {"EndpointName": ENDPOINT},
    "sagemaker.ListTrainingJobs": {"MaxResults": 5, "SortBy": "Name", "NameContains": "fuzz"},
    "sagemaker-runtime.InvokeEndpoint": {
        "EndpointName": ENDPOINT,
        "Body": b"1,2,3",
        "ContentType": "text/csv",
        "Accept": "text/plain",
        "CustomAttributes": "a=b",
        "TargetVariant": "all",
    },
}
