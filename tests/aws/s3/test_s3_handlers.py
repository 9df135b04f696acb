"""The handlers without HTTP: callers in this process, and checksums behind the body."""

from __future__ import annotations

import asyncio
import base64
import errno
import io
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from s3_servers import Keys

from studio_ext.aws import s3
from studio_ext.control import trouble
from studio_ext.store.objects import LocalObjectStore, writing
from studio_ext.wire.dispatch import Call, Caller, Dispatcher, FileBody, Registry
from studio_ext.wire.errors import ApiError
from studio_ext.wire.models import service_model

CALLER = Caller.of(Keys.credential)


@pytest.fixture
def dispatcher(object_store: LocalObjectStore) -> Iterator[Dispatcher]:
    registry = Registry()
    s3.register(registry, object_store)
    dispatcher = Dispatcher(registry, Keys(), "us-east-1", explain=trouble.explain)
    yield dispatcher
    dispatcher.close()


def streamed_call(chunks: list[bytes], trailers: dict[str, str]) -> Call:
    call = Call(
        "s3",
        service_model("s3").operation_model("PutObject"),
        CALLER,
        "us-east-1",
        "request",
        {"x-amz-trailer": "x-amz-checksum-crc32"},
    )

    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
        call.trailers.update(trailers)

    call.body = body()
    return call


@pytest.mark.parametrize("body", [b"bytes", io.BytesIO(b"bytes")])
def test_callers_in_this_process(dispatcher: Dispatcher, bucket: str, body: Any) -> None:
    async def talk() -> None:
        where = {"Bucket": bucket, "Key": "k"}
        await dispatcher.invoke("s3", "PutObject", {**where, "Body": body}, CALLER)
        answer = await dispatcher.invoke("s3", "GetObject", where, CALLER)
        got = answer["Body"]
        assert isinstance(got, FileBody) and got.file is not None
        with got.file:
            assert got.file.read() == b"bytes"
        with pytest.raises(ApiError) as error:
            await dispatcher.invoke("s3", "GetObject", {**where, "Key": "none"}, CALLER)
        assert (error.value.code, error.value.status) == ("NoSuchKey", 404)

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("trailers", "code"),
    [
        ({"x-amz-checksum-crc32": "NhCmhg=="}, None),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-crc32": "no"}, "InvalidRequest"),
        ({}, "MalformedTrailerError"),
    ],
)
@pytest.mark.parametrize("padding", [0, 3])
def test_checksum_behind_the_body(
    dispatcher: Dispatcher,
    bucket: str,
    object_store: LocalObjectStore,
    trailers: dict[str, str],
    code: str | None,
    padding: int,
) -> None:
    # CRC-32 of b"hello" is 3610a686; of the long body it is computed here
    chunks = [b"hel", b"lo"]
    if padding:
        chunks = [b"\0" * (1 << 20)] * padding
        if code is None:
            trailers = {"x-amz-checksum-crc32": _crc32(b"".join(chunks))}
    params = {"Bucket": bucket, "Key": "k"}
    running = dispatcher.run(streamed_call(chunks, trailers), params)
    if code is None:
        answer = asyncio.run(running)
        assert answer["ChecksumCRC32"] == trailers["x-amz-checksum-crc32"]
        assert object_store.read(bucket, "k") == b"".join(chunks)
        return
    with pytest.raises(ApiError) as error:
        asyncio.run(running)
    assert error.value.code == code
    assert object_store.list(bucket).objects == []


def test_a_body_that_fails_late_is_dropped(
    dispatcher: Dispatcher, bucket: str, object_store: LocalObjectStore
) -> None:
    call = streamed_call([], {})
    call.headers = {}

    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (1 << 20)
        raise ApiError("IncompleteBody", "The connection ended before the body did.")

    call.body = body()
    with pytest.raises(ApiError, match="IncompleteBody"):
        asyncio.run(dispatcher.run(call, {"Bucket": bucket, "Key": "k"}))
    assert object_store.list(bucket).objects == []


def test_a_cancelled_upload_is_dropped(
    dispatcher: Dispatcher, bucket: str, object_store: LocalObjectStore
) -> None:
    object_store.put(bucket, "before", b"x")
    root = object_store.local_path(bucket, "before").parent.parent
    files = {path for path in root.rglob("*") if path.is_file()}
    call = streamed_call([], {})
    call.headers = {}

    async def talk() -> None:
        sent = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * (1 << 20)
            sent.set()
            await asyncio.sleep(60)

        call.body = body()
        task = asyncio.create_task(dispatcher.run(call, {"Bucket": bucket, "Key": "k"}))
        await sent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(talk())
    assert {path for path in root.rglob("*") if path.is_file()} == files


def test_a_full_disk_is_said_plainly(
    dispatcher: Dispatcher, bucket: str, object_store: LocalObjectStore, monkeypatch: Any
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.os, "write", full)
    put = dispatcher.invoke("s3", "PutObject", {"Bucket": bucket, "Key": "k", "Body": b"x"}, CALLER)
    with pytest.raises(ApiError) as error:
        asyncio.run(put)
    assert (error.value.code, error.value.status) == ("InsufficientStorage", 507)
    assert object_store.list(bucket).objects == []


def test_every_handler_is_an_operation_of_s3(dispatcher: Dispatcher) -> None:
    known = set(service_model("s3").operation_names)
    assert set(dispatcher.registry.operations("s3")) <= known


def test_buckets_of_another_region(
    object_store: LocalObjectStore, new_name: Callable[[], str]
) -> None:
    registry = Registry()
    s3.register(registry, object_store)
    dispatcher = Dispatcher(registry, Keys(), "eu-west-1")
    name = new_name()
    here = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    there = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}

    def create(**params: Any) -> str | None:
        try:
            asyncio.run(dispatcher.invoke("s3", "CreateBucket", {"Bucket": name, **params}, CALLER))
        except ApiError as error:
            return error.code
        return None

    assert create() == "IllegalLocationConstraintException"
    assert create(**there) == "IllegalLocationConstraintException"
    assert create(**here) is None
    assert create(**here) == "BucketAlreadyOwnedByYou"
    assert object_store.head_bucket(name).region == "eu-west-1"
    dispatcher.close()


def _crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
