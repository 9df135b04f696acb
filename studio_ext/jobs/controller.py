"""Drives a job of any kind from accepted to its end, one look at a time."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..config import Config
from ..control import admission
from ..control.world import World
from ..run.contract import JobSpec, JobStatus
from ..store.objects import ObjectStoreError
from ..store.queue import Room
from ..store.resources import Resource
from .inputs import InputUnavailable, staging_folder
from .launch import job_id, purpose
from .outputs import OutputFailed
from .room import waiting_for

log = logging.getLogger(__name__)

LOOK_S = 0.5
ASK_AGAIN_S = 1.0
#: How often what a running job leaves is stored.
SYNC_S = 5.0
_MESSAGES = {
    "Completed": "{} completed",
    "Failed": "{} failed",
    "Stopped": "{} stopped",
    "MaxRuntimeExceeded": "{} runtime exceeded MaxRuntimeInSeconds provided",
}


@dataclass(frozen=True)
class Work:
    """What is particular to one kind of job; ``label`` begins the messages about it.

    ``spec`` says what to run, or raises InputUnavailable. ``follow`` gives what is to be noted in
    the state of a job that runs. ``store`` adds to ``notes``, once the job has ended, what is to be
    noted of what it leaves, having put that into its place; it may be called again after it was
    killed. OutputFailed and ObjectStoreError fail the job.
    """

    label: str
    room: Callable[[Config, dict[str, Any]], Room]
    spec: Callable[[World, Resource], JobSpec]
    follow: Callable[[World, Resource], dict[str, Any]]
    store: Callable[[World, Resource, JobStatus, dict[str, Any]], None]

    def message(self, outcome: str) -> str:
        """What is said of an outcome."""
        return _MESSAGES[outcome].format(self.label)


class Controller:
    """Drives the jobs of one kind."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def reconcile(self, world: World, resource_id: int) -> float | None:
        """Take one step; in how many seconds to look again."""
        resource = world.store.resources.by_id(resource_id)
        if resource is not None and resource.status == "Deleting" and world.runs(resource):
            remove(world, resource, "controller")
            return None
        if resource is None or resource.status not in ("InProgress", "Stopping"):
            return None
        if "launched" not in resource.state:
            return self._launch(world, resource)
        if not world.runs(resource):
            return None
        status = world.runner.observe(job_id(resource))
        if status is None:
            # Noted, but killed before the runner was told: tell it now.
            return self._launch(world, resource)
        if resource.status == "Stopping" and not status.stopping and status.phase != "Done":
            world.runner.stop(job_id(resource))
        if status.phase == "Done":
            return self._finish(world, resource, status)
        if not status.alive:
            return self._finish(world, resource, _lost(resource, status))
        return self._follow(world, resource, status)

    def _launch(self, world: World, resource: Resource) -> float | None:
        if resource.status == "Stopping":
            message = f"{self._work.message('Stopped')} before it started"
            return _end(world, resource, "Stopped", message)
        room = self._work.room(world.config, resource.spec)
        if not admission.admit(world, resource, room):
            _note(world, resource, "Pending", waiting_for(room))
            # Who asks has no room; another node may have.
            return None if world.alone else ASK_AGAIN_S
        admitted = world.store.resources.by_id(resource.id)
        assert admitted is not None
        try:
            spec = self._work.spec(world, admitted)
        except InputUnavailable as error:
            return _fail(world, admitted, f"ClientError: Data download failed: {error}")
        with world.store.resources.edit(resource.id) as edited:
            if edited is None:
                return None
            edited.state.setdefault("launched", time.time())
        job = job_id(resource)
        log.info("launching job %s of %s", job, resource.name, extra={"job": job})
        try:
            world.runner.launch(spec)
        except OSError as error:
            world.runner.stop(job)  # should it have started after all
            return _fail(world, admitted, f"InternalServerError: {error}")
        return 0.1

    def _follow(self, world: World, resource: Resource, status: JobStatus) -> float:
        state = resource.state
        new = {**_transitions(state, status), **self._work.follow(world, resource)}
        changes = {key: value for key, value in new.items() if state.get(key) != value}
        if changes:
            progress = "transitions" not in changes
            with world.store.resources.edit(resource.id, progress=progress) as edited:
                if edited is not None:
                    edited.state.update(changes)
        if status.phase in ("Training", "Uploading"):
            shutil.rmtree(staging_folder(world, job_id(resource)), ignore_errors=True)
        return LOOK_S

    def _finish(self, world: World, resource: Resource, status: JobStatus) -> float | None:
        """Store what the job leaves behind, then record its end: in that order, and repeatably."""
        notes = _transitions(resource.state, status)
        outcome, reason = status.outcome or "Failed", status.failure_reason
        try:
            self._work.store(world, resource, status, notes)
        except (OutputFailed, ObjectStoreError) as error:
            if outcome != "Failed":  # else the script's own error is what matters
                outcome, reason = "Failed", f"ClientError: {error}"
        if status.exit_message:
            notes["exit_message"] = status.exit_message
        message = self._work.message(outcome)
        if outcome == "Failed":
            return _fail(world, resource, reason or message, **notes)
        return _end(world, resource, outcome, status.exit_message or message, **notes)


