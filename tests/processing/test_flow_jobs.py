"""Wrangler flows as processing jobs, as Data Wrangler's exported notebooks ask for them."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from processing_jobs import OUT, Jobs, given, left
from studio_plane import wait_for

import studio_ext.wire.models as models
from studio_ext.processing import resume
from studio_ext.wrangler import Flow
from studio_ext.wrangler.flow import Document, Input, Node

sys.path.insert(0, str(Path(__file__).parents[1] / "wrangler"))

from bank_tutorial import DATA, assert_as_wanted, reference, tutorial_flow, tutorial_table

IMAGE = "663277389841.dkr.ecr.us-east-1.amazonaws.com/sagemaker-data-wrangler-container:5.0.9"
ROWS = "a,b\n" + "".join(f"{n},{n % 3}\n" for n in range(30))
#: Says that it runs, and waits for a file of its job: what a test holds a node open with.
SLOW = """
import os, time
print("waiting", flush=True)
while not os.path.exists("/opt/ml/processing/go"):
    time.sleep(0.05)
df["slow"] = df["a"] * 2
"""


class Flows:
    """Flows of one Studio, run as jobs."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs, self.studio = jobs, jobs.studio

    @property
    def own(self) -> Any:
        """A client of Studio's own operations."""
        session = Session()
        session.get_component("data_loader").search_paths.append(str(models.DATA))
        key = self.studio.plane.credential
        return boto3.Session(botocore_session=session).client(
            "studio",
            endpoint_url=self.studio.plane.url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    def start(self, name: str, flow: Flow, *nodes: Node, **how: Any) -> None:
        """The request of an exported notebook."""
        key = how.pop("flow_key", name)
        uri = self.studio.put(f"flows/{key}.flow", flow.document.text())
        config = how.pop("config", {"content_type": "PARQUET"})
        arguments = [
            f"--output-config '{json.dumps({f'{node.id}.default': config})}'" for node in nodes
        ]
        arguments += how.pop("arguments", [])
        outputs = [
            left(self.jobs.uri(name), f"{OUT}/{number}", f"{node.id}.default")
            for number, node in enumerate(nodes)
        ]
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}
        self.studio.sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=self.studio.config.role_arn,
            AppSpecification={"ImageUri": IMAGE, "ContainerArguments": arguments},
            ProcessingInputs=[
                given(uri, "/opt/ml/processing/flow", "flow"),
                *how.pop("inputs", []),
            ],
            ProcessingOutputConfig={"Outputs": outputs},
            ProcessingResources={"ClusterConfig": cluster},
            **how,
        )

    def table(self, name: str, node: Node) -> pd.DataFrame:
        """What a job has written for a node."""
        prefix = f"processed/{name}/{name}/{node.id}/default/"
        (file,) = self.jobs.keys(prefix)
        data = io.BytesIO(self.studio.get(f"s3://{self.studio.bucket}/{prefix}{file}"))
        return pd.read_csv(data) if file.endswith("csv") else pd.read_parquet(data)

    def steps(self, name: str) -> dict[str, dict[str, Any]]:
        """A job's progress, by node and output."""
        told = self.own.describe_processing_job_progress(ProcessingJobName=name)
        return {each.get("NodeId") or each["OutputName"]: each for each in told["Steps"]}

    def completed(self, name: str) -> dict[str, Any]:
        """The description of a job that must complete."""
        done = self.jobs.ended(name)
        assert done["ProcessingJobStatus"] == "Completed", (done, self.jobs.log(name))
        return done


@pytest.fixture
def flows(jobs: Jobs) -> Flows:
    return Flows(jobs)


def sourced(uri: str, name: str = "rows.csv", **place: Any) -> Flow:
    """A flow whose source is a CSV file, with its types."""
    flow = Flow.new()
    context = {"s3Uri": uri, "s3ContentType": "csv", "s3HasHeader": True, **place}
    definition = {"datasetSourceType": "S3", "name": name, "s3ExecutionContext": context}
    source = flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    flow.add("infer_and_cast_type", source)
    return flow


def last(flow: Flow) -> Node:
    return next(reversed(list(flow.document)))


