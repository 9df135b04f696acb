"""What the fuzzer has found, one test each, over the wire."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fuzz_http import Answer, Key, Wire, presigned, signed
from fuzz_judge import Case, error_of, judge
from fuzz_server import Server
from fuzz_wire import request
from fuzz_world import BUCKET, ENDPOINT, World

from studio_ext.wire import models, validate
from studio_ext.wire import server as wire_server
from studio_ext.wire.dispatch import Credential, Dispatcher, Registry
from studio_ext.wire.server import asgi_app

Call = Callable[..., Answer]


def refused(answer: Answer, protocol: str, member: str = "") -> tuple[str, str]:
    """Code and message of an answer that the judge finds nothing wrong with."""
    assert judge(Case("found", protocol, refused=True, member=member), answer) == []
    return error_of(protocol, answer)


@pytest.mark.parametrize(
    ("operation", "params", "protocol", "member"),
    [
        ("sagemaker.ListModels", {"CreationTimeAfter": "soon"}, "json", "CreationTimeAfter"),
        ("sagemaker.ListModels", {"CreationTimeAfter": True}, "json", "CreationTimeAfter"),
        ("sts.GetSessionToken", {"DurationSeconds": "many"}, "query", "DurationSeconds"),
        (
            "s3.ListObjectsV2",
            {"Bucket": BUCKET, "MaxKeys": "many"},
            "rest-xml",
            "MaxKeys",
        ),
        (
            "s3.PutObject",
            {"Bucket": BUCKET, "Key": "k", "Expires": "never"},
            "rest-xml",
            "Expires",
        ),
        (
            "s3.DeleteObjects",
            {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "a", "Size": "big"}]}},
            "rest-xml",
            "Delete.Objects.Size",
        ),
        (
            "cloudwatch.PutMetricData",
            {"Namespace": "N", "MetricData": [{"MetricName": "m", "Timestamp": "x"}]},
            "json",
            "MetricData.Timestamp",
        ),
    ],
)
def test_an_unreadable_value_is_named(
    call: Call, operation: str, params: dict[str, Any], protocol: str, member: str
) -> None:
    if protocol == "json" and operation.startswith("cloudwatch"):
        protocol = "any"
    code, _ = refused(call(operation, **params), protocol, member)
    assert code == "SerializationException"


@pytest.mark.parametrize("number", ["@digits@", "@1e400@", "@nan@", 2**63, 2**31, 1.5])
def test_numbers_beyond_their_type_are_named(call: Call, number: Any) -> None:
    refused(call("sagemaker.ListModels", MaxResults=number), "json", "MaxResults")
    refused(call("logs.GetLogEvents", logStreamName="s", limit=number), "json", "limit")


@pytest.mark.parametrize("weight", ["@nan@", "@1e400@", "NaN", "Infinity"])
def test_a_weight_is_a_finite_number(call: Call, world: World, weight: str) -> None:
    variant = {
        "VariantName": "a",
        "ModelName": "fuzz-model",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": weight,
    }
    answer = call(
        "sagemaker.CreateEndpointConfig", EndpointConfigName="nan", ProductionVariants=[variant]
    )
    refused(answer, "json", "InitialVariantWeight")


@pytest.mark.parametrize("text", ["a\ud800b", "\udc00\ud800"])
def test_half_a_character_is_none(call: Call, text: str) -> None:
    refused(call("studio.GetMetricSeries", ResourceName=text), "json", "ResourceName")
    refused(call("sagemaker.DescribeModel", ModelName=text), "json", "ModelName")
    tags = [{"Key": text, "Value": "v"}]
    refused(call("sagemaker.AddTags", ResourceArn="arn:aws:x", Tags=tags), "json", "Key")


def test_escaped_pairs_are_characters(call: Call) -> None:
    answer = call("sagemaker.ListModels", NameContains="\U0001f4a9")
    _, message = refused(answer, "json", "nameContains")
    assert "pattern" in message


def test_tokens_of_s3_may_be_of_any_letters(call: Call) -> None:
    for token in ("é", "====", "AAA", "\U0001f4a9", "x" * 4000):
        answer = call("s3.ListBuckets", ContinuationToken=token)
        assert refused(answer, "rest-xml")[0] == "InvalidArgument"
        answer = call("s3.ListObjectsV2", Bucket=BUCKET, ContinuationToken=token)
        assert refused(answer, "rest-xml")[0] == "InvalidArgument"


@pytest.mark.parametrize("name", ["ChecksumCRC32", "ChecksumSHA256", "ContentMD5"])
def test_checksums_of_any_letters_are_refused(call: Call, name: str) -> None:
    refused(call("s3.PutObject", Bucket=BUCKET, Key="k", Body=b"x", **{name: "Ünï"}), "rest-xml")


def forged(position: Any, **asked: Any) -> str:
    """A token of the server's own form: who knows the code can make one."""
    text = json.dumps([position, asked], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(json.dumps([digest, position]).encode()).decode()


@pytest.mark.parametrize(
    "position",
    [[{"a": 1}, 1], [[1], 1], ["x", 1], [None, None], [1.0, 10**30], [1.0, -1], [], "x", 5, None],
)
def test_forged_tokens_are_refused(call: Call, position: Any) -> None:
    token = forged(position)
    refused(call("sagemaker.ListModels", NextToken=token), "json", "NextToken")
    arn = "arn:aws:sagemaker:us-east-1:000000000000:model/fuzz-model"
    if not isinstance(position, str):
        text = json.dumps([position, arn], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        made = base64.urlsafe_b64encode(json.dumps([digest, position]).encode()).decode()
        refused(call("sagemaker.ListTags", ResourceArn=arn, NextToken=made), "json", "NextToken")


def word(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        word([1e999, {}]),
        word([1, {"fuzz-job/algo-1": -5}]),
        word([10**30, {}]),
        word({"a": 1}),
        word([[], []]),
        "é",
        "x" * 3000,
    ],
)
def test_tokens_of_logs_and_metrics_are_refused(call: Call, token: str) -> None:
    group = "/aws/sagemaker/TrainingJobs"
    refused(call("logs.FilterLogEvents", logGroupName=group, nextToken=token), "json")
    refused(call("logs.DescribeLogGroups", nextToken=token), "json")
    refused(call("cloudwatch.ListMetrics", NextToken=token), "any")


def test_a_signature_is_given_once(server: Server, world: World) -> None:
    sender = server.sender()
    wire = Wire("GET", f"/{BUCKET}", service="s3", protocol="rest-xml")
    right = presigned(wire, server.key, sender.authority)
    assert sender.send(right.raw()).status == 200
    twice = replace(right, query=right.query + "&X-Amz-Signature=" + "0" * 64)
    assert refused(sender.send(twice.raw()), "rest-xml")[0] == "IncompleteSignature"


def test_headers_that_the_gateway_could_not_be_sent(call: Call) -> None:
    answer = call("sagemaker-runtime.InvokeEndpoint", EndpointName=ENDPOINT, Accept="Ünï", Body=b"")
    _, message = refused(answer, "any")
    assert "accept" in message.lower()


async def test_a_client_that_falls_silent_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire_server, "IDLE_S", 0.05)

    class NoKeys:
        def get(self, _access_key_id: str) -> None:
            return None

    app = asgi_app(Dispatcher(Registry(), NoKeys(), "us-east-1"))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"content-length", b"100"), (b"x-amz-target", b"SageMaker.ListModels")],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not sent:
            await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def answer(message: dict[str, Any]) -> None:
        sent.append(message)

    await asyncio.wait_for(app(scope, receive, answer), 60)
    assert sent[0]["status"] == 400
    assert dict(sent[0]["headers"])[b"connection"] == b"close"
    assert json.loads(sent[1]["body"])["__type"] == "RequestTimeout"


