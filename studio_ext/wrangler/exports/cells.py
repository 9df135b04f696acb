"""Cells of exported notebooks behind a flow's steps: a text, and code with ``<<name>>`` slots."""

from __future__ import annotations

import re
from collections.abc import Mapping


def filled(code: str, names: Mapping[str, str]) -> str:
    """``code`` with every ``<<name>>`` replaced."""
    return re.sub(r"<<(\w+)>>", lambda match: names[match[1]], code)


CLIENTS = (
    """
    ## Where it runs

    Studio's kernels are connected already; elsewhere, `%load_ext studio_ext` and `%studio connect`.
    On AWS, `role` is the ARN of an execution role.
    """,
    """
import json
import time
from pathlib import Path

import boto3

sagemaker = boto3.client("sagemaker")
s3 = boto3.client("s3")
account = boto3.client("sts").get_caller_identity()["Account"]
region = sagemaker.meta.region_name
bucket = f"sagemaker-{region}-{account}"
role = f"arn:aws:iam::{account}:role/StudioExecutionRole"
name = time.strftime("flow-%Y%m%d-%H%M%S")  # every run has names of its own
wrangler_image = (
    f"663277389841.dkr.ecr.{region}.amazonaws.com/sagemaker-data-wrangler-container:5.x"
)


def wait(describe, status, **names):
    \"\"\"The description of a job or an endpoint that has ended its work.\"\"\"
    while (found := describe(**names))[status] in ("InProgress", "Stopping", "Creating"):
        time.sleep(2)
    assert found[status] in ("Completed", "InService"), found.get("FailureReason")
    return found


s3.create_bucket(Bucket=bucket)
bucket""",
)

FILE = (
    """
    ## What the job is to write

    The result of `node`. What the steps have learned is in the flow; `refit = True` learns anew of
    all the rows, and leaves the flow with what was learned beside the result.
    """,
    """
node = <<node>>
refit = False""",
)

FLOW = (
    """
    ## Learn first

    The steps learn here, once, and the job applies what they have learned, so that its table is
    made just as later records will be.
    """,
    """
node = <<node>>
flow.fit()
refit = False""",
)

LABEL = (
    """
    The built-in XGBoost takes the column to predict first, and predicts numbers: texts are numbered
    from 0 on, the most frequent first.
    """,
    """
label = <<label>>
prepared = node
rows = flow.run().relation(node)
if label not in rows:
    raise ValueError(f"There is no column {label!r} to predict: there are {rows.columns}")
if label not in rows.columns_of("long", "float", "bool"):
    node = flow.add("encode_categorical/ordinal_encode", node, input_column=label)
node = flow.add("manage_columns/move_column/move_to_start", node, column_to_move=label)""",
)

JOB = (
    """
    ## The processing job

    Files of this machine are uploaded; what lies in S3 is read from there.
    """,
    """
def given(name, uri, folder):
    \"\"\"A processing input.\"\"\"
    source = {
        "S3Uri": uri,
        "LocalPath": folder,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"InputName": name, "S3Input": source}


inputs = [given("flow", f"s3://{bucket}/{name}/prepare.flow", "/opt/ml/processing/flow")]
for source in flow.document:
    place = source.dataset.get("s3ExecutionContext", {}) if source.type == "SOURCE" else {}
    address = place.get("s3Uri", "s3://")
    if not address.startswith("s3://"):
        file = Path(address.removeprefix("file://"))
        dataset = source.dataset["name"]
        s3.upload_file(str(file), bucket, f"{name}/data/{dataset}/{file.name}")
        place["s3Uri"] = f"s3://{bucket}/{name}/data/{dataset}/{file.name}"
s3.put_object(Bucket=bucket, Key=f"{name}/prepare.flow", Body=flow.document.text().encode())

output = f"{node.id}.default"
config = {output: {"content_type": "PARQUET"}}
arguments = [f"--output-config '{json.dumps(config)}'"]
if refit:
    refitted = {"refit": True, "output_flow": "refitted.flow"}
    arguments.append(f"--refit-trained-params '{json.dumps(refitted)}'")
result_uri = f"s3://{bucket}/{name}/prepared"
sagemaker.create_processing_job(
    ProcessingJobName=name,
    RoleArn=role,
    AppSpecification={"ImageUri": wrangler_image, "ContainerArguments": arguments},
    ProcessingInputs=inputs,
    ProcessingOutputConfig={
        "Outputs": [
            {
                "OutputName": output,
                "S3Output": {
                    "S3Uri": result_uri,
                    "LocalPath": "/opt/ml/processing/output",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ]
    },
    ProcessingResources={
        "ClusterConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.4xlarge",
            "VolumeSizeInGB": 30,
        }
    },
)
wait(sagemaker.describe_processing_job, "ProcessingJobStatus", ProcessingJobName=name)
listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{name}/prepared/")["Contents"]
files = [each["Key"] for each in listed if each["Key"].endswith(".parquet")]
files""",
)

