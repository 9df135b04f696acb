"""Object stores of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlalchemy import Engine

from studio_ext.store.objects import LocalObjectStore, ObjectStore
from studio_ext.store.objects.remote import RemoteObjectStore


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = databases.fresh_engine(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, LocalObjectStore]]:
    """One store for many cheap cases."""
    folder = tmp_path_factory.mktemp("objects")
    engine = databases.fresh_engine(folder)
    store = LocalObjectStore(engine, folder / "objects")
    store.create_bucket("bucket")
    yield engine, store
    engine.dispose()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def local(engine: Engine, root: Path) -> LocalObjectStore:
    store = LocalObjectStore(engine, root)
    store.create_bucket("bucket")
    return store


@pytest.fixture
def remote(
    moto_url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RemoteObjectStore:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9/not-this-one")
    cache = tmp_path / "cache"
    store = RemoteObjectStore(f"s3+{moto_url}", "us-east-1", cache, engine, "000000000000")
    for bucket in store.list_buckets():
        store.delete_many(bucket.name, [item.key for item in store.walk(bucket.name)])
        store.delete_bucket(bucket.name)
    store.create_bucket("bucket")
    return store


@pytest.fixture(params=["local", "remote"])
def store(request: Any) -> ObjectStore:
    return request.getfixturevalue(request.param)