def test_an_error_repeats_little_of_what_was_sent(call: Call) -> None:
    answer = call(
        "cloudwatch.GetMetricStatistics",
        Namespace="N",
        MetricName="m",
        StartTime=0,
        EndTime=60,
        Period=60,
        ExtendedStatistics=["p" * (5 << 20)],
    )
    refused(answer, "any")
    assert len(answer.body) < 20_000


def test_a_deep_bucket_policy_is_refused(call: Call) -> None:
    for text in ("[" * 10_000, '{"a":' * 3000, "{}", "\ufeff{}", "[]"):
        answer = call("s3.PutBucketPolicy", Bucket=BUCKET, Policy=text)
        assert refused(answer, "rest-xml")[0] == "MalformedPolicy"


def test_an_upload_of_no_parts_and_a_class_that_is_none_have_codes_of_s3(
    call: Call, world: World
) -> None:
    params = {"Bucket": BUCKET, "Key": "a.csv", "UploadId": world.upload}
    answer = call("s3.CompleteMultipartUpload", **params, MultipartUpload={"Parts": []})
    assert refused(answer, "rest-xml")[0] == "MalformedXML"
    answer = call("s3.PutObject", Bucket=BUCKET, Key="k", Body=b"", StorageClass="SLOW")
    assert refused(answer, "rest-xml", "StorageClass")[0] == "InvalidStorageClass"


