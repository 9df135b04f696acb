"""Studio as a Jupyter server extension: its routes, its kernels, its place beside another one."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config as ClientConfig
from jupyter_client.blocking import BlockingKernelClient
from jupyter_process import STOP_S, TOKEN, Jupyter
from leftovers import end_all_of

from studio_ext.files import read_json
from studio_ext.handlers import ROUTES

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BUCKET = "panels"
#: A person's own set-up, which must not reach what talks to Studio.
OWN_SETUP = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "real", "AWS_ENDPOINT_URL_S3": "http://x"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Studio home; what runs in it is ended last."""
    home = tmp_path_factory.mktemp("studio") / "home"
    yield home
    end_all_of(home)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Jupyter]:
    """A Jupyter server that refuses whatever no handler allows."""
    strict = ("--ServerApp.allow_unauthenticated_access=False",)
    folder = tmp_path_factory.mktemp("jupyter")
    with Jupyter(folder, home, options=strict, environment=OWN_SETUP) as server:
        yield server


@pytest.fixture(scope="module")
def s3(server: Jupyter) -> Any:
    """A boto3 client of the server's Studio, with a bucket."""
    client = _client(server, "s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def _client(server: Jupyter, service: str) -> Any:
    variables = server.connection()
    return boto3.Session().client(
        service,
        endpoint_url=server.call("Studio.GetHome")["EndpointUrl"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=ClientConfig(s3={"addressing_style": "path"}),
    )


def _wait(check: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := check():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def _methods() -> list[tuple[str, str]]:
    """Every route, with every method that its handler has of its own."""
    return [
        (method, pattern.replace("([A-Za-z0-9-]+)", "name").lstrip("/"))
        for pattern, handler in ROUTES
        for method in ("get", "post", "put", "patch", "delete")
        if any(method in vars(each) for each in inspect.getmro(handler)[:2])
    ]


def test_there_are_routes_to_check() -> None:
    assert _methods() == [
        ("post", "studio/api"),
        ("post", "studio/invoke/name"),
        ("get", "studio/object"),
    ]


@pytest.mark.parametrize(("method", "path"), _methods())
@pytest.mark.parametrize("token", ["", "token wrong"])
def test_every_route_asks_who_is_there(server: Jupyter, method: str, path: str, token: str) -> None:
    headers = {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Authorization": token}
    answer = server.request(method, path, data=b"{}", headers=headers, allow_redirects=False)
    assert answer.status_code == 403
    assert "TrainingJobSummaries" not in answer.text


def test_jupyter_finds_every_handler_guarded(server: Jupyter) -> None:
    log = server.log.read_text()
    assert "studio_ext | extension was successfully loaded" in log
    assert not [line for line in log.splitlines() if "without auth" in line and "studio" in line]


def test_another_sites_page_cannot_act_for_a_logged_in_user(server: Jupyter) -> None:
    session = requests.Session()
    session.get(f"{server.url}login", params={"token": TOKEN}, timeout=30)
    assert session.cookies
    headers = {"X-Amz-Target": "SageMaker.ListTrainingJobs"}
    url = f"{server.url}studio/api"
    forged = session.post(url, data=b"{}", headers=headers, timeout=30)
    assert forged.status_code == 403
    headers["X-XSRFToken"] = session.cookies["_xsrf"]
    assert session.post(url, data=b"{}", headers=headers, timeout=30).status_code == 200


def test_an_operation_runs(server: Jupyter) -> None:
    answer = server.operation("SageMaker.ListTrainingJobs")
    assert answer.json()["TrainingJobSummaries"] == []
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("SageMaker.BrewCoffee", "UnknownOperationException"),
        ("Coffee.List", "NotImplemented"),
        ("", "ValidationException"),
    ],
)
def test_an_unknown_target_is_refused(server: Jupyter, target: str, code: str) -> None:
    answer = server.operation(target)
    assert answer.status_code in (400, 501)
    assert answer.json()["__type"].split("#")[-1] == code


def test_a_wrong_request_is_explained_by_field(server: Jupyter) -> None:
    answer = server.operation("SageMaker.ListTrainingJobs", MaxResults=1000)
    assert answer.status_code == 400
    assert "maxResults" in answer.text


def test_an_object_is_downloaded_as_it_is(server: Jupyter, s3: Any) -> None:
    body = bytes(range(256)) * 3000
    s3.put_object(Bucket=BUCKET, Key="out/mödel <1>.tar.gz", Body=body)
    uri = f"s3://{BUCKET}/out/mödel <1>.tar.gz"
    answer = server.request("GET", "studio/object", params={"uri": uri})
    assert answer.content == body
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''m%C3%B6del%20%3C1%3E.tar.gz"
    )


def test_an_empty_object_is_no_json(server: Jupyter, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")
    answer = server.request("GET", "studio/object", params={"uri": f"s3://{BUCKET}/empty"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "s3://",
        "s3://../studio.db",
        f"s3://{BUCKET}/../../studio.db",
        f"s3://{BUCKET}/../../../../../../../../etc/passwd",
        f"s3://{BUCKET}//etc/passwd",
        f"s3://{BUCKET}/missing",
        "s3://no-such-bucket/key",
    ],
)
def test_downloads_stay_in_the_store(server: Jupyter, s3: Any, uri: str) -> None:
    answer = server.request("GET", "studio/object", params={"uri": uri})
    assert answer.status_code in (400, 404)
    assert answer.json()["message"]
    assert "root:" not in answer.text


def test_a_download_needs_an_address(server: Jupyter) -> None:
    assert server.request("GET", "studio/object").status_code == 400


def test_an_unknown_endpoint_gives_the_apis_error(server: Jupyter) -> None:
    answer = server.request("POST", "studio/invoke/nowhere", data=b"1,2")
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationError"
    assert "nowhere" in answer.json()["Message"]


def test_an_endpoints_name_is_no_path(server: Jupyter) -> None:
    assert server.request("POST", "studio/invoke/a%2Fb", data=b"1").status_code == 404


KERNEL_CODE = """
import boto3, json, os
jobs = boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
buckets = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
print(json.dumps({"jobs": len(jobs), "buckets": buckets, "aws": dict(
    (name, value) for name, value in os.environ.items() if name.startswith("AWS_"))}))
"""


def _run(client: BlockingKernelClient, code: str) -> str:
    """What code prints in a kernel."""
    printed: list[str] = []
    failed: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
        elif message["msg_type"] == "error":
            failed.append("\n".join(message["content"]["traceback"]))

    client.execute_interactive(code, timeout=60, output_hook=collect)
    assert not failed, failed[0]
    return "".join(printed)


def _ready(path: Path) -> BlockingKernelClient:
    """A client of the kernel of a connection file, once it answers.

    A client takes a kernel for dead whose heart has not beaten for a second. One that still starts
    on a busy machine is merely late, so it is asked again.
    """
    deadline = time.monotonic() + 120
    while True:
        client = BlockingKernelClient(connection_file=str(path))
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
        except RuntimeError:
            client.stop_channels()
            if time.monotonic() > deadline:
                raise
        else:
            return client


def test_a_kernel_is_connected_also_after_a_restart(server: Jupyter, s3: Any) -> None:
    kernel = server.request("POST", "api/kernels", json={"name": "python3"}).json()["id"]
    path = server.folder / "runtime" / f"kernel-{kernel}.json"
    for restarts in range(2):
        client = _ready(path)
        try:
            seen = json.loads(_run(client, KERNEL_CODE))
        finally:
            client.stop_channels()
        assert BUCKET in seen["buckets"]
        assert seen["aws"]["AWS_ENDPOINT_URL"] == server.call("Studio.GetHome")["EndpointUrl"]
        assert not set(OWN_SETUP) & set(seen["aws"])
        if not restarts:
            assert server.request("POST", f"api/kernels/{kernel}/restart").ok
    assert server.request("DELETE", f"api/kernels/{kernel}").ok


def _train(server: Jupyter, name: str) -> None:
    """A job that fails at once, for want of its script: enough to be seen."""
    home = server.call("Studio.GetHome")
    server.call(
        "SageMaker.CreateTrainingJob",
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        RoleArn=home["Role"],
        HyperParameters={
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{BUCKET}/none.tar.gz"',
        },
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def _jobs(server: Jupyter) -> dict[str, str]:
    summaries = server.call("SageMaker.ListTrainingJobs")["TrainingJobSummaries"]
    return {job["TrainingJobName"]: job["TrainingJobStatus"] for job in summaries}


def test_two_servers_share_a_home(
    server: Jupyter, s3: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = server.call("Studio.GetHome")["EndpointUrl"]
    with Jupyter(tmp_path_factory.mktemp("second"), server.home) as second:
        other = second.call("Studio.GetHome")["EndpointUrl"]
        assert other != first
        _train(server, "from-the-first")
        _train(second, "from-the-second")
        for each in (server, second):
            ended = {"from-the-first": "Failed", "from-the-second": "Failed"}
            _wait(lambda each=each, ended=ended: _jobs(each) == ended, f"{ended} on {each.url}")
        # Whoever looks for the home's address goes on finding the first.
        assert server.connection()["AWS_ENDPOINT_URL"] == first
    assert server.call("Studio.GetHome")["EndpointUrl"] == first


def test_a_restarted_server_has_the_same_address(tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        with Jupyter(tmp_path / "jupyter", home) as server:
            before = server.call("Studio.GetHome")["EndpointUrl"]
        with server:
            assert server.call("Studio.GetHome")["EndpointUrl"] == before
            control = read_json(home / "run" / "control.json") or {}
            assert before.endswith(f":{control['port']}")
    finally:
        end_all_of(home)


def test_jupyter_starts_where_studio_cannot(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the home should be")
    with Jupyter(tmp_path / "jupyter", tmp_path / "home") as server:
        assert server.request("GET", "api/contents").ok
        for answer in (
            server.operation("Studio.GetHome"),
            server.request("POST", "studio/invoke/name", data=b"1"),
            server.request("GET", "studio/object", params={"uri": "s3://bucket/key"}),
        ):
            assert answer.status_code == 503
            assert str(server.home) in answer.text
        begun = time.monotonic()
    assert time.monotonic() - begun < STOP_S, "Jupyter had to be killed"


def test_a_flows_request_ends_with_the_page_that_made_it(server: Jupyter) -> None:
    """The server's user reads what lies below its root; what nobody waits for is ended."""
    (server.root / "rows.csv").write_text("a\n1\n2\n")
    place = {"s3Uri": "rows.csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "rows", "s3ExecutionContext": place}
    rows = {
        "node_id": "rows",
        "type": "SOURCE",
        "operator": "sagemaker.s3_source_0.1",
        "parameters": {"dataset_definition": definition},
        "inputs": [],
        "outputs": [{"name": "default"}],
    }
    code = {"code": "import time\ntime.sleep(600)"}
    slow = {
        "node_id": "slow",
        "type": "TRANSFORM",
        "operator": "sagemaker.spark.custom_code_0.1",
        "parameters": {"operator": "Python (Pandas)", "pandas_parameters": code},
        "inputs": [{"name": "df", "node_id": "rows", "output_name": "default"}],
        "outputs": [{"name": "default"}],
    }
    document = json.dumps({"metadata": {"version": 1}, "nodes": [rows, slow]})
    page = server.call("Studio.PreviewFlow", Document=document, NodeId="rows")
    assert page["Data"] == [["1", "2"]]
    headers = {"Authorization": f"token {TOKEN}", "X-Amz-Target": "Studio.PreviewFlow"}
    body = json.dumps({"Document": document, "NodeId": "slow"})
    with pytest.raises(requests.Timeout):
        requests.post(f"{server.url}studio/api", data=body, headers=headers, timeout=(60, 3))
    # The one process of the flow answers at once: nothing holds it.
    assert server.call("Studio.DescribeNode", Document=document, NodeId="rows")["Columns"]
