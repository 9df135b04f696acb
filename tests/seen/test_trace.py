"""A request's id from the client to the processes that it set going."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from studio_plane import SKLEARN, Studio, archive, running_studio, wait_for

from studio_ext import cli
from studio_ext.hosting.gateway import client as gateway
from studio_ext.seen.trace import trace
from studio_ext.store.credentials import Credential


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running_studio(audit_data_events=True) as studio:
        yield studio


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _control(studio: Studio, request: str) -> list[dict[str, Any]]:
    lines = _lines(studio.config.logs_dir / "control.log")
    return [line for line in lines if line.get("request_id") == request]


def _request_of(studio: Studio, job: str) -> str:
    found = studio.plane.store.resources.get("training-job", studio.config.account_id, job)
    assert found is not None
    return str(found.state["request"])


def test_a_training_job_from_client_to_shim(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    ids: list[str] = []
    events = studio.sagemaker.meta.events
    events.register(
        "after-call.sagemaker.CreateTrainingJob",
        lambda parsed, **_: ids.append(parsed["ResponseMetadata"]["RequestId"]),
        unique_id="ids",
    )
    studio.run("traced", "print('hello')")
    (request,) = ids
    assert _request_of(studio, "traced") == request

    said = [line["message"] for line in _control(studio, request)]
    job = studio.job_id("traced")
    for text in (
        "training-job traced: created, InProgress",
        "sagemaker.CreateTrainingJob 200",
        f"launching job {job} of traced",
        "training-job traced: InProgress -> Completed",
    ):
        assert said.count(text) == 1, (text, said)
    access = next(line for line in _control(studio, request) if line["logger"] == "studio.access")
    assert access["resource"].endswith("training-job/traced")
    assert access["access_key_id"] == studio.plane.credential.access_key_id
    assert access["invocation_id"] and access["status"] == 200
    assert studio.plane.credential.secret_access_key not in json.dumps(access)

    shim = _lines(studio.config.jobs_dir / job / "shim.log")
    assert {line["request_id"] for line in shim} == {request}
    assert f"job {job}: Training" in [line["message"] for line in shim]

    assert cli.main(["trace", request, "--home", studio.config.home]) == 0
    printed = capsys.readouterr().out
    order = ["created, InProgress", "launching job", "job training", "InProgress -> Completed"]
    places = [printed.index(text) for text in order]
    assert places == sorted(places)
    assert cli.main(["trace", "no-such-id", "--home", studio.config.home]) == 1


def test_what_another_request_changes_is_its_own(studio: Studio) -> None:
    studio.job("stopped", "import time; time.sleep(600)")
    created = _request_of(studio, "stopped")
    studio.until("stopped", "Training")
    stop = studio.sagemaker.stop_training_job(TrainingJobName="stopped")
    stopping = stop["ResponseMetadata"]["RequestId"]
    studio.ended("stopped")
    assert stopping != created and _request_of(studio, "stopped") == stopping
    said = [line["message"] for line in _control(studio, stopping)]
    assert "training-job stopped: InProgress -> Stopping" in said
    wait_for(
        lambda: any(
            line["message"] == "training-job stopped: Stopping -> Stopped"
            for line in _control(studio, stopping)
        )
    )


def test_a_refused_request_leaves_a_line(studio: Studio) -> None:
    with pytest.raises(ClientError) as refused:
        studio.sagemaker.describe_training_job(TrainingJobName="nope")
    request = refused.value.response["ResponseMetadata"]["RequestId"]
    found = wait_for(lambda: trace(studio.config, request))
    assert [line.fields["error"] for line in found] == ["ValidationException"]


def _deploy(studio: Studio, name: str, inference: str) -> str:
    """Create an endpoint with a script of its own; the id of the request."""
    data = studio.put(f"{name}.tar.gz", archive({"m": "x", "code/inference.py": inference}))
    api = studio.sagemaker
    api.create_model(
        ModelName=name,
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={"Image": SKLEARN, "ModelDataUrl": data},
    )
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.t2.medium"}
    api.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    made = api.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return str(made["ResponseMetadata"]["RequestId"])


def test_an_endpoint_from_client_to_model_server(studio: Studio) -> None:
    request = _deploy(studio, "traced", "broken(")
    wait_for(lambda: studio.endpoint("traced")["EndpointStatus"] == "Failed")
    found = trace(studio.config, request)
    texts = [line.text for line in found]
    assert any("starting model server endpoint-" in text for text in texts)
    supervised = [line for line in found if line.file.endswith("supervisor.log")]
    assert "Failed" in supervised[-1].text and "SyntaxError" in supervised[-1].fields["reason"]
    assert "INFO endpoint traced: Creating -> Failed" in texts


INFERENCE = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    if body == "fail":
        raise RuntimeError("the model says no")
    return body
"""


def _audited(studio: Studio, request: str) -> list[dict[str, Any]]:
    files = sorted((studio.config.logs_dir / "audit").glob("*.jsonl"))
    return [
        record
        for file in files
        for record in _lines(file)
        if record["requestID"] == request and record["eventSource"].startswith("sagemaker")
    ]


def test_a_failed_invocation_is_found_in_the_models_log(studio: Studio) -> None:
    _deploy(studio, "invoked", INFERENCE)
    studio.serving("invoked")
    gate = gateway.info(studio.config)
    assert gate is not None
    runtime = studio.client("sagemaker-runtime", url=f"http://127.0.0.1:{gate.port}")

    def invoke(body: str) -> Any:
        return runtime.invoke_endpoint(EndpointName="invoked", ContentType="text/csv", Body=body)

    good = invoke("ok")["ResponseMetadata"]["RequestId"]
    with pytest.raises(ClientError) as failed:
        invoke("fail")
    request = failed.value.response["ResponseMetadata"]["RequestId"]
    found = trace(studio.config, request)
    by_file = {line.file.split("/")[0]: line for line in found}
    assert "the model says no" in by_file["endpoints"].text
    (line,) = [line for line in found if line.file == "logs/gateway.log"]
    assert line.fields["error"] == "ModelError" and line.fields["resource"] == "invoked"
    assert line.fields["instance"].startswith("endpoint-")
    # With data events on, invocations are in the audit log, good ones and others.
    (record,) = _audited(studio, good)
    assert record["eventName"] == "InvokeEndpoint" and record["eventCategory"] == "Data"
    assert record["requestParameters"] == {"endpointName": "invoked"}
    assert record["userIdentity"]["userName"] == "default"
    assert _audited(studio, request)[0]["errorCode"] == "ModelError"
    put = studio.s3.put_object(Bucket=studio.bucket, Key="k", Body=b"x")
    files = sorted((studio.config.logs_dir / "audit").glob("*.jsonl"))
    assert put["ResponseMetadata"]["RequestId"] in "".join(file.read_text() for file in files)


def test_a_stranger_at_the_gateway_is_recorded(studio: Studio) -> None:
    gate = gateway.info(studio.config)
    assert gate is not None
    stranger = Credential("AKIANOBODY", "x", None, "default", "default", "", "000000000000")
    runtime = studio.client("sagemaker-runtime", stranger, f"http://127.0.0.1:{gate.port}")
    with pytest.raises(ClientError) as denied:
        runtime.invoke_endpoint(EndpointName="invoked", Body=b"1")
    (record,) = _audited(studio, denied.value.response["ResponseMetadata"]["RequestId"])
    assert record["userIdentity"] == {"type": "Unknown", "accessKeyId": "AKIANOBODY"}
    assert record["errorCode"] == denied.value.response["Error"]["Code"]
