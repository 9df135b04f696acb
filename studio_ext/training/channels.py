"""The channels of a training job."""

from __future__ import annotations

from typing import Any

from ..control.world import World
from ..jobs.inputs import clear, existing, objects_of, stage
from ..run.contract import Channel
from ..store.objects import ObjectStore, parse_s3_uri


def channels(
    world: World, job_id: str, store: ObjectStore, request: dict[str, Any]
) -> list[Channel]:
    """The input channels of a job, and its checkpoints to go on from; ``store`` is its owner's."""
    root = clear(world, job_id)
    found = []
    for channel in request.get("InputDataConfig", []):
        name = channel["ChannelName"]
        source = channel["DataSource"]["S3DataSource"]
        objects = list(objects_of(store, source, f"channel {name!r}"))
        files = stage(store, objects, root / name)
        found.append(Channel(name, f"/opt/ml/input/data/{name}", files))
    checkpoints = request.get("CheckpointConfig")
    if checkpoints:
        bucket, prefix = parse_s3_uri(checkpoints["S3Uri"])
        objects = list(existing(store, bucket, prefix))
        local = checkpoints.get("LocalPath", "/opt/ml/checkpoints")
        files = stage(store, objects, root / "checkpoints-in")
        found.append(Channel("checkpoints", local, files, writable=True))
    return found
