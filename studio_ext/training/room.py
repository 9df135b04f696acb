"""What a training job takes of the machine."""

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