def test_the_tutorial_as_a_job_comes_out_as_others_compute_it(flows: Flows) -> None:
    """Bound by an input; refitted: a new flow with what was learned, the given one unchanged."""
    address = flows.studio.put("bank/bank-additional.csv", DATA.read_bytes())
    flow = tutorial_flow(address, f"s3://{flows.studio.bucket}/elsewhere")
    end = last(flow)
    refit = {"refit": True, "output_flow": "bank-refitted.flow"}
    flows.start(
        "tutorial",
        flow,
        end,
        inputs=[given(address, "/opt/ml/processing/bank", "bank-additional.csv")],
        arguments=[f"--refit-trained-params '{json.dumps(refit)}'"],
    )
    flows.completed("tutorial")
    wanted = reference(tutorial_table())
    assert_as_wanted(flows.table("tutorial", end), wanted)
    steps = flows.steps("tutorial")
    assert {step["State"] for step in steps.values()} == {"Done"}
    assert steps[f"{end.id}.default"]["RowsOut"] == len(wanted)
    outliers = next(s for s in steps.values() if "utlier" in s.get("Label", ""))
    assert outliers["RowsIn"] > outliers["RowsOut"] > 0
    assert all(step["Seconds"] >= 0 and step["EndTime"] for step in steps.values())
    log = flows.jobs.log("tutorial")
    assert f"{outliers['RowsIn']:,} -> {outliers['RowsOut']:,} rows" in log
    text = flows.studio.get(f"{flows.jobs.uri('tutorial')}/bank-refitted.flow")
    learned = {node.id for node in Document.parse(text) if node.trained}
    assert len(learned) >= 4
    assert not any(node.trained for node in flow.document)
    given_flow = flows.studio.get(f"s3://{flows.studio.bucket}/flows/tutorial.flow")
    assert given_flow.decode() == flow.document.text()
    kept = flows.studio.config.jobs_dir / flows.jobs.job_id("tutorial") / "opt/ml/checkpoints"
    assert not kept.exists(), "what has come out needs nothing to go on from"


def test_sources_that_no_input_brings_are_read_from_s3(flows: Flows) -> None:
    """With parameters overridden, as the pipelines of exported notebooks do."""
    flows.studio.put("param/june/rows.csv", ROWS)
    flow = sourced(f"s3://{flows.studio.bucket}/param/{{{{month}}}}/rows.csv")
    flow.document.data["parameters"] = [{"name": "month", "value": "may"}]
    end = flow.add("manage_columns/drop_column", column_to_drop="b")
    arguments = ['--parameter-override \'{"month": "june"}\'']
    flows.start("parameters", flow, end, arguments=arguments, config={"content_type": "CSV"})
    flows.completed("parameters")
    assert flows.table("parameters", end)["a"].tolist() == list(range(30))


def test_patterns_choose_objects_and_a_wrong_value_is_named(flows: Flows) -> None:
    for day in ("2024/01/31", "2024/02/01", "old"):
        flows.studio.put(f"daily/{day}/rows.csv", f"a\n{day}\n")
    flow = sourced(f"s3://{flows.studio.bucket}/daily/{{{{day}}}}/rows.csv")
    flow.document.data["parameters"] = [
        {"name": "day", "type": "pattern", "value": r"\d{4}/\d\d/\d\d"},
        {"name": "most", "type": "number", "value": 5},
    ]
    end = flow.add("manage_columns/rename_column", input_column="a", new_name="day")
    flows.start("patterns", flow, end, config={"content_type": "CSV"})
    wrong = ['--parameter-override \'{"most": "many"}\'']
    flows.start("wrong-value", flow, end, arguments=wrong)
    flows.completed("patterns")
    assert sorted(flows.table("patterns", end)["day"]) == ["2024/01/31", "2024/02/01"]
    assert (
        "parameters.most: 'many' is no number" in flows.jobs.ended("wrong-value")["FailureReason"]
    )


