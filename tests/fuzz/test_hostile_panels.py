"""The Jupyter server's routes, with the bodies and names that the API is tried with."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from fuzz_http import Answer
from fuzz_judge import Case, judge
from fuzz_mutations import mutations
from fuzz_values import Values
from fuzz_wire import json_body
from jupyter_process import TOKEN, Jupyter
from leftovers import end_all_of

from studio_ext.wire import models

OPERATIONS = (
    "sagemaker.CreateTrainingJob sagemaker.ListTrainingJobs sagemaker.CreateEndpointConfig "
    "sagemaker.UpdateDomain sagemaker.AddTags logs.GetLogEvents logs.FilterLogEvents "
    "cloudwatch.GetMetricData studio.GetMetricSeries"
).split()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home = tmp_path_factory.mktemp("studio") / "home"
    with Jupyter(tmp_path_factory.mktemp("jupyter"), home) as started:
        yield started
    end_all_of(home)


def answer(response: requests.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, response.content, response.elapsed.total_seconds())


def post(lab: Jupyter, target: str, body: bytes, **headers: str) -> Answer:
    given = {
        "Authorization": f"token {TOKEN}",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
        **headers,
    }
    return answer(lab.request("POST", "studio/api", data=body, headers=given))


@pytest.mark.parametrize("name", OPERATIONS)
def test_broken_requests_are_answered_as_over_the_api(lab: Jupyter, name: str) -> None:
    service, _, operation_name = name.partition(".")
    model = models.service_model(service)
    operation = model.operation_model(operation_name)
    source = random.Random(name)
    params = Values(source).request(operation.input_shape)
    offered = mutations(operation.input_shape, params, "json")
    found = []
    for label, make in source.sample(offered, min(12, len(offered))):
        mutation = make()
        member = mutation.member if mutation.refused else ""
        case = Case(name, "json", refused=mutation.refused, member=member)
        target = f"{model.metadata['targetPrefix']}.{operation_name}"
        found += [
            f"{label}: {problem}"
            for problem in judge(case, post(lab, target, json_body(mutation.params)))
        ]
    assert found == []


@pytest.mark.parametrize(
    "target", ["", "x", "../../etc/passwd", "SageMaker.No", "S3.PutObject", "a" * 5000, "é"]
)
def test_targets_that_are_none(lab: Jupyter, target: str) -> None:
    given = post(lab, target.encode("latin-1", "ignore").decode("latin-1"), b"{}")
    assert judge(Case("target", "json", refused=True), given) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        b"{" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_bodies_that_are_none(lab: Jupyter, body: bytes) -> None:
    given = post(lab, "SageMaker.DescribeTrainingJob", body)
    assert judge(Case("body", "json", refused=True), given) == []


@pytest.mark.parametrize(
    "uri",
    [
        "", "s3://", "s3:///x", "/etc/passwd", "file:///etc/passwd", "s3://../../etc/passwd",
        "s3://a/../../etc/passwd", "s3://a/\0", "s3://\u202e/x", "s3://a/" + "x" * 5000,
        "http://169.254.169.254/latest", "s3://a b/c",
    ],
)  # fmt: skip
def test_objects_that_are_none(lab: Jupyter, uri: str) -> None:
    text = quote(uri.encode("utf-8", "surrogatepass"))
    given = answer(lab.request("GET", f"studio/object?uri={text}"))
    assert judge(Case("object", "json", refused=True), given) == []
    assert given.status in (400, 403, 404)


def test_an_object_that_is_not_asked_for(lab: Jupyter) -> None:
    for query in ("", "?", "?uri", "?uri=s3://a/b&uri=s3://c/d", "?x=1", "?uri=%ED%A0%BD"):
        given = answer(lab.request("GET", f"studio/object{query}"))
        assert 400 <= given.status < 500
        assert b"Traceback" not in given.body and b".py" not in given.body


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("no-such-endpoint", {}),
        ("a" * 300, {}),
        ("%2e%2e%2fping", {}),
        ("a%00b", {}),
        ("a%0d%0aX-Injected:%20yes", {}),
        ("x", {"X-Amzn-SageMaker-Custom-Attributes": "ü" * 10}),
        ("x", {"Accept": "x" * 5000}),
    ],
)
def test_endpoints_that_are_none(lab: Jupyter, name: str, headers: dict[str, Any]) -> None:
    sent = {"Authorization": f"token {TOKEN}", **headers}
    sent = {key: value.encode() for key, value in sent.items()}
    given = answer(lab.request("POST", f"studio/invoke/{name}", data=b"1", headers=sent))
    assert 400 <= given.status < 500
    assert b"Traceback" not in given.body and b".py" not in given.body
    assert "x-injected" not in given.headers


def test_the_server_lives(lab: Jupyter) -> None:
    given = post(lab, "SageMaker.ListTrainingJobs", json.dumps({}).encode())
    assert given.status == 200
    assert "Traceback" not in Path(lab.log).read_text()
