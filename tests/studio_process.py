"""A Studio in a process of its own, as users start it, and what programs find it by."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import boto3
import databases
from botocore.config import Config as ClientConfig
from leftovers import end_all_of

STUDIO = Path(sys.executable).with_name("studio")
#: A cold start on a busy machine takes this long in the worst case.
START_S = 90.0
_LIMITED = (
    "import sys; from studio_ext.serving import serve; from studio_ext.config import Config; "
    "serve(Config(home=sys.argv[1], port=int(sys.argv[2]), max_cores=float(sys.argv[3])))"
)
T = TypeVar("T")


def wait_for(check: Callable[[], T], what: str, timeout_s: float = 90.0) -> T:
    """The first true value of ``check``; fails when there is none in time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s:g} s: {what}")


class Studio:
    """``studio serve`` on a home of its own; ``max_cores`` limits what jobs take together."""

    def __init__(self, home: Path, *, max_cores: float | None = None) -> None:
        self.home = home
        self.port = free_port()
        self._cores = max_cores
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}

    @classmethod
    def running(cls, home: Path, port: int) -> Studio:
        """The Studio that another process started."""
        studio = cls(home)
        studio.port = port
        assert studio._answers()
        return studio

    def start(self) -> None:
        """Start the server; returns once it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        arguments = [str(STUDIO), "serve", "--home", str(self.home), "--port", str(self.port)]
        if self._cores is not None:
            limits = [str(self.home), str(self.port), str(self._cores)]
            arguments = [sys.executable, "-c", _LIMITED, *limits]
        with (self.home / "server.out").open("ab") as output:
            process = subprocess.Popen(
                arguments,
                env={**os.environ, **databases.environment(self.home)},
                stdout=output,
                stderr=output,
            )
        self._process = process
        wait_for(lambda: process.poll() is not None or self._answers(), "an answer", START_S)
        assert process.poll() is None, (self.home / "server.out").read_text()[-4000:]

    def _answers(self) -> bool:
        try:
            # The address is known before the credentials are: `studio env` needs both.
            self._environment = self._shell_environment()
            self.client("sts").get_caller_identity()
        except Exception:
            return False
        return True

    def _shell_environment(self) -> dict[str, str]:
        """The environment of a shell after ``eval "$(studio env)"``, in an empty home folder."""
        line = f'variables="$({STUDIO} env --home {self.home})" && eval "$variables" && env -0'
        user = self.home.parent / f"{self.home.name}-user"
        user.mkdir(exist_ok=True)
        found = subprocess.run(
            ["bash", "-c", line],
            env={**os.environ, "HOME": str(user)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return dict(item.split("=", 1) for item in found.split("\0") if "=" in item)

    @property
    def environment(self) -> dict[str, str]:
        """For programs that are to use this Studio."""
        return dict(self._environment)

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of this Studio."""
        found = self._environment
        url = found["AWS_ENDPOINT_URL"]
        if service == "sagemaker-runtime":
            url = found["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"]
        return boto3.session.Session().client(
            service,
            endpoint_url=url,
            region_name=found["AWS_REGION"],
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
            config=ClientConfig(s3={"addressing_style": "path"}, **config),
        )

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send the server a signal and wait until it is gone."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def clean_up(self) -> None:
        """End the server and everything it started that lives on by design."""
        if self._process is not None and self._process.poll() is None:
            self.end()
        end_all_of(self.home)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
