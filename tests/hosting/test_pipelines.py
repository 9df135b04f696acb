"""Inference pipelines: several containers as one model, each the next one's input; real boto3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xgboost
from botocore.exceptions import ClientError
from studio_plane import SKLEARN, XGBOOST, Studio, archive, running_studio, wait_for

from studio_ext.control.world import World
from studio_ext.hosting import controller, instances
from studio_ext.wrangler import Flow

STEP = """
import json, os
def model_fn(model_dir):
    return open(os.path.join(model_dir, "name")).read()
def transform_fn(model, body, content_type, accept, context):
    body = body if isinstance(body, str) else body.decode()
    if f"{model} fail" in body:
        raise ValueError("it fails in " + model)
    if f"{model} exit" in body:
        os._exit(3)
    custom = context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
    return f"{body}|{model}:{content_type}:{accept}:{custom}", "text/" + model
"""


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running_studio(max_cores=1) as studio:
        yield studio


def container(studio: Studio, name: str, **more: Any) -> dict[str, Any]:
    files = {"name": name, "code/inference.py": STEP}
    return {
        "Image": SKLEARN,
        "ModelDataUrl": studio.put(f"models/{name}.tar.gz", archive(files)),
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        **more,
    }


def create(studio: Studio, name: str, *containers: dict[str, Any], **more: Any) -> None:
    studio.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=studio.config.role_arn,
        Containers=list(containers),
        **more,
    )


def configure(studio: Studio, name: str) -> None:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    studio.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def ask(studio: Studio, endpoint: str, body: str, **more: Any) -> tuple[str, str]:
    answer = studio.runtime.invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType="text/csv", **more
    )
    return answer["Body"].read().decode(), answer["ContentType"]


def test_each_container_gets_what_the_one_before_it_answers(studio: Studio) -> None:
    first, second = container(studio, "one"), container(studio, "two", ContainerHostname="second")
    create(studio, "three", first, second, container(studio, "three"))
    described = studio.sagemaker.describe_model(ModelName="three")
    assert [each["ModelDataUrl"] for each in described["Containers"]][1] == second["ModelDataUrl"]
    assert described["InferenceExecutionConfig"] == {"Mode": "Serial"}
    configure(studio, "three")
    studio.sagemaker.create_endpoint(EndpointName="three", EndpointConfigName="three")
    studio.serving("three")
    shown = studio.sagemaker.describe_endpoint(EndpointName="three")["ProductionVariants"][0]
    assert len(shown["DeployedImages"]) == 3
    asked = {"Accept": "text/plain", "CustomAttributes": "c"}
    body, kind = ask(studio, "three", "x", **asked)
    default = "application/json"
    assert body == (
        f"x|one:text/csv:{default}:c|two:text/one:{default}:c|three:text/two:text/plain:c"
    )
    assert kind == "text/three"
    _errors_name_their_container(studio)
    _a_container_that_ends_is_started_again(studio)
    _another_deployment_takes_over_whole(studio)
    endpoint = studio.plane.store.resources.get("endpoint", studio.config.account_id, "three")
    assert endpoint is not None
    everyone = controller.instance_ids(endpoint)
    studio.sagemaker.delete_endpoint(EndpointName="three")
    world: World = studio.plane.world
    wait_for(lambda: not any(instances.folder(world, each).exists() for each in everyone))


def _errors_name_their_container(studio: Studio) -> None:
    for name, place in (("one", "container-1"), ("two", "second"), ("three", "container-3")):
        with pytest.raises(ClientError, match=rf"\(500\) from {place} with.*it fails in {name}"):
            ask(studio, "three", f"{name} fail")


def _a_container_that_ends_is_started_again(studio: Studio) -> None:
    with pytest.raises(ClientError, match="container second ended while it worked"):
        ask(studio, "three", "two exit")
    # The next request waits for it.
    assert ask(studio, "three", "y")[0].startswith("y|one")


def _another_deployment_takes_over_whole(studio: Studio) -> None:
    create(studio, "other", container(studio, "four"), container(studio, "five"))
    configure(studio, "other")
    studio.sagemaker.update_endpoint(EndpointName="three", EndpointConfigName="other")
    while True:
        names = [part.split(":")[0] for part in ask(studio, "three", "z")[0].split("|")[1:]]
        assert names in (["one", "two", "three"], ["four", "five"])
        if names == ["four", "five"]:
            break
    studio.serving("three")


WRANGLER = "663277389841.dkr.ecr.us-east-1.amazonaws.com/sagemaker-data-wrangler-container:5.1.3"
TABLE = pd.DataFrame(
    {
        "age": [20, 31, 52, 47, 25, 61] * 10,
        "job": ["admin", "tech", "boss", "tech", "admin", None] * 10,
        "bought": [0, 0, 1, 1, 0, 1] * 10,
    }
)


def test_a_flow_prepares_the_records_that_a_model_predicts(studio: Studio, tmp_path: Path) -> None:
    flow = Flow.from_dataframe(TABLE)
    flow.add("process_numeric/scale_values/min_max_scaler", input_column="age")
    flow.add("encode_categorical/one_hot_encode", input_column="job", output_style="Columns")
    prepared = flow.run().table().to_pandas()
    features = prepared.drop(columns="bought")
    parameters = {"objective": "binary:logistic", "max_depth": 3}
    data = xgboost.DMatrix(features.to_numpy(), label=prepared.bought)
    booster = xgboost.train(parameters, data, 5)
    model = bytes(booster.save_raw("ubj"))
    first = flow.to_model(tmp_path / "flow.tar.gz", target="bought").read_bytes()
    create(
        studio,
        "bought",
        {"Image": WRANGLER, "ModelDataUrl": studio.put("models/flow.tar.gz", first)},
        {
            "Image": XGBOOST,
            "ModelDataUrl": studio.put("models/xgb.tar.gz", archive({"xgboost-model": model})),
        },
    )
    configure(studio, "bought")
    studio.sagemaker.create_endpoint(EndpointName="bought", EndpointConfigName="bought")
    studio.serving("bought")
    wanted = booster.predict(data)
    csv = TABLE.drop(columns="bought").to_csv(index=False, header=False)
    body, kind = ask(studio, "bought", csv)
    assert kind.startswith("text/csv")
    assert [float(each) for each in body.replace("\n", ",").strip(",").split(",")] == (
        pytest.approx(wanted.tolist(), abs=1e-6)
    )
    for index in (0, 2, 5):
        row = csv.splitlines()[index]
        assert float(ask(studio, "bought", row)[0]) == pytest.approx(wanted[index], abs=1e-6)
    with pytest.raises(ClientError, match=r"client error \(400\) from container-1 .*3 values"):
        ask(studio, "bought", "1,2,3")
    studio.sagemaker.delete_endpoint(EndpointName="bought")


def test_what_no_pipeline_can_be_is_refused(studio: Studio) -> None:
    good = container(studio, "one")
    wrong: list[tuple[str, dict[str, Any]]] = [
        (
            r"Containers\[1\].Image: .*none that Studio has",
            {"Containers": [good, {"Image": "a/b:1"}]},
        ),
        (
            r"Containers\[1\].ModelDataUrl: Could not find",
            {"Containers": [good, {**good, "ModelDataUrl": f"s3://{studio.bucket}/no.tar.gz"}]},
        ),
        (
            "Mode: Direct is not built",
            {"Containers": [good, good], "InferenceExecutionConfig": {"Mode": "Direct"}},
        ),
        (
            "ContainerHostname must be unique",
            {"Containers": [{**good, "ContainerHostname": "a"}] * 2},
        ),
        ("not both", {"Containers": [good], "PrimaryContainer": good}),
        ("no pipeline", {"PrimaryContainer": good, "InferenceExecutionConfig": {"Mode": "Serial"}}),
        ("required", {"Containers": []}),
    ]
    for words, request in wrong:
        with pytest.raises(ClientError, match=words):
            studio.sagemaker.create_model(
                ModelName="wrong", ExecutionRoleArn=studio.config.role_arn, **request
            )
