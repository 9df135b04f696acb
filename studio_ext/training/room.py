"""What a training job takes of the machine, and what it says while it waits for that."""

from __future__ import annotations

from typing import Any

from ..config import Config
from ..control import admission
from ..store.queue import Room


def room_of(config: Config, request: dict[str, Any]) -> Room:
    """What a job will take of the machine."""
    asked = request.get("ResourceConfig", {})
    group = (asked.get("InstanceGroups") or [asked])[0]
    return admission.room_of(config, group.get("InstanceType", "local"))


def waiting_for(room: Room) -> str:
    """Why a job does not start yet."""
    gigabytes = room.memory_bytes / 2**30
    return f"Waiting for {room.cores:g} free cores and {gigabytes:.1f} GiB of free memory"
