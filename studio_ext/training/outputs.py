"""From a training job's folder to S3: artifacts, output data, checkpoints."""

from __future__ import annotations

from typing import Any

from ..control.world import World
from ..jobs.outputs import OutputFailed, give_pack, real_path, sync_folder, upload_folder
from ..run.contract import JobStatus
from ..store.objects import ObjectStoreError, parse_s3_uri
from ..store.resources import Resource

MODEL_ARCHIVE = "model.tar.gz"


def output_prefix(resource: Resource) -> tuple[str, str]:
    """(bucket, key prefix) below which a job's output goes."""
    bucket, key = parse_s3_uri(resource.spec["OutputDataConfig"]["S3OutputPath"])
    return bucket, "/".join(part for part in (key.strip("/"), resource.name, "output") if part)


def upload(world: World, resource: Resource, status: JobStatus) -> str | None:
    """Store what the job packed; the URI of its model, None when it left none.

    May be repeated: an archive that was given away already is found in the store.
    """
    bucket, prefix = output_prefix(resource)
    objects = world.objects_of(resource)
    try:
        for archive, pack in status.packs.items():
            give_pack(objects, bucket, f"{prefix}/{archive}", pack)
        if MODEL_ARCHIVE in status.packs:
            return f"s3://{bucket}/{prefix}/{MODEL_ARCHIVE}"
        plain = resource.spec["OutputDataConfig"].get("CompressionType") == "NONE"
        if plain and status.outcome != "Failed":
            folder = real_path(world, resource, "/opt/ml/model")
            upload_folder(objects, folder, bucket, f"{prefix}/model")
            return f"s3://{bucket}/{prefix}/model/"
    except ObjectStoreError as error:
        where = f"s3://{bucket}/{prefix}"
        raise OutputFailed(f"Storing the output under {where} failed: {error}") from error
    return None


def sync_checkpoints(
    world: World, resource: Resource, *, ended: bool = False
) -> dict[str, Any] | None:
    """Store checkpoints that are new or have changed; see :func:`sync_folder`."""
    config = resource.spec.get("CheckpointConfig")
    if not config:
        return None
    folder = real_path(world, resource, config.get("LocalPath", "/opt/ml/checkpoints"))
    objects, before = world.objects_of(resource), resource.state.get("checkpoints")
    return sync_folder(objects, folder, config["S3Uri"], before, ended=ended)
