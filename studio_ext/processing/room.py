"""What a processing job takes of the machine."""

from __future__ import annotations

from typing import Any

from ..config import Config
from ..control import admission
from ..store.queue import Room


def cluster_of(request: dict[str, Any]) -> dict[str, Any]:
    """Type and count of a job's instances; of several preferences the first."""
    cluster: dict[str, Any] = request["ProcessingResources"]["ClusterConfig"]
    preferred = (cluster.get("InstancePreferences") or [{}])[0]
    return {"InstanceType": "local", "InstanceCount": 1, **preferred, **cluster}


def room_of(config: Config, request: dict[str, Any]) -> Room:
    """What a job will take of the machine."""
    return admission.room_of(config, cluster_of(request)["InstanceType"])
