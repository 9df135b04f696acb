"""From a processing job's folders to S3, at its end and while it runs."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import Any

from ..control.world import World
from ..jobs.outputs import (
    OutputFailed,
    files_below,
    job_folder,
    key_below,
    real_path,
    sync_folder,
    upload_folder,
)
from ..run import images
from ..run.contract import JobStatus
from ..store.objects import AccessDenied, ObjectStoreError, parse_s3_uri
from ..store.resources import Resource
from .admission import outputs_of
from .launch import inputs_of


def _outputs(resource: Resource, mode: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (each["OutputName"], each["S3Output"])
        for each in outputs_of(resource.spec)
        if not each.get("AppManaged") and each["S3Output"]["S3UploadMode"] == mode
    ]


def sync(world: World, resource: Resource, *, ended: bool = False) -> dict[str, Any] | None:
    """Store what is new in ``Continuous`` outputs; the note of it, None where nothing is."""
    before = resource.state.get("synced", {})
    now = dict(before)
    objects = world.objects_of(resource)
    for name, target in _outputs(resource, "Continuous"):
        folder = real_path(world, resource, target["LocalPath"])
        progress = sync_folder(objects, folder, target["S3Uri"], before.get(name), ended=ended)
        if progress is not None:
            now[name] = progress
    return now if now != before else None


def store(world: World, resource: Resource, status: JobStatus, notes: dict[str, Any]) -> None:
    """Store what the job leaves: of one that did not succeed only what goes up continuously.

    Studio's own programs put into an output only what is whole; what one that failed had made
    before is stored too. May be repeated. Raises OutputFailed.
    """
    try:
        synced = sync(world, resource, ended=True)
        if synced is not None:
            notes["synced"] = synced
        image = images.resolve(resource.spec["AppSpecification"]["ImageUri"])
        if status.outcome == "Completed" or (status.outcome == "Failed" and image.program):
            _upload(world, resource, bool(image.program))
    finally:
        for each in inputs_of(resource.spec):  # their links would keep objects that are deleted
            folder = real_path(world, resource, each["S3Input"]["LocalPath"])
            shutil.rmtree(folder, ignore_errors=True)


#: What the wrangler writes beside the folder ``x`` of a result: ``_x.manifest``.
_MANIFEST = re.compile(r"_(?P<name>.+)\.manifest")
Target = tuple[str, dict[str, Any], str, str]


def _clear(world: World, resource: Resource, targets: list[Target]) -> None:
    """Remove what an earlier job of the name left where results go: they must not mix.

    Done once: when the upload is repeated, what is there is this job's.
    """
    done = job_folder(world, resource) / "cleared"
    if done.exists():
        return
    objects = world.objects_of(resource)
    for _, target, bucket, prefix in targets:
        for name, path in files_below(real_path(world, resource, target["LocalPath"])):
            found = _MANIFEST.fullmatch(path.name)
            if found is None:
                continue
            key = key_below(prefix, name)
            below = f"{key.removesuffix(path.name)}{found['name']}/"
            with contextlib.suppress(AccessDenied):  # who may only write sees nothing of it
                old = [each.key for each in objects.walk(bucket, below)]
                # The manifest first: from then on nothing says that there is a whole result.
                objects.delete_many(bucket, [key])
                objects.delete_many(bucket, old)
    done.touch()


def _upload(world: World, resource: Resource, programs: bool) -> None:
    objects = world.objects_of(resource)
    targets = [
        (name, target, *parse_s3_uri(target["S3Uri"]))
        for name, target in _outputs(resource, "EndOfJob")
    ]
    try:
        for _, _, bucket, prefix in targets:  # before the first object is there
            objects.check_bucket(bucket)
            objects.require("s3:PutObject", bucket, prefix or "*")
        if programs:
            _clear(world, resource, targets)
        for _, target, bucket, prefix in targets:
            folder = real_path(world, resource, target["LocalPath"])
            upload_folder(objects, folder, bucket, prefix, move=True)
    except ObjectStoreError as error:
        where = ", ".join(target["S3Uri"] for _, target, _, _ in targets)
        raise OutputFailed(f"Storing the output under {where} failed: {error}") from error
