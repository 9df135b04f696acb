"""One server for all the tests of this folder, with things in it, and ways to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fuzz_http import Answer, Wire, signed
from fuzz_server import Server, running
from fuzz_wire import request
from fuzz_world import World

from studio_ext.wire import models

Call = Callable[..., Answer]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def world(server: Server) -> World:
    """The server with a bucket, objects, an endpoint that serves and a job that ended."""
    made = World(server)
    made.make(endpoint=True)
    return made


@pytest.fixture
def send(server: Server, world: World) -> Iterator[Callable[[Wire], Answer]]:
    """Signs a request and sends it."""
    sender = server.sender()

    def run(wire: Wire) -> Answer:
        return sender.send(signed(wire, server.key, sender.authority).raw(), wire.method)

    yield run
    sender.close()


@pytest.fixture
def call(send: Callable[[Wire], Answer]) -> Call:
    """Sends an operation with parameters that may be wrong: ``call("s3.PutObject", Key="a")``."""

    def run(name: str, **params: Any) -> Answer:
        service, _, operation = name.partition(".")
        return send(request(models.service_model(service).operation_model(operation), params))

    return run
