"""Two control planes on one home: refused with a clear word, or shared when that is asked for."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from jupyter_process import Jupyter
from studio_process import STUDIO, Studio, wait_for


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path / "home")
    studio.start()
    yield studio
    studio.clean_up()


def _serve(home: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STUDIO), "serve", "--home", str(home), *more],
        env={**os.environ, **databases.environment(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _announced(home: Path) -> int:
    pid = json.loads((home / "run" / "control.json").read_text())["pid"]
    assert isinstance(pid, int)
    return pid


def test_the_second_says_what_runs(served: Studio) -> None:
    refused = _serve(served.home)
    assert refused.returncode == 1
    assert f"pid {served.pid} " in refused.stderr
    assert f"serves http://127.0.0.1:{served.port}" in refused.stderr
    assert "--share" in refused.stderr and "Traceback" not in refused.stderr
    assert served.client("sts").get_caller_identity()["Account"]
    # One that is stopped still has the home, and is named as what it is.
    os.kill(served.pid, signal.SIGSTOP)
    try:
        refused = _serve(served.home)
    finally:
        os.kill(served.pid, signal.SIGCONT)
    assert refused.returncode == 1
    assert f"kill -CONT {served.pid}" in refused.stderr
    # One that was killed is in nobody's way.
    served.end(signal.SIGKILL)
    served.start()
    assert _announced(served.home) == served.pid


def test_two_share_when_they_are_told_to(served: Studio) -> None:
    command = [str(STUDIO), "serve", "--home", str(served.home), "--share"]
    with (served.home / "second.out").open("wb") as output:
        environment = {**os.environ, **databases.environment(served.home)}
        second = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        said = served.home / "second.out"
        wait_for(lambda: "Studio serves" in said.read_text(), "the second plane")
        assert f":{served.port} " not in said.read_text()
        assert _announced(served.home) == served.pid
        # The one that is left is the home's own from then on: a third is refused for its sake.
        served.end()
        wait_for(lambda: _announced(served.home) == second.pid, "the second to be announced")
        assert f"pid {second.pid} " in _serve(served.home).stderr
    finally:
        second.terminate()
        assert second.wait(30) == 0


def test_jupyter_joins_a_home_that_is_served(served: Studio, tmp_path: Path) -> None:
    first = served.pid
    with Jupyter(tmp_path / "jupyter", served.home) as server:
        url = server.call("Studio.GetHome")["EndpointUrl"]
        assert url != f"http://127.0.0.1:{served.port}"
        # They share resources, and the address that clients look up stays.
        served.client("sagemaker").create_domain(
            DomainName="shared",
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": "arn:aws:iam::000000000000:role/r"},
            SubnetIds=["subnet-1"],
            VpcId="vpc-1",
        )
        assert [d["DomainName"] for d in server.call("SageMaker.ListDomains")["Domains"]] == [
            "shared"
        ]
        assert _announced(served.home) == served.pid
        served.end()
        wait_for(lambda: _announced(served.home) != first, "Jupyter to be announced")
        assert "jupyter" in _serve(served.home).stderr


def test_a_taken_port_is_said_with_its_owner(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = _serve(tmp_path / "home", "--port", str(port))
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}: Address already in use by pid {os.getpid()}" in refused.stderr
    assert "Traceback" not in refused.stderr
