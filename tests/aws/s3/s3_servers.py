"""A real server on a real port, and boto3 clients."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import uvicorn
from botocore.config import Config as ClientConfig

from studio_ext.wire.dispatch import Credential, Dispatcher, Registry
from studio_ext.wire.server import asgi_app


class Keys:
    """One access key."""

    credential = Credential(
        "AKIATEST", "secret", None, "default", "default", "arn:aws:iam::000000000000:role/R"
    )

    def get(self, access_key_id: str) -> Credential | None:
        return self.credential if access_key_id == "AKIATEST" else None


def make_client(url: str, **config: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="secret",
        config=ClientConfig(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            **{"signature_version": "s3v4", **config},
        ),
    )


def serve(registry: Registry, keys: Any, region: str = "us-east-1") -> Iterator[str]:
    """The URL of a server for the registry, until the generator ends."""
    dispatcher = Dispatcher(registry, keys, region)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(asgi_app(dispatcher), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(60)
    dispatcher.close()
