"""Studio for tests: a real one, and moto's server on a home that looks like a running Studio's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from leftovers import end_all_of

from studio_ext.files import read_json
from studio_ext.notebook import session


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Home of a running `studio serve`, with all that belongs to it ended afterwards."""
    home = tmp_path_factory.mktemp("studio") / "home"
    command = [sys.executable, "-m", "studio_ext.cli", "serve", "--home", str(home)]
    told = home.parent / "serve.log"
    with told.open("wb") as log:
        environment = {**os.environ, **databases.environment(home)}
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not answers(home):
            assert server.poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.2)
        yield home
    finally:
        server.terminate()
        server.wait(60)
        end_all_of(home)


def answers(home: Path) -> bool:
    """Whether the API and the gateway of a home can be used."""
    try:
        session.require_running(home)
        session.connection(home, environ={})
    except session.NotRunning:
        return False
    return bool(read_json(home / "run" / "gateway.json"))


@pytest.fixture(scope="session")
def aws_port() -> Iterator[int]:
    """Port of a server that speaks AWS's protocols, for tests of clients."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home as a Studio leaves it that runs on port 9, where nothing listens."""
    return make_home(tmp_path / "a home", 9)


@pytest.fixture
def live_home(tmp_path: Path, aws_port: int) -> Path:
    """A home whose server answers."""
    return make_home(tmp_path / "live", aws_port)


def make_home(home: Path, port: int) -> Path:
    (home / "run").mkdir(parents=True, mode=0o700)
    (home / "run" / "control.json").write_text(json.dumps({"port": port, "host": "127.0.0.1"}))
    key = {"access_key_id": "AKIAFAKE", "secret_access_key": "q'uo\"te $x", "user_profile": "ann"}
    (home / "credentials.json").write_text(json.dumps(key))
    (home / "credentials.json").chmod(0o600)
    return home
