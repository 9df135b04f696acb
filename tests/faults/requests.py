"""What the clients ask for."""

from __future__ import annotations

import json
from typing import Any

from studio_ext.wrangler import Flow
from tests.faults.contents import JOB, MODEL, ROWS, archive

BUCKET = "work"
ROLE = "arn:aws:iam::000000000000:role/StudioExecutionRole"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
WRANGLER = "663277389841.dkr.ecr.us-east-1.amazonaws.com/sagemaker-data-wrangler-container:5.0.9"


def _document() -> tuple[str, str]:
    """A flow that drops a column, and the node that does."""
    flow = Flow.new()
    context = {
        "s3Uri": f"s3://{BUCKET}/flows/rows.csv",
        "s3ContentType": "csv",
        "s3HasHeader": True,
    }
    definition = {"datasetSourceType": "S3", "name": "rows.csv", "s3ExecutionContext": context}
    source = flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    flow.add("infer_and_cast_type", source)
    last = flow.add("manage_columns/drop_column", column_to_drop="b")
    return flow.document.text(), last.id


FLOW, FLOW_NODE = _document()


def prepare(s3: Any, sagemaker: Any, configs: tuple[str, ...]) -> None:
    """The bucket, the job's code, and a model and an endpoint configuration of each name."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="code/job.py", Body=JOB.encode())
    s3.put_object(Bucket=BUCKET, Key="flows/rows.csv", Body=ROWS.encode())
    s3.put_object(Bucket=BUCKET, Key="flows/it.flow", Body=FLOW.encode())
    for name in configs:
        key = f"models/{name}.tar.gz"
        body = archive({"name": name.encode(), "code/inference.py": MODEL.encode()})
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        sagemaker.create_model(**model(name))
        sagemaker.create_endpoint_config(**endpoint_config(name, name))


def model(name: str) -> dict[str, Any]:
    """CreateModel for the archive of that name."""
    variables = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_MODEL_SERVER_WORKERS": "2"}
    container = {
        "Image": SKLEARN,
        "ModelDataUrl": f"s3://{BUCKET}/models/{name}.tar.gz",
        "Environment": variables,
    }
    return {"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container}


def endpoint_config(name: str, model: str) -> dict[str, Any]:
    """CreateEndpointConfig with one instance of a model."""
    variant = {
        "VariantName": "main",
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


def training(name: str, kind: str, lines: int, pause: float) -> dict[str, Any]:
    """CreateTrainingJob for the script in ``contents``."""
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{BUCKET}/code/",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "/opt/ml/input/data/code/job.py"],
        },
        "RoleArn": ROLE,
        "InputDataConfig": [{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints/{name}"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        "Environment": {
            "FAULT_JOB": name,
            "FAULT_KIND": kind,
            "FAULT_LINES": str(lines),
            "FAULT_PAUSE": str(pause),
        },
    }


def working(name: str, kind: str, lines: int, pause: float) -> dict[str, Any]:
    """CreateProcessingJob for the script in ``contents``, or for the flow."""
    if kind == "flow":
        return _flow(name)
    folder = "/opt/ml/processing"
    request = processing(name)
    request["AppSpecification"]["ContainerEntrypoint"] = ["python", f"{folder}/code/job.py"]
    request["Environment"] = {
        "FAULT_JOB": name,
        "FAULT_KIND": kind,
        "FAULT_LINES": str(lines),
        "FAULT_PAUSE": str(pause),
        "FAULT_KEPT": f"{folder}/while",
        "FAULT_RESULT": f"{folder}/end",
    }
    return request


def _flow(name: str) -> dict[str, Any]:
    folder = "/opt/ml/processing"
    config = json.dumps({f"{FLOW_NODE}.default": {"content_type": "CSV"}})
    request = processing(name)
    (source,) = request["ProcessingInputs"]
    source["InputName"] = "flow"
    source["S3Input"] |= {"S3Uri": f"s3://{BUCKET}/flows/it.flow", "LocalPath": f"{folder}/flow"}
    (end, _) = request["ProcessingOutputConfig"]["Outputs"]
    end["OutputName"] = f"{FLOW_NODE}.default"
    end["S3Output"]["S3Uri"] = f"s3://{BUCKET}/out/{name}/flow"
    request["ProcessingOutputConfig"]["Outputs"] = [end]
    arguments = [f"--output-config '{config}'"]
    request["AppSpecification"] = {"ImageUri": WRANGLER, "ContainerArguments": arguments}
    return request


def processing(name: str) -> dict[str, Any]:
    """CreateProcessingJob that copies its input to an output of each mode."""
    folder = "/opt/ml/processing"
    copy = f"cp {folder}/code/* {folder}/end/ && cp {folder}/code/* {folder}/while/"
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": SKLEARN, "ContainerEntrypoint": ["sh", "-c", copy]},
        "ProcessingInputs": [
            {
                "InputName": "code",
                "S3Input": {
                    "S3Uri": f"s3://{BUCKET}/code/",
                    "LocalPath": f"{folder}/code",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {
                        "S3Uri": f"s3://{BUCKET}/out/{name}/{output}",
                        "LocalPath": f"{folder}/{output}",
                        "S3UploadMode": mode,
                    },
                }
                for output, mode in (("end", "EndOfJob"), ("while", "Continuous"))
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
