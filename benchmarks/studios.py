"""A ``studio serve`` process to measure, and boto3 clients of it and of its peers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config as ClientConfig

from studio_ext.config import Config

from .measure import Cost, cpu_seconds, free_port, listening, process

STUDIO = Path(sys.executable).with_name("studio")


@dataclass
class Server:
    """A server that speaks AWS: its process id, URL, and the keys it knows."""

    pid: int
    url: str
    key: str = "test"
    secret: str = "test"
    region: str = "us-east-1"
    #: what it took until it answered
    start: Cost = field(default_factory=lambda: Cost(0.0, 0.0))

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client that neither retries nor checks parameters twice."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=ClientConfig(
                retries={"max_attempts": 0}, s3={"addressing_style": "path"}, **config
            ),
        )


@contextlib.contextmanager
def new_home() -> Iterator[Path]:
    """A folder for one run; afterwards nothing of it is left, processes included."""
    home = Path(tempfile.mkdtemp(prefix="sb-", dir=os.environ.get("TMPDIR", "/tmp")))
    try:
        yield home
    finally:
        end_all_of(home)
        shutil.rmtree(Config(home=str(home)).socket_dir, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that works in a home: server, gateway, supervisors, jobs."""
    found = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            command = each.cmdline()
            if each.pid != os.getpid() and any(
                argument == str(home) or f"{home}/" in argument for argument in command
            ):
                found.append(each)
    return found


def end_all_of(home: Path) -> None:
    """End what works in a home, with its children."""
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        ours = processes_of(home)
        for each in ours:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(number)
        psutil.wait_procs(ours, timeout=10)


@contextlib.contextmanager
def serving(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """``studio serve`` on a home."""
    port = free_port()
    command = [STUDIO, "serve", "--home", home, "--port", str(port)]
    log = home / "serve.out"
    began = time.perf_counter()
    with process(command, listening(port), environment=environment, log=log) as started:
        start = Cost(cpu_seconds(started.pid), time.perf_counter() - began)
        keys = json.loads((home / "credentials.json").read_text())
        yield Server(
            started.pid,
            f"http://127.0.0.1:{port}",
            keys["access_key_id"],
            keys["secret_access_key"],
            start=start,
        )