def remove(world: World, resource: Resource, actor: str) -> None:
    """Delete what an ended job has left, then the job itself: in that order, and repeatably."""
    world.runner.remove(job_id(resource))
    world.store.metrics.delete(resource.series)
    world.store.resources.delete(resource.id, actor)


def _lost(resource: Resource, status: JobStatus) -> JobStatus:
    """The outcome of a job whose supervisor was killed: who was to be stopped is."""
    if resource.status == "Stopping":
        return replace(status, outcome="Stopped")
    return status.failed(
        "InternalServerError", "the job's supervisor was killed; please start the job again"
    )


def _note(world: World, resource: Resource, secondary: str, message: str) -> None:
    """Record a secondary status that the runner knows nothing of."""
    if resource.state["secondary"] == secondary:
        return
    with world.store.resources.edit(resource.id) as edited:
        if edited is not None:
            _enter(edited.state, secondary, message, time.time())


def _enter(state: dict[str, Any], secondary: str, message: str, at: float) -> None:
    if state["transitions"]:
        state["transitions"][-1].setdefault("EndTime", at)
    transition = {"Status": secondary, "StartTime": at, "StatusMessage": message}
    state["transitions"].append(transition)
    state["secondary"] = secondary


def _transitions(state: dict[str, Any], status: JobStatus) -> dict[str, Any]:
    """The runner's transitions after those from before the launch; its outcome is not among them.

    The job has not ended when its processes have: what they leave is stored first.
    """
    own = [dict(t) for t in state["transitions"] if t["Status"] in ("Starting", "Pending")]
    theirs = [
        {
            "Status": t.status,
            "StartTime": t.start,
            **({"EndTime": t.end} if t.end is not None else {}),
            "StatusMessage": t.message,
        }
        for t in status.transitions
        if t.status not in ("Starting", "Pending", *_MESSAGES)
    ]
    if not theirs:
        return {}
    if status.phase == "Done":
        theirs[-1].pop("EndTime", None)
    own[-1].setdefault("EndTime", theirs[0]["StartTime"])
    started = next((t["StartTime"] for t in theirs if t["Status"] == "Downloading"), None)
    found = {"transitions": own + theirs, "secondary": theirs[-1]["Status"]}
    return found | ({"started": started} if started else {})


def _fail(world: World, resource: Resource, reason: str, **extra: Any) -> float | None:
    return _end(world, resource, "Failed", reason, failure_reason=reason, **extra)


def _end(
    world: World, resource: Resource, outcome: str, message: str, **extra: Any
) -> float | None:
    """Clean up, record the end of a job, and let the next one in the queue start."""
    world.store.credentials.revoke(purpose(resource))
    shutil.rmtree(staging_folder(world, job_id(resource)), ignore_errors=True)
    world.runner.tidy(job_id(resource))
    now = time.time()
    with world.store.resources.edit(resource.id, leaves_queue=True) as edited:
        if edited is None:
            return None
        edited.state.update(extra)
        _enter(edited.state, outcome, message, now)
        edited.state["transitions"][-1]["EndTime"] = edited.state["ended"] = now
        edited.status = outcome if outcome in ("Completed", "Failed") else "Stopped"
    admission.wake_next(world)
    return None
