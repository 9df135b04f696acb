"""Runs: what takes long is begun, asked after and stopped.

A run's record and result are files of the home, in a folder of the account's. Whoever runs it holds
a lock there: a record that says "InProgress" while nobody holds its lock is one whose control plane
was killed, and is told as failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import time
import uuid
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ..control.world import World
from ..files import read_json, write_json
from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError, ResourceNotFound, ValidationException
from ..wire.identity import Caller
from .asking import DEFAULT_FLOW, Asker, document_of
from .process import Asked, FlowProcess

log = logging.getLogger(__name__)

KEPT_S = 24 * 3600.0
MOST_KEPT = 100
RECORD, RESULT, LOCK = "run.json", "result.json", "lock"
_DO = {"FIT": "FitFlow", "ANALYSIS": "RunAnalysis", "REPORT": "Report"}
_STOPPED = ApiError("Stopped", "The run was stopped.")
_LOST = "Studio was restarted while the run was going on: start it again."


class _Run:
    """A run of this control plane's."""

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder = folder
        self.record = record
        self.over: Future[None] = Future()
        self.over.set_running_or_notify_cancel()
        self.asked: tuple[FlowProcess, Asked] | None = None
        self._lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        write_json(folder / RECORD, record)

    def progress(self, told: dict[str, Any]) -> None:
        """How far it is: of interest only while it runs, and so not written."""
        self.record = {**self.record, "Progress": told}

    def end(self, future: Future[dict[str, Any]]) -> None:
        """Keep what came of it."""
        error = future.exception()
        record = {**self.record, "EndTime": time.time()}
        try:
            if error is None:
                write_json(self.folder / RESULT, future.result())
                record["Status"] = "Completed"
            elif isinstance(error, ApiError) and error.code == _STOPPED.code:
                record["Status"] = "Stopped"
            else:
                reason = error.message if isinstance(error, ApiError) else str(error)
                record |= {"Status": "Failed", "FailureReason": reason}
            write_json(self.folder / RECORD, record)
        except OSError:
            log.exception("what came of a run of a flow cannot be kept")
        self.record = record
        os.close(self._lock)
        self.over.set_result(None)


class Runs:
    """StartFlowRun, DescribeFlowRun, ListFlowRuns and StopFlowRun."""

    def __init__(self, world: World, asker: Asker) -> None:
        self._root = world.config.flows_dir / "runs"
        self._seconds = world.config.flow_run_s
        self._asker = asker
        self._running: dict[tuple[str, str], _Run] = {}

    def register(self, registry: Registry) -> None:
        """Add the four operations."""
        registry.add("studio", "StartFlowRun", self.start)
        registry.add("studio", "DescribeFlowRun", self.describe)
        registry.add("studio", "ListFlowRuns", self.page)
        registry.add("studio", "StopFlowRun", self.stop)

    def start(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Begin one; it is recorded before it begins."""
        if params["Type"] == "ANALYSIS" and "NodeId" not in params:
            raise ValidationException("NodeId: an analysis needs a node.")
        account = call.caller.account_id
        document_of(self._asker.world, call.caller, params)
        name = uuid.uuid4().hex
        self._sweep(account)
        folder = self._root / account / name
        folder.mkdir(parents=True, mode=0o700)
        record: dict[str, Any] = {
            "FlowId": params.get("FlowId", DEFAULT_FLOW),
            "RunId": name,
            "Type": params["Type"],
            "Status": "InProgress",
            "CreationTime": time.time(),
        }
        if "NodeId" in params:
            record["NodeId"] = params["NodeId"]
        run = self._running[account, name] = _Run(folder, record)
        self._begin(run, call.caller, params)
        return {"RunId": name}

    def _begin(self, run: _Run, caller: Caller, params: dict[str, Any]) -> None:
        key = (caller.account_id, run.record["RunId"])
        try:
            do = _DO[params["Type"]]
            run.asked = self._asker.put(caller, do, params, self._seconds, run.progress)
        except ApiError as error:
            failed: Future[dict[str, Any]] = Future()
            failed.set_exception(error)
            run.end(failed)
            self._running.pop(key, None)
            return

        def ended(future: Future[dict[str, Any]]) -> None:
            run.end(future)
            self._running.pop(key, None)

        run.asked[1].future.add_done_callback(ended)

    async def describe(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """How far a run is, and what came of it."""
        key = (call.caller.account_id, params["RunId"])
        if (run := self._running.get(key)) is not None:
            over = asyncio.ensure_future(asyncio.wrap_future(run.over))
            await asyncio.wait([over], timeout=params.get("WaitSeconds", 0))
            if not run.over.done():
                return run.record
        return await asyncio.to_thread(self._told, *key)

    def _told(self, account: str, name: str) -> dict[str, Any]:
        folder = self._root / account / name
        record = _settled(folder)
        if record is None:
            raise ResourceNotFound(f"There is no run {name}.")
        result = read_json(folder / RESULT) if record["Status"] == "Completed" else None
        return {**(result or {}), **record}

    def page(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The caller's runs, the latest first."""
        folder = self._root / call.caller.account_id
        found = [_settled(each) for each in folder.iterdir()] if folder.is_dir() else []
        flow = params.get("FlowId")
        runs = [each for each in found if each and (flow is None or each.get("FlowId") == flow)]
        return {"Runs": sorted(runs, key=lambda each: -each["CreationTime"])}

    def stop(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """End a run; one that has ended stays as it is."""
        key = (call.caller.account_id, params["RunId"])
        run = self._running.get(key)
        if run is not None and run.asked is not None:
            process, asked = run.asked
            process.end(asked, _STOPPED)
        elif run is None:
            self._told(*key)
        return {}

    def _sweep(self, account: str) -> None:
        """Forget the account's old runs, and of the others all but the latest."""
        folder = self._root / account
        if not folder.is_dir():
            return
        known = [(each, _settled(each)) for each in folder.iterdir()]
        ended = [
            (record["CreationTime"], each)
            for each, record in known
            if record is not None and record["Status"] != "InProgress"
        ]
        for place, (created, each) in enumerate(sorted(ended, reverse=True)):
            if place >= MOST_KEPT or created < time.time() - KEPT_S:
                shutil.rmtree(each, ignore_errors=True)


def _settled(folder: Path) -> dict[str, Any] | None:
    """A run's record; one that nobody works on any more is told as failed. None: no run."""
    record: dict[str, Any] | None = read_json(folder / RECORD)
    if record is None or record["Status"] != "InProgress":
        return record
    with contextlib.suppress(OSError):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return record
        finally:
            os.close(lock)
        # It may have ended between the two looks.
        record = read_json(folder / RECORD) or record
        if record["Status"] == "InProgress":
            end = {"Status": "Failed", "FailureReason": _LOST, "EndTime": time.time()}
            record = {**record, **end}
            write_json(folder / RECORD, record)
    return record
