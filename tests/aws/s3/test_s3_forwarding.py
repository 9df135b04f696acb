"""S3 in front of another store: a client of ours and a client of that store hear the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from s3_checks import CHECKS, Talk
from s3_servers import Keys, make_client, serve

from studio_ext.aws import s3
from studio_ext.store import database
from studio_ext.store.objects.remote import RemoteObjectStore
from studio_ext.wire.dispatch import Registry

LARGE = 20 * 1024 * 1024


@pytest.fixture(scope="module")
def forwarding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """(client of Studio, client of the store behind it)."""
    behind = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    behind.start()
    host, port = behind.get_host_and_port()
    address = f"http://{host}:{port}"
    cache: Path = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "BEHIND")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "behind")
        registry = Registry()
        s3.register(registry, remote_store(f"s3+{address}", cache))
    server = serve(registry, Keys())
    yield make_client(next(server)), make_client(address)
    next(server, None)
    behind.stop()


def remote_store(url: str, cache: Path) -> RemoteObjectStore:
    """A store of which Studio knows nothing but what passes through."""
    engine = database.open_engine(f"sqlite:///{cache / 'studio.db'}")
    with database.write(engine) as connection:
        database.metadata.create_all(connection)
    return RemoteObjectStore(url, "us-east-1", cache / "objects", engine, "000000000000")


def _remove_all(client: Any) -> None:
    for bucket in client.list_buckets()["Buckets"]:
        _remove(client, bucket["Name"])


def _remove(client: Any, bucket: str) -> None:
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=item["Key"])
    client.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", CHECKS)
def test_same_as_the_store_behind(
    name: str, forwarding: tuple[Any, Any], new_name: Callable[[], str]
) -> None:
    bucket = f"forwarded-{new_name()}"
    transcripts = []
    for client in forwarding:
        client.create_bucket(Bucket=bucket)
        talk = Talk(client, bucket)
        CHECKS[name](talk)
        transcripts.append(talk.transcript)
        _remove_all(forwarding[1])
    assert transcripts[0] == transcripts[1]


def test_a_large_object_goes_through(forwarding: tuple[Any, Any]) -> None:
    ours, behind = forwarding
    ours.create_bucket(Bucket="large")
    data = bytes(range(256)) * (LARGE // 256)
    ours.put_object(Bucket="large", Key="x", Body=data)
    assert behind.get_object(Bucket="large", Key="x")["Body"].read() == data
    assert ours.get_object(Bucket="large", Key="x")["Body"].read() == data


def test_a_store_that_is_gone_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "BEHIND")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "behind")
    registry = Registry()
    s3.register(registry, remote_store("s3+http://127.0.0.1:9", tmp_path))
    server = serve(registry, Keys())
    client = make_client(next(server))
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.list_buckets()
    assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
    next(server, None)
