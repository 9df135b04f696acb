"""From a job's folder to S3: artifacts, output data, checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..control.world import World
from ..run.contract import JobStatus
from ..store.objects import NoSuchKey, ObjectStore, ObjectStoreError, parse_s3_uri
from ..store.resources import Resource
from .launch import job_id

MODEL_ARCHIVE = "model.tar.gz"


class OutputFailed(Exception):
    """Output that cannot be stored; the text is for the user."""


def output_prefix(resource: Resource) -> tuple[str, str]:
    """(bucket, key prefix) below which a job's output goes."""
    bucket, key = parse_s3_uri(resource.spec["OutputDataConfig"]["S3OutputPath"])
    return bucket, "/".join(part for part in (key.strip("/"), resource.name, "output") if part)


def upload(world: World, resource: Resource, status: JobStatus) -> str | None:
    """Store what the job packed; the URI of its model, None when it left none.

    May be repeated: an archive that was given away already is found in the store.
    """
    bucket, prefix = output_prefix(resource)
    try:
        for archive, pack in status.packs.items():
            _give(world.objects_of(resource), bucket, f"{prefix}/{archive}", pack)
        if MODEL_ARCHIVE in status.packs:
            return f"s3://{bucket}/{prefix}/{MODEL_ARCHIVE}"
        plain = resource.spec["OutputDataConfig"].get("CompressionType") == "NONE"
        if plain and status.outcome != "Failed":
            return _upload_folder(world, resource, bucket, f"{prefix}/model")
    except ObjectStoreError as error:
        where = f"s3://{bucket}/{prefix}"
        raise OutputFailed(f"Storing the output under {where} failed: {error}") from error
    return None


def _give(objects: ObjectStore, bucket: str, key: str, pack: dict[str, Any]) -> None:
    path = Path(pack["path"])
    if path.exists():
        objects.put_file(bucket, key, path, move=True, md5=pack["md5"])
        return
    stored = objects.stat(bucket, key)
    if stored.size != pack["size"]:
        raise NoSuchKey(key)


def _upload_folder(world: World, resource: Resource, bucket: str, prefix: str) -> str:
    folder = job_folder(world, resource) / "opt" / "ml" / "model"
    objects = world.objects_of(resource)
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        name = path.relative_to(folder).as_posix()
        objects.put_file(bucket, f"{prefix}/{name}", path)
    return f"s3://{bucket}/{prefix}/"


def job_folder(world: World, resource: Resource) -> Path:
    """The folder of the job on this machine."""
    return world.runner.log_path(job_id(resource)).parent


def sync_checkpoints(
    world: World, resource: Resource, *, ended: bool = False
) -> dict[str, Any] | None:
    """Store checkpoints that are new or have changed; the note of what is stored by now.

    A file that is being written is taken up once its size and time have stayed for a look, or
    once the job has ``ended``.
    """
    config = resource.spec.get("CheckpointConfig")
    if not config:
        return None
    local = config.get("LocalPath", "/opt/ml/checkpoints")
    folder = job_folder(world, resource) / local.lstrip("/")
    bucket, prefix = parse_s3_uri(config["S3Uri"])
    objects = world.objects_of(resource)
    before = resource.state.get("checkpoints", {"seen": {}, "stored": {}})
    seen: dict[str, list[int]] = {}
    stored = dict(before["stored"])
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        name = path.relative_to(folder).as_posix()
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # the script removed it meanwhile
        seen[name] = [status.st_size, status.st_mtime_ns]
        settled = before["seen"].get(name) == seen[name] or ended
        if settled and stored.get(name) != seen[name]:
            key = "/".join(part for part in (prefix.strip("/"), name) if part)
            objects.put_file(bucket, key, path)
            stored[name] = seen[name]
    progress = {"seen": seen, "stored": stored}
    return progress if progress != before else None
