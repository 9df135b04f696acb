"""The server under test: a process of its own, watched from outside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import databases
import psutil
from fuzz_http import Key, Sender
from leftovers import end_all_of
from sqlalchemy import func, select

from studio_ext.config import Config
from studio_ext.files import read_json
from studio_ext.store import Store
from studio_ext.store.objects.tables import buckets, objects, uploads
from studio_ext.store.tables import resources

START_S = 90.0
STUDIO = Path(sys.executable).with_name("studio")


class Server:
    """``studio serve`` in a folder of its own, beside which nothing may appear.

    ``ground`` holds ``home``, ``cwd`` (its working directory), ``user`` (its HOME) and ``tmp``.
    """

    def __init__(self, ground: Path) -> None:
        self.ground = ground
        self.home = ground / "home"
        for name in ("home", "cwd", "user", "tmp"):
            (ground / name).mkdir()
        self.port = _free_port()
        self.process = self._start()
        self.store = Store(Config(home=str(self.home)))
        credential = self.store.credentials.default()
        self.key = Key(
            credential.access_key_id, credential.secret_access_key, credential.session_token
        )
        self.started_with = self.outside()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "HOME": str(self.ground / "user"),
            "TMPDIR": str(self.ground / "tmp"),
            "STUDIO_MAX_CORES": "1",
            **databases.environment(self.home),
        }
        arguments = [str(STUDIO), "serve", "--home", str(self.home), "--port", str(self.port)]
        with (self.home / "server.out").open("ab") as output:
            process = subprocess.Popen(
                arguments, cwd=self.ground / "cwd", env=environment, stdout=output, stderr=output
            )
        end = time.monotonic() + START_S
        while not _listens(self.port):
            assert process.poll() is None, (self.home / "server.out").read_text()[-4000:]
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.1)
        return process

    def sender(self) -> Sender:
        """A client of the control plane."""
        return Sender("127.0.0.1", self.port)

    def gateway(self) -> Sender:
        """A client of the invocation gateway."""
        return Sender("127.0.0.1", int((read_json(self.home / "run" / "gateway.json"))["port"]))

    def alive(self) -> bool:
        """Whether the process lives and listens."""
        return self.process.poll() is None and _listens(self.port)

    def memory(self) -> int:
        """Resident bytes of the server's process."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def peak(self) -> int:
        """The most resident bytes it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def descriptors(self) -> int:
        """Open file descriptors of the server's process."""
        return int(psutil.Process(self.process.pid).num_fds())

    def contents(self) -> dict[str, int]:
        """How many of each thing the store has."""
        with self.store.read() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (resources, buckets, objects, uploads)
            }

    def outside(self) -> set[str]:
        """Files beside the home."""
        sockets = self.ground / "tmp" / f"studio-{os.getuid()}"
        found = (path for path in self.ground.rglob("*") if self.home not in path.parents)
        return {str(path) for path in found if sockets not in (path, *path.parents)}

    def log(self) -> str:
        """What the server wrote of itself."""
        files = [self.home / "server.out", *sorted((self.home / "logs").glob("*.log"))]
        return "\n".join(path.read_text(errors="replace") for path in files if path.exists())

    def last_exception(self) -> str:
        """The end of the last traceback in its log, for whoever looks for the cause."""
        text = self.log().rpartition("Traceback (most recent call last)")[2]
        lines = [line for line in text.splitlines() if line.strip()]
        ends = [n for n, line in enumerate(lines) if n and not line.startswith(" ")] or [0]
        return " | ".join(line.strip() for line in lines[max(0, ends[0] - 6) : ends[0] + 1])

    def end(self) -> None:
        """End the server and what it started."""
        self.store.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
        end_all_of(self.home)


@contextmanager
def running() -> Iterator[Server]:
    """A server on a new ground; afterwards both are gone."""
    ground = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/tmp"))
    server = None
    try:
        server = Server(ground)
        yield server
    finally:
        if server is not None:
            server.end()
        end_all_of(ground / "home")
        shutil.rmtree(ground, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