def test_a_nul_is_in_no_name(call: Call) -> None:
    bucket = {"Bucket": BUCKET}
    for operation, params, member in (
        ("s3.ListObjectsV2", {**bucket, "Prefix": "a\0"}, "Prefix"),
        ("s3.GetObject", {**bucket, "Key": "a\0"}, "Key"),
        ("s3.PutObject", {**bucket, "Key": "a\0", "Body": b""}, ""),
        ("s3.HeadBucket", {"Bucket": "a\0b"}, ""),
        ("s3.CopyObject", {**bucket, "Key": "k", "CopySource": f"{BUCKET}/a%00"}, ""),
    ):
        wire_answer = call(operation, **params)
        if operation == "s3.HeadBucket":
            assert wire_answer.status == 400
        else:
            code, _ = refused(wire_answer, "rest-xml", member)
            assert code in ("InvalidURI", "InvalidArgument")
    refused(call("iam.GetRole", RoleName="a\0b"), "query", "RoleName")
    refused(call("sagemaker.ListModels", NameContains="a\0b"), "json", "NameContains")


def test_what_no_database_has_room_for_is_named(call: Call, world: World) -> None:
    """PostgreSQL's columns and the entries of its indexes have an end, whatever is stored."""
    long = "text/" + "x" * 2000
    for operation in ("s3.PutObject", "s3.CreateMultipartUpload"):
        answer = call(operation, Bucket=BUCKET, Key="k", ContentType=long)
        assert refused(answer, "rest-xml")[0] == "MetadataTooLarge"
        assert b"Content-Type" in answer.body
    letters = "".join(map(chr, range(0x20000, 0x20000 + 255)))  # that no compression shortens
    datum = {"MetricName": letters, "Value": 1, "Dimensions": [{"Name": letters, "Value": letters}]}
    answer = call("cloudwatch.PutMetricData", Namespace=letters, MetricData=[datum])
    assert "MetricName" in refused(answer, "any")[1]
    datum["Dimensions"] = []
    answer = call("cloudwatch.PutMetricData", Namespace=letters, MetricData=[datum])
    assert answer.status == 200, answer


@pytest.mark.parametrize("moment", ["1e308", "9223372036854775808", "-1e40"])
def test_times_beyond_all_years_are_none(call: Call, moment: str) -> None:
    after = {"Name": "CreationTime", "Operator": "GreaterThan", "Value": moment}
    answer = call("sagemaker.Search", Resource="TrainingJob", SearchExpression={"Filters": [after]})
    assert "CreationTime" in refused(answer, "json")[1]


@pytest.mark.parametrize(("tags", "beside"), [(1, False), (20_000, True)])
async def test_large_parameters_are_looked_through_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, tags: int, beside: bool
) -> None:
    loop_thread = threading.get_ident()
    threads: list[int] = []

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            threads.append(threading.get_ident())
            return function(*arguments)

        return run

    monkeypatch.setattr(wire_server, "parse", noted(wire_server.parse))
    monkeypatch.setattr(validate, "check", noted(validate.check))
    registry = Registry()
    registry.add("sagemaker", "AddTags", lambda _call, _params: {})
    key = Key("AKIAFUZZ", "secret")
    known = Credential(key.access, key.secret, None, "default", "default", "arn")

    class Keys:
        def get(self, _access_key_id: str) -> Credential:
            return known

    params = {"ResourceArn": "arn:aws:x", "Tags": [{"Key": "k" * 100, "Value": "v"}] * tags}
    operation = models.service_model("sagemaker").operation_model("AddTags")
    wire = signed(request(operation, params), key, "localhost")
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in wire.headers]
        + [(b"content-length", str(len(wire.body)).encode())],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": wire.body}

    async def answer(_message: dict[str, Any]) -> None:
        pass

    await asgi_app(Dispatcher(registry, Keys(), "us-east-1"))(scope, receive, answer)
    assert len(threads) == 2
    assert [thread != loop_thread for thread in threads] == [beside] * 2


def test_blanks_around_a_header_are_not_its_value(call: Call) -> None:
    answer = call(
        "sagemaker-runtime.InvokeEndpoint",
        EndpointName=ENDPOINT,
        CustomAttributes="  a=b ",
        Body=b"x",
    )
    assert answer.status == 200, answer


def test_threads_share_the_pools_of_freed_memory() -> None:
    """What a large request needed once is not kept for each thread that ever served one."""
    script = """
        import ctypes, re, sys, tempfile, threading
        from studio_ext.plane import _few_arenas
        _few_arenas()
        def work():
            [bytes(1000) for _ in range(3000)]
        for thread in (threads := [threading.Thread(target=work) for _ in range(16)]):
            thread.start()
        for thread in threads:
            thread.join()
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        name = tempfile.mktemp()
        file = ctypes.c_void_p(libc.fopen(name.encode(), b"w"))
        libc.malloc_info(0, file)
        libc.fclose(file)
        print(len(re.findall("<heap nr", open(name).read())))
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert int(said.stdout) <= 2
