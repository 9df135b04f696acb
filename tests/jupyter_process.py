"""A Jupyter server with Studio in a process of its own, as tests start it and talk to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import databases
import requests

from studio_ext.notebook.session import NotRunning, connection, require_running

TOKEN = "studio-tests"
#: A cold start on a busy machine takes this long in the worst case.
START_S = 120
STOP_S = 60


class Jupyter:
    """One server; its settings and files lie in ``folder``, its Studio in ``home``."""

    def __init__(
        self,
        folder: Path,
        home: Path,
        application: str = "jupyter_server",
        options: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.home, self.root = folder, home, folder / "root"
        self.user = folder / "user"
        self.log = folder / "jupyter.log"
        self._application, self._options = application, options
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        for path in (self.root, self.user / ".jupyter"):
            path.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Jupyter:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start on a free port; returns once the server answers."""
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), env=self._variables(), stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                if self.request("GET", "api/status").ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        self.stop()
        raise AssertionError(f"Jupyter did not start:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """End the server."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def connection(self) -> dict[str, str]:
        """How programs reach its Studio, which starts in the moments after Jupyter answers."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                require_running(self.home)
                return connection(self.home, environ={})
            except NotRunning:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Any request below the server's URL, with the token unless ``headers`` are given."""
        options.setdefault("headers", {"Authorization": f"token {TOKEN}"})
        return requests.request(method, self.url + path, timeout=60, **options)

    def operation(self, target: str, **request: Any) -> requests.Response:
        """Call an operation the way the panels do, for example ``SageMaker.ListTrainingJobs``."""
        headers = {
            "Authorization": f"token {TOKEN}",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
        }
        return self.request("POST", "studio/api", data=json.dumps(request), headers=headers)

    def call(self, target: str, **request: Any) -> dict[str, Any]:
        """The answer of an operation, which must succeed."""
        answer = self.operation(target, **request)
        assert answer.ok, f"{target}: {answer.text}"
        document: dict[str, Any] = answer.json()
        return document

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", self._application),
            "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={TOKEN}",
            *("--ServerApp.jpserver_extensions", "studio_ext=True"),
            *self._options,
        ]

    def _variables(self) -> dict[str, str]:
        """The surroundings of a new user: no settings, no files."""
        return {
            **os.environ,
            "HOME": str(self.user),
            "JUPYTER_CONFIG_DIR": str(self.user / ".jupyter"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "STUDIO_HOME": str(self.home),
            **databases.environment(self.home),
            **self._environment,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
