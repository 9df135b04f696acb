"""One round: a Studio of its own, work, faults, rest, and a look at what is left."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from leftovers import end_all_of

from tests.faults import invariants, invocations, observing, requests
from tests.faults.backing import Postgresql, Sqlite, backing
from tests.faults.disk import CannotMount, Disk
from tests.faults.forms import FORMS
from tests.faults.history import History, State
from tests.faults.injector import Injector
from tests.faults.plan import Plan, save
from tests.faults.server import Server, wait_gone
from tests.faults.targets import by_role
from tests.faults.workload import CONFIGS, ENDPOINT, Workload

DISK_BYTES = 1 << 30
SETTLE_S = 180.0


@dataclass
class Result:
    """What a round found. ``counts``: faults by label; seconds by label: ``recoveries`` of the data
    plane, and ``returns`` of the control plane."""

    plan: Plan
    broken: list[str]
    counts: dict[str, int]
    recoveries: dict[str, list[float]]
    returns: dict[str, list[float]]
    history: History
    state: State


def run(plan: Plan, folder: Path, *, need_disk: bool = False) -> Result:
    """Carry out a plan below an empty ``folder``; what broke is in the result.

    Where nothing can be mounted faults of the disk are left out, unless ``need_disk``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save(plan, folder / "plan.json")
    mount = folder / "disk"
    disk: Disk | None = None
    history = History()
    try:
        disk = Disk(mount, DISK_BYTES)
    except CannotMount as error:
        if need_disk:
            raise
        history.notes.append(f"missed: every fill, since nothing can be mounted: {error}")
    database = backing(plan.database, mount / "home")
    server = Server(mount / "home", database.url)
    try:
        state = _work(plan, server, database, disk, history)
        _write_report(folder, history, state)
    finally:
        _end(server, disk, folder)
        database.close()
    counts: dict[str, int] = {}
    for fault in history.faults:
        counts[fault.label] = counts.get(fault.label, 0) + 1
    broken = invariants.broken(history, state)
    recoveries, returns = invocations.recoveries(history), invocations.returns(history)
    return Result(plan, broken, counts, recoveries, returns, history, state)


def _work(
    plan: Plan,
    server: Server,
    database: Sqlite | Postgresql,
    disk: Disk | None,
    history: History,
) -> State:
    server.start()
    requests.prepare(server.client("s3"), server.client("sagemaker"), CONFIGS)
    sagemaker = server.client("sagemaker")
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=CONFIGS[0])
    _wait(lambda: _endpoint(sagemaker)["EndpointStatus"] == "InService", "the endpoint", 90)
    workload = Workload(server, history, plan.seed)
    workload.start()
    time.sleep(1.0)
    try:
        Injector(server, database, disk, history).run(plan)
    finally:
        workload.stop_making()
    state = State()
    _settle(server, workload, history, state)
    workload.stop_asking()
    history.notes += workload.failures
    history.starts = server.took
    history.notes += [f"missed a start: {text}" for text in server.died]
    observing.ask(server, history, state)
    _take_down(server, state)
    return state


def _settle(server: Server, workload: Workload, history: History, state: State) -> None:
    """Until every job has ended and the endpoint has what it was asked for."""
    sagemaker = server.client("sagemaker")

    def jobs_ended() -> bool:
        left = False
        for job in history.jobs.values():
            try:
                found = FORMS[job.form].ask(sagemaker, "Describe", job.name)
            except ClientError:
                continue
            if FORMS[job.form].status(found) in ("InProgress", "Stopping"):
                left = True
                if job.kind == "long":
                    workload.stop_job(sagemaker, job)
        return not left

    def endpoint_rests() -> bool:
        state.endpoint = _endpoint(sagemaker)
        return state.endpoint["EndpointStatus"] not in ("Creating", "Updating")

    for check, what in ((jobs_ended, "jobs"), (endpoint_rests, "the endpoint")):
        try:
            _wait(check, what, SETTLE_S)
        except TimeoutError as error:
            state.unsettled.append(str(error))
    time.sleep(2.0)  # invocations after the last fault


def _take_down(server: Server, state: State) -> None:
    """Delete the endpoint, then end the server and the gateway; nothing else may be left."""
    sagemaker = server.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    try:
        _wait(lambda: not sagemaker.list_endpoints()["Endpoints"], "the endpoint's end", 90)
    except TimeoutError as error:
        state.unsettled.append(str(error))
    observing.look_at_processes(server.home, state)
    gateways = [process.pid for process in by_role(server.home, "gateway")]
    try:
        server.end()
    except Exception as error:
        state.unsettled.append(f"the server did not end at SIGTERM: {error!r}")
        server.end(signal.SIGKILL)
    end_all_of(server.home)
    if left := wait_gone(gateways, 5):
        state.unsettled.append(f"the gateway did not end: {left}")
    observing.look_at_home(server.config, state)


def _endpoint(sagemaker: Any) -> dict[str, Any]:
    found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    return found


def _wait(check: Callable[[], bool], what: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if check():
                return
        except BotoCoreError:
            if time.monotonic() > end:
                raise
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come to rest within {seconds:g} s")
        time.sleep(0.2)


def _write_report(folder: Path, history: History, state: State) -> None:
    document = {"history": asdict(history), "state": asdict(state)}
    (folder / "report.json").write_text(json.dumps(document, default=str, indent=1))


def _end(server: Server, disk: Disk | None, folder: Path) -> None:
    server.clean_up()
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    for path in [*server.home.glob("logs/*.*"), *server.home.glob("run/*.json")]:
        shutil.copy(path, logs / path.name)
    for path in server.home.glob("endpoints/*/log"):
        shutil.copy(path, logs / f"{path.parent.name}.log")
    if disk is not None:
        disk.close()
