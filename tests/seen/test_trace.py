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
from studio_ext.seen.trace import trace


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running_studio() as studio:
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


def test_an_endpoint_from_client_to_model_server(studio: Studio) -> None:
    data = studio.put("m.tar.gz", archive({"m": "x", "code/inference.py": "broken("}))
    api = studio.sagemaker
    api.create_model(
        ModelName="m",
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={"Image": SKLEARN, "ModelDataUrl": data},
    )
    variant = {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.t2.medium"}
    api.create_endpoint_config(
        EndpointConfigName="m", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    made = api.create_endpoint(EndpointName="traced", EndpointConfigName="m")
    request = made["ResponseMetadata"]["RequestId"]
    wait_for(lambda: studio.endpoint("traced")["EndpointStatus"] == "Failed")
    found = trace(studio.config, request)
    texts = [line.text for line in found]
    assert any("starting model server endpoint-" in text for text in texts)
    supervised = [line for line in found if line.file.endswith("supervisor.log")]
    assert "Failed" in supervised[-1].text and "SyntaxError" in supervised[-1].fields["reason"]
    assert "INFO endpoint traced: Creating -> Failed" in texts
