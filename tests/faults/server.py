"""``studio serve`` that is killed and started again, found without a shell in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from studio_process import Studio

from studio_ext.config import Config
from studio_ext.notebook import session
from tests.faults.targets import is_gone

ONCE: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5}


class Server(Studio):
    """A server whose clients try nothing twice. ``up`` is set while it is to answer.

    ``config`` has its settings, for those who look into its home.
    """

    def __init__(self, home: Path, database_url: str) -> None:
        super().__init__(home)
        self.config = Config(home=str(home), database_url=database_url)
        self.up = threading.Event()
        self.died: list[str] = []
        self.took: list[float] = []

    def _shell_environment(self) -> dict[str, str]:
        # What the home says of a control plane may be a rival's, which is to end soon.
        found = session.connection(self.home, environ={})
        return {**found, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def start(self) -> None:
        """Start it; again if it ends, as where the disk is full. Returns once it answers."""
        end = time.monotonic() + 120
        self.home.mkdir(parents=True, exist_ok=True)
        while True:
            begun = time.monotonic()
            self._process = self.spawn(self.port)
            while self._process.poll() is None and time.monotonic() < end:
                if self._answers():
                    self._environment = self._shell_environment()  # the gateway is there by now
                    self.took.append(time.monotonic() - begun)
                    self.up.set()
                    return
                time.sleep(0.05)
            if time.monotonic() > end:
                raise TimeoutError(f"no answer from the server on {self.home}")
            self.died.append(f"it ended with {self._process.returncode} while it started")
            time.sleep(0.2)

    def spawn(self, port: int) -> subprocess.Popen[bytes]:
        """A server process on the home; with port 0 on one of its own choice."""
        where = ["--home", str(self.home), "--port", str(port)]
        # Its output lies beside the home: the disk of the home is to become full.
        with self.home.parent.with_suffix(".out").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "studio_ext.cli", "serve", "--share", *where],
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    "STUDIO_MAX_CORES": "6",
                    "STUDIO_DATABASE_URL": self.config.database_url,
                },
            )

    def ended_by_itself(self) -> bool:
        """Whether it is to run, but does not."""
        return self.up.is_set() and self._process is not None and self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL; :meth:`start` starts it again."""
        self.up.clear()
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(60)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it for good; its process group stays."""
        self.up.clear()
        super().end(number)

    def caller(self, service: str, read_timeout: float = 60) -> Any:
        """A client that never tries again."""
        return self.client(service, read_timeout=read_timeout, **ONCE)


def wait_gone(pids: list[int], seconds: float) -> list[int]:
    """Those that still run after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not all(map(is_gone, pids)):
        time.sleep(0.05)
    return [pid for pid in pids if not is_gone(pid)]
