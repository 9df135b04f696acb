"""What is particular to training jobs while they run and when they end."""

from __future__ import annotations

import time
from typing import Any

from ..control.world import World
from ..jobs.controller import SYNC_S, Controller, Work
from ..run.contract import JobStatus
from ..store.objects import ObjectStoreError
from ..store.resources import Resource
from . import metrics, outputs
from .launch import job_spec
from .room import room_of


def _follow(world: World, resource: Resource) -> dict[str, Any]:
    new: dict[str, Any] = {}
    read = metrics.collect(world, resource)
    if read is not None:
        new["metrics"] = read
    now = time.time()
    if "CheckpointConfig" in resource.spec and now - resource.state.get("checkpointed", 0) > SYNC_S:
        new["checkpointed"] = now
        stored = _checkpoints(world, resource)
        if stored is not None:
            new["checkpoints"] = stored
    return new


def _checkpoints(world: World, resource: Resource) -> dict[str, Any] | None:
    try:
        return outputs.sync_checkpoints(world, resource)
    except (ObjectStoreError, OSError):
        return None  # tried again at the next look; the last one, at the end, counts


def _store(world: World, resource: Resource, status: JobStatus, notes: dict[str, Any]) -> None:
    read = metrics.collect(world, resource)
    if read is not None:
        notes["metrics"] = read
    stored = outputs.sync_checkpoints(world, resource, ended=True)
    if stored is not None:
        notes["checkpoints"] = stored
    artifacts = outputs.upload(world, resource, status)
    if artifacts and status.outcome not in (None, "Failed"):
        notes["artifacts"] = artifacts


#: The exit message has no member of its own in DescribeTrainingJob: it goes with the status.
CONTROLLER = Controller(Work("Training job", room_of, job_spec, _follow, _store))
