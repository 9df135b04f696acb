"""Buckets in another S3, whose keys are one for all: Studio alone tells its callers apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config as ClientConfig
from moto.server import ThreadedMotoServer
from people import denied, refusal
from studio_plane import Studio, running_studio

from studio_ext.store.credentials import Credential


@pytest.fixture(scope="module")
def behind() -> Iterator[str]:
    """The URL of the store behind."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "BEHIND")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "behind")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def remote(behind: str) -> Iterator[Studio]:
    """A Studio in front of a store that has a bucket already."""
    config = ClientConfig(s3={"addressing_style": "path"})
    direct = boto3.client("s3", endpoint_url=behind, region_name="us-east-1", config=config)
    direct.create_bucket(Bucket="old-bucket")
    direct.put_object(Bucket="old-bucket", Key="k", Body=b"old")
    with running_studio(max_cores=2, object_store_url=f"s3+{behind}") as studio:
        yield studio


@pytest.fixture(scope="module")
def clients(remote: Studio) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("ana", "ben"):
        remote.plane.store.accounts.open("default", name)
        key: Credential = remote.plane.store.credentials.issue("test", user_profile=name)
        found[name] = remote.client("s3", key)
    found["ana"].create_bucket(Bucket="anas")
    found["ana"].put_object(Bucket="anas", Key="in/k", Body=b"ana's")
    return found


def names(client: Any) -> list[str]:
    return [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def test_what_was_there_is_the_administrators(remote: Studio, clients: dict[str, Any]) -> None:
    assert "old-bucket" in names(remote.s3) and "anas" not in names(remote.s3)
    assert remote.s3.get_object(Bucket="old-bucket", Key="k")["Body"].read() == b"old"
    assert names(clients["ana"]) == ["anas"] and names(clients["ben"]) == []
    ben = clients["ben"]
    assert denied(ben.get_object, Bucket="old-bucket", Key="k")
    for taken in ("old-bucket", "anas"):
        assert refusal(ben.create_bucket, Bucket=taken)[0] == "BucketAlreadyExists"
    assert denied(remote.s3.get_object, Bucket="anas", Key="in/k")


def test_every_way_to_anothers_bucket_is_shut(clients: dict[str, Any]) -> None:
    ana, ben = clients["ana"], clients["ben"]
    ben.create_bucket(Bucket="bens")
    one = {"Bucket": "anas", "Key": "in/k"}
    assert denied(ben.get_object, **one)
    assert denied(ben.put_object, **one, Body=b"x")
    assert denied(ben.delete_object, **one)
    assert denied(ben.delete_objects, Bucket="anas", Delete={"Objects": [{"Key": "in/k"}]})
    assert denied(ben.copy_object, Bucket="bens", Key="x", CopySource="anas/in/k")
    assert denied(ben.list_objects_v2, Bucket="anas")
    assert denied(ben.create_multipart_upload, **one)
    assert denied(ben.delete_bucket, Bucket="anas")
    assert denied(ben.get_bucket_tagging, Bucket="anas")
    # What would have the store behind write into another bucket by itself is nobody's.
    logging = {"LoggingEnabled": {"TargetBucket": "anas", "TargetPrefix": "x"}}
    assert denied(ben.put_bucket_logging, Bucket="bens", BucketLoggingStatus=logging)
    assert ana.get_object(**one)["Body"].read() == b"ana's"


def test_policies_are_studios(behind: str, clients: dict[str, Any]) -> None:
    ana, ben = clients["ana"], clients["ben"]
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::anas/in/*",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ana.put_bucket_policy(Bucket="anas", Policy=text)
    assert ben.get_object(Bucket="anas", Key="in/k")["Body"].read() == b"ana's"
    assert json.loads(ana.get_bucket_policy(Bucket="anas")["Policy"]) == json.loads(text)
    direct = boto3.client("s3", endpoint_url=behind, region_name="us-east-1")
    assert refusal(direct.get_bucket_policy, Bucket="anas")[0] == "NoSuchBucketPolicy"
    ana.delete_bucket_policy(Bucket="anas")
    assert denied(ben.get_object, Bucket="anas", Key="in/k")


def test_a_name_is_free_again_after_the_bucket(clients: dict[str, Any]) -> None:
    ana, ben = clients["ana"], clients["ben"]
    ana.create_bucket(Bucket="passed-on")
    ana.delete_bucket(Bucket="passed-on")
    ben.create_bucket(Bucket="passed-on")
    assert denied(ana.list_objects_v2, Bucket="passed-on")
    assert "passed-on" in names(ben) and "passed-on" not in names(ana)
