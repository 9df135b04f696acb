"""What holds of every object store."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from studio_ext.store.objects import (
    Attributes,
    BadDigest,
    BucketExists,
    BucketNotEmpty,
    Condition,
    InvalidRequest,
    NoSuchBucket,
    NoSuchKey,
    ObjectStore,
    PreconditionFailed,
    parse_s3_uri,
)


def test_put_stat_read(store: ObjectStore) -> None:
    info = store.put("bucket", "a/b", b"hello")
    assert (info.size, info.etag) == (5, hashlib.md5(b"hello").hexdigest())
    assert info.uri == "s3://bucket/a/b"
    assert store.read("bucket", "a/b") == b"hello"
    assert store.stat("bucket", "a/b").etag == info.etag


def test_attributes_stay(store: ObjectStore) -> None:
    attributes = Attributes(
        content_type="text/csv",
        headers={"CacheControl": "no-cache"},
        metadata={"colour": "red"},
    )
    store.put("bucket", "k", b"x", attributes=attributes)
    kept = store.stat("bucket", "k").attributes
    assert replace(kept, owner="", tags={}) == attributes


def test_missing(store: ObjectStore) -> None:
    for call in (store.stat, store.open, store.local_path, store.read):
        with pytest.raises(NoSuchKey):
            call("bucket", "none")
        with pytest.raises(NoSuchBucket):
            call("no-such-bucket", "none")
    with pytest.raises(NoSuchBucket):
        store.head_bucket("no-such-bucket")
    with pytest.raises(NoSuchBucket):
        store.list("no-such-bucket")
    with pytest.raises(NoSuchBucket):
        store.put("no-such-bucket", "k", b"x")


def test_writer_is_invisible_until_the_commit(store: ObjectStore) -> None:
    store.put("bucket", "k", b"old")
    with store.writer("bucket", "k") as writer:
        writer.write(b"new ")
        writer.write(b"bytes")
        assert store.read("bucket", "k") == b"old"
        assert writer.commit().size == 9
    assert store.read("bucket", "k") == b"new bytes"


def test_writer_that_fails_leaves_nothing(store: ObjectStore) -> None:
    with pytest.raises(ZeroDivisionError), store.writer("bucket", "k") as writer:
        writer.write(b"x")
        raise ZeroDivisionError
    assert store.list("bucket").objects == []


def test_wrong_digest_leaves_nothing(store: ObjectStore) -> None:
    with pytest.raises(BadDigest), store.writer("bucket", "k", checksums=["CRC32"]) as writer:
        writer.write(b"x")
        writer.commit({"CRC32": "AAAAAA=="})
    assert store.list("bucket").objects == []


def test_conditions(store: ObjectStore) -> None:
    for condition, body, ok in (
        (Condition(if_none_match="*"), b"1", True),
        (Condition(if_none_match="*"), b"2", False),
        (Condition(if_match=hashlib.md5(b"1").hexdigest()), b"3", True),
        (Condition(if_match=hashlib.md5(b"1").hexdigest()), b"4", False),
    ):
        with store.writer("bucket", "k", condition=condition) as writer:
            writer.write(body)
            if ok:
                writer.commit()
            else:
                with pytest.raises(PreconditionFailed):
                    writer.commit()
    assert store.read("bucket", "k") == b"3"


@pytest.mark.parametrize("move", [False, True])
def test_put_file(store: ObjectStore, tmp_path: Path, move: bool) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model")
    info = store.put_file("bucket", "model", path, move=move)
    assert info.etag == hashlib.md5(b"model").hexdigest()
    assert store.read("bucket", "model") == b"model"
    assert path.exists() is not move


def test_open_reader_keeps_what_it_opened(store: ObjectStore) -> None:
    store.put("bucket", "k", b"old")
    info, file = store.open("bucket", "k")
    with file:
        store.put("bucket", "k", b"newer")
        store.delete("bucket", "k")
        assert (file.read(), info.size) == (b"old", 3)


def test_local_path_and_link(store: ObjectStore, tmp_path: Path) -> None:
    store.put("bucket", "k", b"old")
    assert store.local_path("bucket", "k").read_bytes() == b"old"
    target = tmp_path / "linked"
    assert store.link("bucket", "k", target).size == 3
    store.put("bucket", "k", b"new")
    assert target.read_bytes() == b"old"
    assert store.local_path("bucket", "k").read_bytes() == b"new"
    assert not target.stat().st_mode & 0o222
    with pytest.raises(FileExistsError):
        store.link("bucket", "k", target)
    assert os.path.samefile(store.local_path("bucket", "k"), store.local_path("bucket", "k"))


def test_copy(store: ObjectStore) -> None:
    store.put("bucket", "a", b"x", attributes=Attributes(metadata={"m": "1"}))
    store.create_bucket("other")
    assert store.copy(("bucket", "a"), ("other", "b")).attributes.metadata == {"m": "1"}
    changed = Attributes(metadata={"n": "2"})
    assert store.copy(("bucket", "a"), ("bucket", "a"), attributes=changed).attributes.metadata == {
        "n": "2"
    }
    store.delete("bucket", "a")
    assert store.read("other", "b") == b"x"
    with pytest.raises(NoSuchKey):
        store.copy(("bucket", "a"), ("bucket", "c"))
    store.delete("other", "b")
    store.delete_bucket("other")


def test_delete_is_idempotent(store: ObjectStore) -> None:
    store.put("bucket", "k", b"x")
    store.delete("bucket", "k")
    store.delete("bucket", "k")
    store.delete_many("bucket", ["k", "l"])
    assert store.list("bucket").objects == []


def test_delete_many(store: ObjectStore) -> None:
    keys = [f"k{n:04}" for n in range(60)]
    for key in keys:
        store.put("bucket", key, b"x")
    store.delete_many("bucket", keys[:50])
    assert [item.key for item in store.walk("bucket")] == keys[50:]


def test_listing_pages_and_folders(store: ObjectStore) -> None:
    for key in ("a", "b/1", "b/2", "c/1", "d"):
        store.put("bucket", key, b"x")
    first = store.list("bucket", delimiter="/", limit=2)
    assert ([o.key for o in first.objects], first.prefixes) == (["a"], ["b/"])
    assert (first.truncated, first.last) == (True, "b/")
    second = store.list("bucket", delimiter="/", start_after=first.last)
    assert ([o.key for o in second.objects], second.prefixes) == (["d"], ["c/"])
    assert not second.truncated
    assert [item.key for item in store.walk("bucket", "b/")] == ["b/1", "b/2"]


def test_buckets(store: ObjectStore) -> None:
    with pytest.raises(BucketExists):
        # another region: in us-east-1 S3 lets the owner create it again
        store.create_bucket("other", region="eu-west-1")
        store.create_bucket("other", region="eu-west-1")
    assert [b.name for b in store.list_buckets()] == ["bucket", "other"]
    assert [b.name for b in store.list_buckets("o")] == ["other"]
    store.put("other", "k", b"x")
    with pytest.raises(BucketNotEmpty):
        store.delete_bucket("other")
    store.delete("other", "k")
    store.delete_bucket("other")
    with pytest.raises(NoSuchBucket):
        store.delete_bucket("other")


def test_uri() -> None:
    assert parse_s3_uri("s3://bucket/a/b c") == ("bucket", "a/b c")
    assert parse_s3_uri("s3://bucket") == ("bucket", "")
    for wrong in ("bucket/key", "http://bucket/key", "s3:///key", ""):
        with pytest.raises(InvalidRequest):
            parse_s3_uri(wrong)
