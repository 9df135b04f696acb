"""One Studio and one run of each client script for the whole session, whatever the workers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import script_runs
from leftovers import end_all_of
from script_runs import Run
from studio_process import Studio

HERE = Path(__file__).parent
_SHARED = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "script(name): what a script of tests/e2e/scripts printed is looked at"
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Sign up, so that no worker ends what another one is still to use."""
    ours = [item for item in session.items if HERE in item.path.parents]
    if not ours or session.config.option.collectonly:
        return
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    base = factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "e2e"
    shared.mkdir(exist_ok=True)
    session.config.stash[_SHARED] = shared
    with script_runs.locked(shared / "shared.json") as state:
        state.setdefault("users", []).append(os.getpid())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last one ends the server, and what it started."""
    shared = session.config.stash.get(_SHARED, None)
    if shared is None:
        return
    with script_runs.locked(shared / "shared.json") as state:
        state["users"].remove(os.getpid())
        if any(psutil.pid_exists(user) for user in state["users"]):
            return
        script_runs.end_groups(state.get("scripts", []))
        end_all_of(shared / "home")


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Path:
    """The folder that all workers share."""
    return pytestconfig.stash[_SHARED]


@pytest.fixture(scope="session")
def studio(shared: Path) -> Studio:
    """The one Studio; whoever comes first starts it."""
    with script_runs.locked(shared / "shared.json") as state:
        if "port" not in state:
            server = Studio(shared / "home")
            server.start()
            state["port"] = server.port
            return server
    return Studio.running(shared / "home", state["port"])


@pytest.fixture(scope="session", autouse=True)
def scripts(request: pytest.FixtureRequest, shared: Path, studio: Studio) -> Path:
    """The folder of the runs of all selected scripts, started at once, at the first test."""
    marks = [item.get_closest_marker("script") for item in request.session.items]
    wanted = sorted({mark.args[0] for mark in marks if mark is not None})
    python = script_runs.sdk_python()
    runs = shared / "runs"
    with script_runs.locked(shared / "shared.json") as state:
        if python is not None and "scripts" not in state:
            runs.mkdir()
            state["scripts"] = [
                script_runs.start(name, runs, studio.environment, python) for name in wanted
            ]
    return runs


@pytest.fixture
def run(request: pytest.FixtureRequest, scripts: Path) -> Run:
    """The finished run of the script that the test is marked with."""
    name: str = request.node.get_closest_marker("script").args[0]
    if script_runs.sdk_python() is None:
        pytest.skip("no SageMaker SDK: `make test` installs it, or set STUDIO_SDK_PYTHON")
    return Run(scripts / name.removesuffix(".py")).wait()


@pytest.fixture
def own_studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio that a test may kill, with two cores for jobs."""
    server = Studio(tmp_path / "home", max_cores=2)
    try:
        server.start()
        yield server
    finally:
        server.clean_up()
        shutil.rmtree(server.home, ignore_errors=True)
