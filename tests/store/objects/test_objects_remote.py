"""What only a remote store has: its cache, its URL, its writer's detour."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio_ext.store.objects import LocalObjectStore, open_object_store
from studio_ext.store.objects import remote as module
from studio_ext.store.objects.remote import RemoteObjectStore, endpoint_of


def test_urls() -> None:
    assert endpoint_of("s3+http://host:9000") == "http://host:9000"
    assert endpoint_of("s3+https://host/base/") == "https://host/base"
    assert endpoint_of("s3://") is None
    for wrong in ("http://host", "s3+ftp://host", "file:///x"):
        with pytest.raises(ValueError, match="object_store_url"):
            endpoint_of(wrong)


def test_setting_chooses_the_store(
    moto_url: str, tmp_path: Path, engine: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio_ext.config import Config

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    config = Config(home=str(tmp_path))
    assert isinstance(open_object_store(config, engine), LocalObjectStore)  # type: ignore[arg-type]
    config.object_store_url = f"s3+{moto_url}"
    assert isinstance(open_object_store(config, engine), RemoteObjectStore)  # type: ignore[arg-type]


def test_download_is_kept_and_never_stale(remote: RemoteObjectStore) -> None:
    remote.put("bucket", "k", b"old")
    first = remote.local_path("bucket", "k")
    assert remote.local_path("bucket", "k") == first
    remote.put("bucket", "k", b"new")
    assert remote.local_path("bucket", "k").read_bytes() == b"new"
    assert first.read_bytes() == b"old"


def test_cache_drops_what_was_used_longest_ago(
    remote: RemoteObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 250)
    paths = []
    for n in range(3):
        remote.put("bucket", f"k{n}", bytes([n]) * 100)
        paths.append(remote.local_path("bucket", f"k{n}"))
        os.utime(paths[-1], (n, n))
    assert [path.exists() for path in paths] == [False, True, True]
    assert remote.read("bucket", "k0") == bytes(100)


def test_writer_leaves_no_spool(remote: RemoteObjectStore, tmp_path: Path) -> None:
    with remote.writer("bucket", "k") as writer:
        writer.write(b"x")
        writer.commit()
    with remote.writer("bucket", "k") as writer:
        writer.write(b"y")
    assert [path.name for path in (tmp_path / "cache").glob("upload-*")] == []
    assert remote.read("bucket", "k") == b"x"


def test_large_file_goes_in_parts(remote: RemoteObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * (20 << 20))
    assert remote.put_file("bucket", "big", path).etag.endswith("-3")
    assert remote.local_path("bucket", "big").stat().st_size == 20 << 20
