"""Clients of our server and of moto's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import databases
import pytest
from moto.server import ThreadedMotoServer
from s3_servers import Keys, make_client, serve

from studio_ext.aws import s3
from studio_ext.store.objects import LocalObjectStore
from studio_ext.wire.dispatch import Registry


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> LocalObjectStore:
    home: Path = tmp_path_factory.mktemp("s3")
    return LocalObjectStore(databases.fresh_engine(home), home / "objects")


@pytest.fixture(scope="session")
def url(object_store: LocalObjectStore) -> Iterator[str]:
    registry = Registry()
    s3.register(registry, object_store)
    yield from serve(registry, Keys())


@pytest.fixture(scope="session")
def client(url: str) -> Any:
    return make_client(url)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def moto_client(moto_url: str) -> Any:
    return make_client(moto_url)


@pytest.fixture
def bucket(client: Any, new_name: Callable[[], str]) -> str:
    name = new_name()
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def new_name() -> Callable[[], str]:
    counter = iter(range(1, 10**6))
    return lambda: f"bucket-{next(counter)}"
