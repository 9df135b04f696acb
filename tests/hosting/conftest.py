"""Real model servers and a real gateway on a temporary home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_servers import Instance, pack, runtime_client, wait_for

from studio_ext.config import Config
from studio_ext.hosting.gateway import client
from studio_ext.store import Store


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path, as sockets need; gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="sh-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def config(home: Path) -> Iterator[Config]:
    config = Config(home=str(home))
    config.make_folders()
    yield config
    shutil.rmtree(config.socket_dir, ignore_errors=True)


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    store = Store(config)
    yield store
    store.close()


@pytest.fixture
def serve(config: Config) -> Iterator[Callable[..., Instance]]:
    """Start a model server: ``serve(files={name: bytes or str}, framework=...)``."""
    started: list[Instance] = []

    def start(files: dict[str, str | bytes] | None = None, **options: Any) -> Instance:
        name = options.pop("id", f"instance-{len(started)}")
        folder = config.endpoints_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        archive = options.pop("model_archive", None)
        if archive is None and files is not None:
            archive = str(pack(folder / "model.tar.gz", files))
        document = {
            "id": name,
            "python": sys.executable,
            "framework": "script",
            "workers": 1,
            "socket_dir": str(config.socket_dir),
            "model_archive": archive,
            "environment": {},
            **options,
        }
        if not (folder / "instance.json").exists():
            (folder / "instance.json").write_text(json.dumps(document))
        command = [sys.executable, "-m", "studio_ext.hosting.modelserver", str(folder)]
        instance = Instance(folder, subprocess.Popen(command))
        started.append(instance)
        return instance

    yield start
    for instance in started:
        instance.process.terminate()
    for instance in started:
        try:
            instance.process.wait(20)
        except subprocess.TimeoutExpired:
            instance.process.kill()


@pytest.fixture
def gateway(config: Config, store: Store) -> Iterator[client.GatewayInfo]:
    """A running gateway process."""
    yield client.ensure(config)
    info = client.info(config)
    if info is not None:
        os.kill(info.pid, signal.SIGTERM)
        wait_for(lambda: client.info(config) is None)


@pytest.fixture
def publish(store: Store, config: Config) -> Callable[..., None]:
    """``publish({"A": (1.0, [instance])})``: route endpoint ``e`` and wait until that holds."""

    def put(variants: dict[str, tuple[float, list[Instance]]], **extra: Any) -> None:
        version = store.routes.put(
            {
                "endpoint": "e",
                "account": "000000000000",
                "domain": "default",
                "user_profile": "default",
                "log_stream_arn": "arn:aws:logs:us-east-1:000000000000:log-group:/e",
                "variants": [
                    {
                        "name": name,
                        "weight": weight,
                        "image": "",
                        "instances": [i.route() for i in instances],
                    }
                    for name, (weight, instances) in variants.items()
                ],
                **extra,
            }
        )
        wait_for(lambda: (client.in_flight(config) or (0, {}))[0] >= version)

    return put


@pytest.fixture
def runtime(gateway: client.GatewayInfo, store: Store) -> Any:
    """A boto3 client that does not retry."""
    return runtime_client(gateway.port, store.credentials.default())