RESULT = (
    "## What came out",
    """
import io

import pandas as pd

tables = [
    pd.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    for key in files
]
table = pd.concat(tables, ignore_index=True)
table.head()""",
)

TRAINING = (
    """
    ## Training

    The job's output is a channel of the built-in XGBoost. Choose the objective by the label.
    """,
    """
xgboost_image = f"683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-xgboost:1.7-1"
folder = files[0].rsplit("/", 1)[0]
sagemaker.create_training_job(
    TrainingJobName=name,
    AlgorithmSpecification={"TrainingImage": xgboost_image, "TrainingInputMode": "File"},
    RoleArn=role,
    HyperParameters={"objective": "reg:squarederror", "num_round": "50", "max_depth": "5"},
    InputDataConfig=[
        {
            "ChannelName": "train",
            "ContentType": "application/x-parquet",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"s3://{bucket}/{folder}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{name}/model"},
    ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
    StoppingCondition={"MaxRuntimeInSeconds": 3600},
)
job = wait(sagemaker.describe_training_job, "TrainingJobStatus", TrainingJobName=name)
model_uri = job["ModelArtifacts"]["S3ModelArtifacts"]
model_uri""",
)

PIPELINE = (
    """
    ## The pipeline

    Two containers: the first applies the flow's steps to a record, the second predicts. Steps that
    need other rows are refused here, by name; steps for training rows alone are left out.
    """,
    """
archive = flow.to_model(f"{name}.tar.gz", prepared, target=label)
s3.upload_file(str(archive), bucket, f"{name}/flow.tar.gz")
archive.unlink()
sagemaker.create_model(
    ModelName=name,
    ExecutionRoleArn=role,
    Containers=[
        {"Image": wrangler_image, "ModelDataUrl": f"s3://{bucket}/{name}/flow.tar.gz"},
        {"Image": xgboost_image, "ModelDataUrl": model_uri},
    ],
)
variant = {
    "VariantName": "AllTraffic",
    "ModelName": name,
    "InstanceType": "ml.m5.xlarge",
    "InitialInstanceCount": 1,
}
sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
wait(sagemaker.describe_endpoint, "EndpointStatus", EndpointName=name)["EndpointStatus"]""",
)

ASK = (
    "## Ask it\n\nThe first record of the source, without the label, as JSON.",
    """
source = flow.document.upstream(prepared.id)[0]
records = flow.run().relation(source).limit(1).to_arrow().to_pylist()
record = {column: value for column, value in records[0].items() if column != label}
answer = boto3.client("sagemaker-runtime").invoke_endpoint(
    EndpointName=name, ContentType="application/json", Body=json.dumps(record, default=str)
)
prediction = answer["Body"].read().decode().strip()
print(prediction)""",
)

CLEAN = (
    "## Clean up\n\nAn endpoint runs until it is deleted.",
    """
sagemaker.delete_endpoint(EndpointName=name)
sagemaker.delete_endpoint_config(EndpointConfigName=name)
sagemaker.delete_model(ModelName=name)""",
)

GROUP = (
    """
    ## The feature group

    Records are told apart by one column, and carry the time of an event. Where the service has no
    Feature Store, as Studio has none yet, this cell says so and the next one does nothing.
    """,
    """
import io

import pandas as pd
from botocore.exceptions import ClientError

table = pd.concat(
    [
        pd.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        for key in files
    ],
    ignore_index=True,
)
record_id = <<record_id>>
event_time = "event_time"
if event_time not in table:
    table[event_time] = float(round(time.time()))


def feature_type(column):
    \"\"\"The name that the Feature Store gives a column's type.\"\"\"
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_integer_dtype(column):
        return "Integral"
    return "Fractional" if pd.api.types.is_numeric_dtype(column) else "String"


features = [
    {"FeatureName": each, "FeatureType": feature_type(table[each])} for each in table.columns
]
try:
    sagemaker.create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName=record_id,
        EventTimeFeatureName=event_time,
        FeatureDefinitions=features,
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{bucket}/{name}/features"}},
        RoleArn=role,
    )
    created = True
except ClientError as error:
    if error.response["Error"]["Code"] != "NotImplemented":
        raise
    created = False
    print(f"Nothing is ingested: {error.response['Error']['Message']}")""",
)

INGEST = (
    "## Ingest\n\nA missing value is left out of its record.",
    """
ingested = 0
if created:
    describe = sagemaker.describe_feature_group
    while describe(FeatureGroupName=name)["FeatureGroupStatus"] == "Creating":
        time.sleep(2)
    runtime = boto3.client("sagemaker-featurestore-runtime")
    for row in table.to_dict("records"):
        record = [
            {"FeatureName": column, "ValueAsString": str(value)}
            for column, value in row.items()
            if not pd.isna(value)
        ]
        runtime.put_record(FeatureGroupName=name, Record=record)
        ingested += 1
print(f"{ingested} of {len(table)} records ingested")""",
)
