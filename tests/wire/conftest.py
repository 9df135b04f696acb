"""A real server with echo handlers, and real clients of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.client import BaseClient
from botocore.config import Config

from studio_ext.wire.dispatch import Call, Credential, Dispatcher, FileBody, Registry
from studio_ext.wire.errors import ApiError, ResourceInUse
from studio_ext.wire.server import asgi_app

REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/StudioExecutionRole"
KEY, SECRET = "AKIASTUDIOTEST000000", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TEMPORARY = Credential("ASIATEMP", "temporary secret", "the token", "d", "ana", ROLE)
EXPIRED = Credential("ASIAOLD", "old secret", "old token", "d", "ana", ROLE, expires=1.0)


class Keys:
    """Access keys in memory."""

    def __init__(self) -> None:
        permanent = Credential(KEY, SECRET, None, "default", "default", ROLE)
        self._known = {c.access_key_id: c for c in (permanent, TEMPORARY, EXPIRED)}

    def get(self, access_key_id: str) -> Credential | None:
        return self._known.get(access_key_id)

    def issue(
        self, purpose: str, *, domain: str, user_profile: str, lifetime_s: float | None
    ) -> Credential:
        expires = None if lifetime_s is None else time.time() + lifetime_s
        number = len(self._known)
        issued = Credential(
            f"ASIA{number:016d}",
            f"secret{number}",
            "token",
            domain,
            user_profile,
            ROLE,
            expires=expires,
        )
        self._known[issued.access_key_id] = issued
        return issued


class Seen(list[tuple[Call, dict[str, Any]]]):
    """Every call that reached a handler, oldest first."""

    @property
    def last(self) -> dict[str, Any]:
        return self[-1][1]

    @property
    def call(self) -> Call:
        return self[-1][0]


def build_registry(seen: Seen, folder: Path) -> Registry:
    """Handlers that note what they got; S3 objects are kept in `folder` by a made-up number."""
    registry = Registry()
    objects: dict[tuple[str, str], tuple[Path, dict[str, Any]]] = {}
    answers: dict[tuple[str, str], Any] = {
        ("sagemaker", "CreateTrainingJob"): {"TrainingJobArn": "arn:job", "Unknown": 1},
        ("sagemaker", "ListTrainingJobs"): {"TrainingJobSummaries": [], "NextToken": None},
        ("sagemaker", "AddTags"): {"Tags": []},
        ("sagemaker", "Search"): {"Results": []},
        ("sagemaker-featurestore-runtime", "GetRecord"): {"Record": []},
        ("sagemaker-featurestore-runtime", "PutRecord"): None,
        ("sagemaker-metrics", "BatchPutMetrics"): {},
        ("logs", "GetLogEvents"): {"events": [{"timestamp": 5, "message": "é\n"}]},
        ("cloudwatch", "PutMetricData"): None,
        ("s3", "CreateBucket"): {"Location": "/b"},
        ("s3", "PutObjectTagging"): {},
        ("s3", "PutObjectAcl"): {},
        ("s3", "CreateMultipartUpload"): {"Bucket": "b", "Key": "k", "UploadId": "u1"},
        ("s3", "CompleteMultipartUpload"): {"ETag": '"e-1"'},
        ("s3", "AbortMultipartUpload"): None,
        ("s3", "ListParts"): {"Parts": []},
        ("s3", "CopyObject"): {"CopyObjectResult": {"ETag": '"e"'}},
        ("s3", "UploadPartCopy"): {"CopyPartResult": {"ETag": '"e"'}},
        ("s3", "GetObjectTagging"): {"TagSet": [{"Key": "k", "Value": "v"}]},
        ("s3", "DeleteObjects"): {"Deleted": [{"Key": "a"}, {"Key": "b"}]},
        ("s3", "DeleteObject"): {},
        ("s3", "HeadBucket"): {"BucketRegion": REGION},
        ("s3", "ListBuckets"): {"Buckets": [{"Name": "b", "CreationDate": 0}]},
        ("s3", "ListObjects"): {"Contents": [{"Key": "v1"}]},
        ("s3", "ListObjectsV2"): {"Contents": [{"Key": "a b"}, {"Key": "c\rd"}]},
        ("s3", "GetBucketLocation"): {"LocationConstraint": "eu-west-1"},
        ("s3", "PutBucketPolicy"): None,
    }

    def recorded(answer: Any) -> Callable[[Call, dict[str, Any]], Any]:
        def handler(call: Call, params: dict[str, Any]) -> Any:
            seen.append((call, params))
            return answer

        return handler

    for (service, operation), answer in answers.items():
        registry.add(service, operation, recorded(answer))

    def describe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        seen.append((call, params))
        if params["TrainingJobName"] == "crash":
            raise RuntimeError("a secret detail")
        if params["TrainingJobName"] == "taken":
            raise ResourceInUse("The name is taken")
        return {"TrainingJobName": params["TrainingJobName"], "CreationTime": 1700000000.123}

    async def get_metric_data(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        seen.append((call, params))
        result = {"Id": "m", "Timestamps": [params["StartTime"]], "Values": [1.5]}
        return {"MetricDataResults": [result]}

    def invoke_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        seen.append((call, params))
        if params["EndpointName"] == "broken":
            fields = {"OriginalStatusCode": 500, "OriginalMessage": "boom"}
            raise ApiError("ModelError", "Received server error", 424, fields=fields)
        return {"Body": params["Body"][::-1], "ContentType": "x/y"}

    async def put(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        path = folder / f"{len(seen)}.object"
        assert call.body is not None
        with path.open("wb") as file:
            async for chunk in call.body:
                file.write(chunk)
        seen.append((call, params))
        objects[params["Bucket"], params["Key"]] = path, params
        return {"ETag": '"e"'}

    def find(params: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
        try:
            return objects[params["Bucket"], params["Key"]]
        except KeyError:
            message = "The specified key does not exist."
            raise ApiError("NoSuchKey", message, 404, fields={"Key": params["Key"]}) from None

    def get_object(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        seen.append((call, params))
        path, stored = find(params)
        size = path.stat().st_size
        answer = {"ContentLength": size, "ETag": '"e"', "Metadata": stored.get("Metadata", {})}
        answer["ContentType"] = params.get("ResponseContentType", "a/b")
        if "Range" not in params:
            return {**answer, "Body": FileBody(path)}
        first, last = (int(n) for n in params["Range"].removeprefix("bytes=").split("-"))
        length = last - first + 1
        content_range = f"bytes {first}-{last}/{size}"
        answer.update(ContentLength=length, ContentRange=content_range)
        return {**answer, "Body": FileBody(path, first, length)}

    def head_object(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        seen.append((call, params))
        path, _ = find(params)
        return {"ContentLength": path.stat().st_size, "LastModified": 1700000000, "ETag": '"e"'}

    registry.add("sagemaker", "DescribeTrainingJob", describe)
    registry.add("cloudwatch", "GetMetricData", get_metric_data)
    registry.add("sagemaker-runtime", "InvokeEndpoint", invoke_endpoint)
    registry.add("s3", "PutObject", put)
    registry.add("s3", "UploadPart", put)
    registry.add("s3", "GetObject", get_object)
    registry.add("s3", "HeadObject", head_object)
    return registry


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def all_seen() -> Seen:
    return Seen()


@pytest.fixture
def seen(all_seen: Seen) -> Seen:
    all_seen.clear()
    return all_seen


@pytest.fixture(scope="session")
def dispatcher(
    keys: Keys, all_seen: Seen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dispatcher]:
    # The architecture forbids wire to import aws, not its tests.
    from studio_ext.aws import iam, sts

    registry = build_registry(all_seen, tmp_path_factory.mktemp("objects"))
    sts.register(registry, keys)
    iam.register(registry)
    dispatcher = Dispatcher(registry, keys, REGION)
    yield dispatcher
    dispatcher.close()


@pytest.fixture(scope="session")
def server(dispatcher: Dispatcher) -> Iterator[SimpleNamespace]:
    """The base URL and port of a running server."""
    config = uvicorn.Config(asgi_app(dispatcher), port=0, log_level="warning", access_log=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not running.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield SimpleNamespace(url=f"http://127.0.0.1:{port}", port=port)
    running.should_exit = True
    thread.join(60)


@pytest.fixture(scope="session")
def client(server: SimpleNamespace) -> Callable[..., BaseClient]:
    """Makes boto3 clients; keyword arguments go to `Config`, `key` and `secret` sign."""

    def make(
        service: str, key: str = KEY, secret: str = SECRET, token: str | None = None, **config: Any
    ) -> BaseClient:
        session = boto3.Session(key, secret, token, region_name=REGION)
        settings = Config(**{"retries": {"total_max_attempts": 1}, **config})
        return session.client(service, endpoint_url=server.url, config=settings)

    return make
