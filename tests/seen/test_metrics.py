"""``/metrics``: who may read it, that Prometheus can, and that the numbers are what was done."""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as ClientConfig
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families
from studio_plane import Studio, running_studio, wait_for

from studio_ext import cli
from studio_ext.hosting.gateway import client as gateway
from studio_ext.hosting.gateway.metrics import Invocations
from studio_ext.seen import exposition
from studio_ext.seen.tally import SECONDS, Tally
from studio_ext.store.credentials import Credential

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running_studio() as studio:
        yield studio


def _gateway_url(studio: Studio) -> str:
    found = gateway.info(studio.config)
    assert found is not None
    return f"http://127.0.0.1:{found.port}"


def _urls(studio: Studio) -> list[str]:
    return [f"{url}/metrics" for url in (studio.plane.url, _gateway_url(studio))]


def _parsed(text: str) -> Samples:
    """Samples by name and sorted labels; every line must be one or a comment, none twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.type != "unknown" and family.documentation
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(found)
    return found


def _read(url: str, token: str) -> Samples:
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return _parsed(answer.text)


def _control(studio: Studio) -> Samples:
    return _read(f"{studio.plane.url}/metrics", exposition.token(studio.config))


def _risen(before: Samples, after: Samples, name: str, **labels: str) -> float:
    """By how much the samples of a name with these labels, and any others, have risen."""
    wanted = set(labels.items())

    def total(samples: Samples) -> float:
        return sum(v for (n, has), v in samples.items() if n == name and wanted <= set(has))

    return total(after) - total(before)


def _signed(url: str, credential: Credential, service: str) -> dict[str, str]:
    request = AWSRequest("GET", url)
    keys = Credentials(
        credential.access_key_id, credential.secret_access_key, credential.session_token
    )
    SigV4Auth(keys, service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_nobody_reads_without_a_token(studio: Studio) -> None:
    for url in _urls(studio):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
            answer = requests.get(url, headers=headers, timeout=60)
            assert answer.status_code in (401, 403), (url, headers)
            assert "studio_" not in answer.text.replace("studio metrics-token", "")
    assert exposition.token_path(studio.config).stat().st_mode & 0o777 == 0o600


def test_the_administrator_may_sign_and_others_may_not(studio: Studio) -> None:
    job = studio.plane.store.credentials.issue("a test's job", lifetime_s=60, scope="workload")
    for url in _urls(studio):
        key = studio.plane.credential
        service = "studio" if studio.plane.url in url else "sagemaker"
        answer = requests.get(url, headers=_signed(url, key, service), timeout=60)
        assert answer.status_code == 200 and "studio_build_info" in answer.text
        refused = requests.get(url, headers=_signed(url, job, service), timeout=60)
        assert refused.status_code in (400, 403) and "studio_build_info" not in refused.text


def test_a_bucket_may_be_called_metrics(studio: Studio) -> None:
    studio.s3.create_bucket(Bucket="metrics")
    studio.s3.put_object(Bucket="metrics", Key="k", Body=b"x")
    assert [item["Key"] for item in studio.s3.list_objects_v2(Bucket="metrics")["Contents"]] == [
        "k"
    ]
    assert studio.s3.list_objects(Bucket="metrics")["Contents"][0]["Size"] == 1


def test_the_command_prints_the_token(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["metrics-token", "--home", studio.config.home]) == 0
    token = capsys.readouterr().out.strip()
    for url in _urls(studio):
        assert _read(url, token)
    # A new one takes the place of a deleted one at once.
    exposition.token_path(studio.config).unlink()
    for url in _urls(studio):
        assert requests.get(url, headers={"Authorization": f"Bearer {token}"}).status_code != 200


def test_counters_rise_by_what_was_done(studio: Studio) -> None:
    before = _control(studio)
    studio.s3.create_bucket(Bucket="counted")
    for _ in range(3):
        studio.s3.put_object(Bucket="counted", Key="k", Body=b"x" * 1000)
    studio.s3.get_object(Bucket="counted", Key="k")["Body"].read()
    with pytest.raises(ClientError):
        studio.sagemaker.describe_training_job(TrainingJobName="nope")

    def answered() -> Samples | None:
        # An answer is counted once it is out, so the last one may be counted a moment later.
        now = _control(studio)
        done = _risen(before, now, "studio_requests_total", operation="DescribeTrainingJob")
        return now if done else None

    after = wait_for(answered)
    for operation, status, times in (
        ("CreateBucket", "200", 1),
        ("PutObject", "200", 3),
        ("GetObject", "200", 1),
        ("DescribeTrainingJob", "400", 1),
        ("DescribeTrainingJob", "200", 0),
    ):
        about = {"operation": operation, "status": status}
        assert _risen(before, after, "studio_requests_total", **about) == times, operation
    seconds = "studio_request_duration_seconds"
    assert _risen(before, after, f"{seconds}_count", operation="PutObject") == 3
    assert _risen(before, after, f"{seconds}_bucket", operation="PutObject", le="+Inf") == 3
    assert 0 < _risen(before, after, f"{seconds}_sum", operation="PutObject") < 10
    # botocore wraps a body in chunks with their signatures and checksum: a little more comes in.
    assert 3000 <= _risen(before, after, "studio_object_bytes_total", direction="in") < 6000
    assert 1000 <= _risen(before, after, "studio_object_bytes_total", direction="out") < 2000
    assert after["studio_requests_in_flight", ()] == 0
    assert _risen(before, after, "studio_database_transaction_seconds_count", mode="write") >= 4


def test_what_runs_is_shown(studio: Studio) -> None:
    before = _control(studio)
    studio.plane.store.metrics.append("000000000000/x/y", [("a", "", 1.0, 1, 1.0)])
    studio.run("shown")
    after = _control(studio)
    completed = tuple(sorted({"kind": "training-job", "status": "Completed"}.items()))
    assert after["studio_resources", completed] == 1
    assert after["studio_queue_length", ()] == 0 and after["studio_cores_in_use", ()] == 0
    assert after["studio_cores", ()] == studio.config.max_cores
    steps = {"kind": "training-job", "outcome": "done"}
    assert _risen(before, after, "studio_reconciler_steps_total", **steps) >= 2
    assert _risen(before, after, "studio_reconciler_steps_total", outcome="failed") == 0
    assert after["studio_reconciler_lag_seconds", ()] < 5
    assert _risen(before, after, "studio_metric_rows_total") >= 1
    resident = after["process_resident_memory_bytes", ()]
    assert 10e6 < resident < 10e9 and after["process_open_fds", ()] > 5
    (about,) = [dict(has) for (name, has) in after if name == "studio_build_info"]
    assert about["component"] == "control" and about["version"].startswith("0.")


def test_labels_stay_few_whatever_names_come(studio: Studio) -> None:
    """Operations, services, methods and paths that a client makes up get one label together."""
    random_text = random.Random(7)
    session = requests.Session()
    before = _control(studio)

    def word() -> str:
        return "".join(random_text.choices(string.ascii_letters + '"\\\n{}', k=12)).strip()

    sent = 0
    for _ in range(150):
        name = word().replace("\n", "n")
        key = studio.plane.credential
        url = studio.plane.url
        request = AWSRequest("POST", f"{url}/", {"X-Amz-Target": f"SageMaker.{name}"}, b"{}")
        keys = Credentials(key.access_key_id, key.secret_access_key)
        SigV4Auth(keys, "sagemaker", "us-east-1").add_auth(request)
        answer = session.post(f"{url}/", headers=dict(request.headers.items()), data=b"{}")
        assert answer.status_code < 500 or answer.status_code == 501
        sent += 1
    client = boto3.client(
        "sagemaker",
        endpoint_url=studio.plane.url,
        region_name="us-east-1",
        aws_access_key_id="AKIANOBODY",
        aws_secret_access_key="x",
        config=ClientConfig(retries={"max_attempts": 0}),
    )
    for operation in ("create_app", "create_cluster", "list_apps", "describe_hub"):
        with pytest.raises(ClientError):
            getattr(client, operation)(**_any_parameters(client, operation))
        sent += 1
    after = _control(studio)
    new = {key for key in after if key not in before and key[0] == "studio_requests_total"}
    assert {dict(has)["operation"] for _, has in new} <= {"unknown"}
    assert _risen(before, after, "studio_requests_total", operation="unknown") >= sent - 1
    built = {
        operation
        for service in studio.plane.dispatcher.registry.services()
        for operation in studio.plane.dispatcher.registry.operations(service)
    }
    shown = {dict(has).get("operation", "unknown") for _, has in after}
    assert shown <= built | {"unknown"}


def _any_parameters(client: Any, operation: str) -> dict[str, str]:
    shape = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[operation]
    ).input_shape
    return {
        name: "x" for name in shape.required_members if shape.members[name].type_name == "string"
    }


def test_a_tally_loses_nothing_between_threads() -> None:
    tally = Tally()

    def work() -> None:
        for _ in range(5000):
            tally.count("a")
            tally.time("a", seconds=0.2)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.counts() == {("a",): 20_000}
    times = tally.times()["a",]
    assert sum(times.counts) == 20_000 == times.counts[SECONDS.index(0.25)]


def test_invocations_are_shown_as_they_are_stored() -> None:
    """The same sums for CloudWatch and for Prometheus."""
    counted = Invocations()
    for status, seconds in ((200, 0.002), (200, 0.3), (400, 0.002), (500, 0.002)):
        counted.add("1/endpoint/e", "A", 1, seconds, 0.001, status)
    counted.refused[403] = 2
    counted.turn(last=True)
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in counted.collect()
        for sample in family.samples
    }
    about = (("account", "1"), ("endpoint", "e"))
    by_status = {
        status: samples["studio_invocations_total", (*about, ("status", status), ("variant", "A"))]
        for status in ("2xx", "4xx", "5xx")
    }
    assert by_status == {"2xx": 2, "4xx": 1, "5xx": 1}
    below = (*about, ("le", "0.0025"), ("variant", "A"))
    assert samples["studio_model_latency_seconds_bucket", below] == 3
    assert samples["studio_gateway_errors_total", (("status", "403"),)] == 2


def test_the_gateway_counts_what_it_refuses(studio: Studio) -> None:
    url, token = f"{_gateway_url(studio)}/metrics", exposition.token(studio.config)
    before = _read(url, token)
    runtime = studio.client("sagemaker-runtime", url=_gateway_url(studio))
    with pytest.raises(ClientError):
        runtime.invoke_endpoint(EndpointName="nope", Body=b"1")
    after = _read(url, token)
    assert _risen(before, after, "studio_gateway_errors_total", status="400") == 1
    (about,) = [dict(has) for (name, has) in after if name == "studio_build_info"]
    assert about["component"] == "gateway"
