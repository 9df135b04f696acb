"""What the control plane asks of the gateway: whether it runs, where, and who is busy."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from ... import __version__
from ...config import Config
from ...files import read_json
from . import listening


@dataclass(frozen=True)
class GatewayInfo:
    """A running gateway."""

    pid: int
    port: int
    routes_version: int
    token: str
    version: str = ""

    @property
    def is_current(self) -> bool:
        """Whether it is of the version of this process."""
        return self.version == __version__


#: The gateway that this process has started last, by home, while it is not up yet; several threads
#: ask for it. Those that came up may end while they answer what they were asked before.
_started: dict[str, subprocess.Popen[bytes]] = {}
_up: list[subprocess.Popen[bytes]] = []
_guard = threading.Lock()


def info(config: Config) -> GatewayInfo | None:
    """The gateway of a home, None when it does not run or is only starting."""
    from .process import lock

    held = lock(config)
    if held is not None:
        os.close(held)
        return None
    state = read_json(config.run_dir / "gateway.json")
    owner = (config.run_dir / "gateway.lock").read_text()
    # One that is starting has not yet replaced what the one before it wrote.
    if not state or str(state["pid"]) != owner:
        return None
    # One of another Studio version may say more.
    return GatewayInfo(**{k: v for k, v in state.items() if k in GatewayInfo.__dataclass_fields__})


def in_flight(config: Config) -> tuple[int, dict[str, int]] | None:
    """The routes' version and each instance's open requests; None when nobody answers."""
    gateway = info(config)
    if gateway is None:
        return None
    connection = http.client.HTTPConnection(config.host, gateway.port, timeout=5)
    try:
        connection.request("GET", "/-/routes", headers={"X-Studio-Token": gateway.token})
        answer = connection.getresponse()
        if answer.status != 200:
            return None
        state = json.loads(answer.read())
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        return None
    finally:
        connection.close()
    return state["version"], state["in_flight"]


def ensure(config: Config, timeout_s: float = 30.0) -> GatewayInfo:
    """Start the gateway unless it runs; OSError (TimeoutError) when it does not come up.

    One that is still starting, as it may for long on a busy machine, is waited for again.
    """
    found = info(config)
    if found is not None:
        _came_up(config, found)
        return found
    with _guard:
        started = _started.get(config.home)
        if started is None or started.poll() is not None:
            started = _started[config.home] = _start(config)
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = info(config)
        if found is not None and answers(config, found.port):
            _came_up(config, found)
            return found
        if started.poll():
            where = f"{config.logs_dir}/gateway.*"
            raise OSError(f"the gateway ended with {started.returncode}; see {where}")
        time.sleep(0.05)
    raise TimeoutError(f"the gateway did not start; see {config.logs_dir}/gateway.*")


def _came_up(config: Config, found: GatewayInfo) -> None:
    """Note that a gateway is there; and collect those that have ended."""
    with _guard:
        started = _started.get(config.home)
        if started is not None and started.pid == found.pid:
            _up.append(_started.pop(config.home))
        _up[:] = [each for each in _up if each.poll() is None]


def starting(config: Config) -> int | None:
    """Process id of a gateway that this process has started, and that is not up yet."""
    started = _started.get(config.home)
    if started is None or started.poll() is not None or info(config) is not None:
        return None
    return started.pid


def _start(config: Config) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", __package__, "--home", config.home, "--host", config.host),
        *("--region", config.region, "--account-id", config.account_id),
    ]
    environment = {
        **os.environ,
        "STUDIO_DATABASE_URL": config.database_url,
        "STUDIO_AUDIT_DATA_EVENTS": str(int(config.audit_data_events)),
    }
    config.make_folders()
    # What it prints beside its log, gateway.log: Python's own words on the way down.
    with (
        open(config.logs_dir / "gateway.out", "wb") as log,
        listening.inheritable(config) as descriptors,
    ):
        return subprocess.Popen(
            [*command, *(f"--listener={one}" for one in descriptors)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=descriptors,
        )


def answers(config: Config, port: int) -> bool:
    """Whether a gateway answers on a port."""
    connection = http.client.HTTPConnection(config.host, port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
