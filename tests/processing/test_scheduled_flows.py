"""A flow that EventBridge Scheduler reruns as a processing job on what has come since."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from processing_jobs import OUT, Jobs, given, left
from studio_plane import wait_for

from studio_ext.wire.identity import Caller
from studio_ext.wrangler import Flow

IMAGE = "663277389841.dkr.ecr.us-east-1.amazonaws.com/sagemaker-data-wrangler-container:5.0.9"
CREATE = "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob"


def numbers(most: int) -> str:
    return "a\n" + "".join(f"{n}\n" for n in range(most + 1))


def fitted_flow(address: str) -> tuple[str, str]:
    """A flow that has learned from 0 to 10 how to scale, and the node that does."""
    flow = Flow.new()
    context = {"s3Uri": address, "s3ContentType": "csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "rows.csv", "s3ExecutionContext": context}
    source = flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    types = flow.add("infer_and_cast_type", source)
    end = flow.add("process_numeric/scale_values/min_max_scaler", types, input_column=["a"])
    learned = pd.read_csv(io.StringIO(numbers(10)))
    fitted = Flow(flow.document, {"rows.csv": learned}).fit()
    return fitted.document.text(), end.id


def scheduled(jobs: Jobs, name: str, flow: str, node: str, arguments: list[str]) -> None:
    """Have it run a minute ago, which is at once."""
    studio = jobs.studio
    wanted = json.dumps({f"{node}.default": {"content_type": "CSV"}})
    request = {
        "ProcessingJobName": f"{name}-<aws.scheduler.execution-id>",
        "RoleArn": studio.config.role_arn,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerArguments": [f"--output-config '{wanted}'", *arguments],
        },
        "ProcessingInputs": [given(flow, "/opt/ml/processing/flow", "flow")],
        "ProcessingOutputConfig": {
            "Outputs": [left(jobs.uri(name), f"{OUT}/0", f"{node}.default")]
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            }
        },
    }
    studio.scheduler.create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": CREATE,
            "RoleArn": studio.config.role_arn,
            "Input": json.dumps(request),
        },
    )


def largest(jobs: Jobs, name: str) -> float:
    """Of what the job of a schedule's only run has written."""
    invoke, caller = jobs.studio.plane.dispatcher.invoke, Caller.of(jobs.studio.plane.credential)

    def ended() -> Any:
        told = asyncio.run(invoke("studio", "ListScheduleRuns", {"Name": name}, caller))
        return [run for run in told["Runs"] if "EndTime" in run]

    (run,) = wait_for(ended)
    assert run["Status"] == "Succeeded", run
    job = run["Result"].rpartition("/")[2]
    done = jobs.ended(job)
    assert done["ProcessingJobStatus"] == "Completed", (done, jobs.log(job))
    prefix = f"processed/{name}/"
    (file,) = [key for key in jobs.keys(prefix) if key.endswith(".csv")]
    text = jobs.studio.get(f"s3://{jobs.studio.bucket}/{prefix}{file}").decode()
    return float(pd.read_csv(io.StringIO(text))["a"].max())


def test_a_schedule_reruns_a_flow_on_new_input_with_or_without_refit(jobs: Jobs) -> None:
    address = jobs.studio.put("scheduled/rows.csv", numbers(10))
    text, node = fitted_flow(address)
    flow = jobs.studio.put("flows/scheduled.flow", text)
    jobs.studio.put("scheduled/rows.csv", numbers(20))  # what has come since
    refit = {"refit": True, "output_flow": "refitted.flow"}
    scheduled(jobs, "as-learned", flow, node, [])
    scheduled(jobs, "learned-anew", flow, node, [f"--refit-trained-params '{json.dumps(refit)}'"])
    assert largest(jobs, "as-learned") == 2.0  # 20 is twice as far as what it knows
    assert largest(jobs, "learned-anew") == 1.0
    assert any(key.endswith("refitted.flow") for key in jobs.keys("processed/learned-anew"))
