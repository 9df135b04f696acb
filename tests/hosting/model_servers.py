"""What tests of hosting share: a model that echoes, an instance in a folder, a client."""

from __future__ import annotations

import json
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

from studio_ext.hosting.modelserver import framing

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


def wait_for(check: Callable[[], Any], timeout_s: float = 60.0) -> Any:
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
                for number, _, head, answer in decoder.feed(data):
                    if not framing.greets(number, head):
                        return framing.fields(head), answer


def pack(path: Path, files: dict[str, str | bytes]) -> Path:
    """A tar.gz archive of texts and bytes."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            archive.add(target, name)
    return path


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
