"""What is particular to processing jobs while they run and when they end."""

from __future__ import annotations

import time
from typing import Any

from ..control.world import World
from ..jobs.controller import SYNC_S, Controller, Work
from ..store.objects import ObjectStoreError
from ..store.resources import Resource
from .launch import job_spec
from .outputs import store, sync
from .room import room_of


def _follow(world: World, resource: Resource) -> dict[str, Any]:
    now = time.time()
    if now - resource.state.get("synced_at", 0) < SYNC_S:
        return {}
    try:
        synced = sync(world, resource)
    except (ObjectStoreError, OSError):
        return {}  # tried again at the next look; the last one, at the end, counts
    return {"synced": synced, "synced_at": now} if synced is not None else {}


CONTROLLER = Controller(Work("Processing job", room_of, job_spec, _follow, store))
