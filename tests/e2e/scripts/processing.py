"""Processing jobs by each of the SDK's processors."""

import contextlib
import io
import json

import pandas as pd
import sagemaker
from sagemaker.network import NetworkConfig
from sagemaker.processing import (
    FrameworkProcessor,
    ProcessingInput,
    ProcessingOutput,
    Processor,
    ScriptProcessor,
)
from sagemaker.sklearn import SKLearn

session = sagemaker.Session()
bucket, role = session.default_bucket(), sagemaker.get_execution_role()
pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_csv("table.csv", index=False)
source = session.upload_data("table.csv", key_prefix="processing")
common = {"role": role, "instance_type": "ml.m5.large", "instance_count": 1}
image = sagemaker.image_uris.retrieve("sklearn", "us-east-1", version="1.2-1")
inputs = [ProcessingInput(source=source, destination="/opt/ml/processing/input")]


def outputs(name):
    """One output, to a place of our choice."""
    target = f"s3://{bucket}/processed/{name}"
    folder = "/opt/ml/processing/output"
    return [ProcessingOutput(output_name="table", source=folder, destination=target)]


def result(job):
    """What a job has written, as the SDK says where."""
    uri = job.outputs[0].destination
    return pd.read_csv(
        io.StringIO(sagemaker.s3.S3Downloader.read_file(f"{uri}/table.csv", session))
    ).values.tolist()


script = ScriptProcessor(
    image_uri=image,
    command=["python3"],
    network_config=NetworkConfig(enable_network_isolation=False),
    tags=[{"Key": "team", "Value": "data"}],
    **common,
)
framework = FrameworkProcessor(SKLearn, framework_version="1.2-1", **common)
plain = Processor(
    image_uri=image,
    entrypoint=["/bin/sh", "-c"],
    **common,
)
run = {"inputs": inputs, "wait": False, "logs": False}
script.run("process.py", outputs=outputs("script"), arguments=["--factor", "3"], **run)
framework.run(
    "process.py",
    source_dir="processing_code",
    outputs=outputs("framework"),
    arguments=["--factor", "4"],
    **run,
)
copy = "cp /opt/ml/processing/input/table.csv /opt/ml/processing/output/"
plain.run(outputs=outputs("plain"), arguments=[copy], **run)
for each in (script, framework, plain):
    each.latest_job.wait(logs=False)

failing = ScriptProcessor(image_uri=image, command=["python3"], **common)
failing.run("process.py", outputs=outputs("failing"), arguments=["--factor", "0"], **run)
try:
    failing.latest_job.wait(logs=False)
    failed = None
except sagemaker.exceptions.UnexpectedStatusException as error:
    failed = {"status": error.actual_status, "text": str(error)}

long = Processor(image_uri=image, entrypoint=["sleep", "600"], **common)
long.run(wait=False, logs=False)
long.latest_job.stop()
with contextlib.redirect_stdout(io.StringIO()):
    stopped = session.wait_for_processing_job(long.latest_job.job_name)

print(
    json.dumps(
        {
            "results": {
                "script": result(script.latest_job),
                "framework": result(framework.latest_job),
                "plain": result(plain.latest_job),
            },
            "arn": script.latest_job.describe()["ProcessingJobArn"],
            "failed": failed,
            "stopped": stopped["ProcessingJobStatus"],
        }
    )
)
