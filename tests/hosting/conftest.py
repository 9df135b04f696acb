"""Real model servers and a real gateway on a temporary home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config as ClientConfig

from studio_ext.config import Config
from studio_ext.hosting.gateway import client
from studio_ext.hosting.modelserver import framing
from studio_ext.store import Store

ECHO = """
import os, time, json
def model_fn(model_dir):
    return open(os.path.join(model_dir, "name")).read() if os.path.exists(
        os.path.join(model_dir, "name")) else "model"
def transform_fn(model, body, content_type, accept, context):
    request = json.loads(body) if content_type == "application/json" else body
    if isinstance(request, dict):
        if request.get("sleep"):
            time.sleep(request["sleep"])
        if request.get("exit"):
            os._exit(request["exit"])
        if request.get("raise"):
            raise ValueError(request["raise"])
    return json.dumps({"model": model, "pid": os.getpid(), "type": content_type,
                       "custom": context.get_request_header(
                           0, "x-amzn-sagemaker-custom-attributes"),
                       "body": body if isinstance(body, str) else len(body)}), accept
"""


def wait_for(check: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    """The first true value of ``check``."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Instance:
    """A model server in a folder of its own."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    @property
    def status(self) -> dict[str, Any]:
        path = self.folder / "status.json"
        return json.loads(path.read_text()) if path.exists() else {"state": "Starting"}

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def sockets(self) -> list[str]:
        return [worker["socket"] for worker in self.status["workers"]]

    def wait(self, state: str = "InService") -> dict[str, Any]:
        wait_for(lambda: self.status["state"] != "Starting")
        assert self.status["state"] == state, (self.status, self.log)
        return self.status

    def route(self) -> dict[str, Any]:
        return {"id": self.folder.name, "sockets": self.sockets}

    def ask(self, body: bytes, worker: int = 0, **header: Any) -> tuple[dict[str, Any], bytes]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(self.sockets[worker])
            connection.sendall(framing.encode(header, body))
            decoder = framing.Decoder(1 << 26)
            while True:
                data = connection.recv(1 << 16)
                if not data:
                    raise EOFError
                answer = decoder.feed(data)
                if answer is not None:
                    return answer


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


def pack(path: Path, files: dict[str, str | bytes]) -> Path:
    """A tar.gz archive of texts and bytes."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            archive.add(target, name)
    return path


@pytest.fixture
def gateway(config: Config, store: Store) -> Iterator[client.GatewayInfo]:
    """A running gateway process."""
    yield client.ensure(config)
    info = client.info(config)
    if info is not None:
        os.kill(info.pid, signal.SIGTERM)
        wait_for(lambda: client.info(config) is None, 20)


@pytest.fixture
def publish(store: Store, config: Config) -> Callable[..., None]:
    """``publish({"A": (1.0, [instance])})``: route endpoint ``e`` and wait until that holds."""

    def put(variants: dict[str, tuple[float, list[Instance]]], **extra: Any) -> None:
        version = store.routes.put(
            {
                "endpoint": "e",
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


def runtime_client(port: int, credential: Any) -> Any:
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
        aws_session_token=credential.session_token,
        config=ClientConfig(retries={"max_attempts": 0}, max_pool_connections=50),
    )