def test_an_error_names_its_node_and_other_branches_are_delivered(flows: Flows) -> None:
    """Resumed after the flow was mended: what was learned and delivered is not done again."""
    uri = flows.studio.put("branches/rows.csv", ROWS)
    flow = sourced(uri)
    types = last(flow)
    scaled = flow.add("process_numeric/scale_values/min_max_scaler", types, input_column=["a"])
    wrong = flow.add("manage_columns/drop_column", scaled, column_to_drop="bb")
    right = flow.add("manage_columns/drop_column", scaled, column_to_drop="b")
    for name in ("default/part-00001.parquet", "_default.manifest"):  # of an earlier job
        flows.studio.put(f"processed/branches/branches/{right.id}/{name}", "old")
    flows.start("branches", flow, wrong, right, flow_key="branches")
    done = flows.jobs.ended("branches")
    assert done["ProcessingJobStatus"] == "Failed"
    reason = done["FailureReason"]
    assert f"({wrong.id})" in reason and "'bb'" in reason and "did you mean 'b'" in reason
    assert flows.table("branches", right).columns.tolist() == ["a"]
    folder = f"s3://{flows.studio.bucket}/processed/branches/branches/{right.id}"
    told = json.loads(flows.studio.get(f"{folder}/_default.manifest"))
    assert told == [{"prefix": f"{folder}/default/"}, "part-00000.parquet"]  # and no old part
    assert not flows.jobs.keys(f"processed/branches/branches/{wrong.id}/")
    steps = flows.steps("branches")
    assert steps[wrong.id]["State"] == "Failed"
    assert "did you mean" in steps[wrong.id]["Message"]
    assert steps[f"{right.id}.default"]["State"] == "Done"

    wrong.parameters["drop_column_parameters"]["column_to_drop"] = "a"
    flows.studio.put("flows/branches.flow", flow.document.text())
    flows.own.resume_processing_job(ProcessingJobName="mended", SourceProcessingJobName="branches")
    flows.completed("mended")
    prefix = f"processed/branches/mended/{wrong.id}/default/"
    assert len(flows.jobs.keys(prefix)) == 1
    assert len(flows.jobs.keys(f"processed/branches/mended/{right.id}/default/")) == 1
    again = flows.steps("mended")
    assert again[scaled.id]["Reused"] and again[types.id]["Reused"]
    assert again[f"{right.id}.default"]["Reused"]
    assert "Reused" not in again[wrong.id]
    root = flows.studio.config.jobs_dir / flows.jobs.job_id("branches") / "opt/ml/checkpoints"
    for days, stays in ((13, True), (15, False)):  # kept for those that go on, but not for ever
        resume.forget(flows.studio.plane.world, time.time() + days * 86400)
        assert bool([each for each in root.rglob("*") if each.is_file()]) == stays
    with pytest.raises(ClientError, match="only a job that failed or was stopped"):
        flows.own.resume_processing_job(ProcessingJobName="again", SourceProcessingJobName="mended")


def custom(flow: Flow, code: str) -> Node:
    return flow.document.add(
        "sagemaker.spark.custom_pandas_0.1", {"code": code}, [Input(last(flow).id)]
    )


def running(flows: Flows, name: str, node: Node) -> Callable[[], bool]:
    return lambda: flows.steps(name).get(node.id, {}).get("State") == "Running"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_job_that_was_ended_in_a_node_goes_on_there(flows: Flows, how: str) -> None:
    """Stopped, or its supervisor killed: nothing half-written is left, and nothing is fit again."""
    name = f"ended-by-{how}"
    flow = sourced(flows.studio.put("slow/rows.csv", ROWS))
    scaled = flow.add("process_numeric/scale_values/min_max_scaler", input_column=["b"])
    slow = custom(flow, SLOW)
    flows.start(name, flow, slow)
    wait_for(running(flows, name, slow), 120, why=lambda: flows.jobs.log(name))
    assert flows.steps(name)[scaled.id]["State"] == "Done"
    if how == "stop":
        flows.studio.sagemaker.stop_processing_job(ProcessingJobName=name)
    else:
        status = flows.studio.plane.world.runner.observe(flows.jobs.job_id(name))
        assert status is not None
        os.kill(status.pid, signal.SIGKILL)
    done = flows.jobs.ended(name)
    assert done["ProcessingJobStatus"] == ("Stopped" if how == "stop" else "Failed")
    assert flows.steps(name)[slow.id]["State"] == "Stopped"
    assert flows.jobs.keys(f"processed/{name}/") == []

    again = f"{name}-again"
    flows.own.resume_processing_job(ProcessingJobName=again, SourceProcessingJobName=name)
    wait_for(running(flows, again, slow), 120, why=lambda: flows.jobs.log(again))
    steps = flows.steps(again)
    assert steps[scaled.id]["Reused"], "it was fitted before"
    folder = flows.studio.config.jobs_dir / flows.jobs.job_id(again)
    (folder / "opt/ml/processing/go").touch()
    flows.completed(again)
    prefix = f"processed/{name}/{again}/{slow.id}/default/"
    assert len(flows.jobs.keys(prefix)) == 1
