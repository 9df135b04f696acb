"""A job that goes on where another one of its account stopped or failed.

It is a job of its own, with all outputs; what the earlier one kept in ``/opt/ml/checkpoints`` is
there when it begins. Any client may ask for it by the environment variable ``STUDIO_RESUME_FROM``;
``Studio.ResumeProcessingJob`` does that with the earlier job's request. Only programs of Studio's
own keep something there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from ..control.world import World
from ..jobs.inputs import InputUnavailable
from ..jobs.outputs import files_below, real_path
from ..run import images
from ..run.contract import Channel
from ..store.resources import Resource
from ..wire.errors import ValidationException

VARIABLE = "STUDIO_RESUME_FROM"
CHECKPOINTS = "/opt/ml/checkpoints"
KIND = "processing-job"
#: How long, and how much in all, jobs that did not come out keep for those that go on.
KEPT_S = 14 * 86400.0
KEPT_BYTES = 20 << 30


def check(world: World, account: str, params: dict[str, Any]) -> None:
    """Raise ValidationException where a request resumes what cannot be resumed."""
    name = params.get("Environment", {}).get(VARIABLE)
    if name is None:
        return
    found = world.store.resources.get(KIND, account, name)
    if found is None:
        raise ValidationException(f"Environment.{VARIABLE}: there is no processing job {name}.")
    check_source(found, f"Environment.{VARIABLE}")


def check_source(source: Resource, field: str) -> None:
    """Raise ValidationException unless a job can be resumed."""
    image = images.resolve(source.spec["AppSpecification"]["ImageUri"])
    if not image.program:
        raise ValidationException(
            f"{field}: {source.name} ran a program that keeps nothing to go on from; only jobs of "
            "the Data Wrangler image can be resumed."
        )
    if source.status not in ("Failed", "Stopped"):
        raise ValidationException(
            f"{field}: {source.name} is in status {source.status}; only a job that failed or was "
            "stopped can be resumed."
        )


def forget(world: World, now: float) -> None:
    """Remove what ended jobs of this machine kept too long ago, or too much of; the newest stay.

    Such a job may be resumed all the same: it begins anew.
    """
    kept = []
    for folder in world.config.jobs_dir.glob("processing-*/opt/ml/checkpoints"):
        number = folder.parents[2].name.rpartition("-")[2]
        job = world.store.resources.by_id(int(number)) if number.isdecimal() else None
        if job is None or job.status not in ("Failed", "Stopped"):
            continue
        size = sum(path.stat().st_size for _, path in files_below(folder))
        if size:
            kept.append((job.state.get("ended") or job.modified, size, folder))
    together = 0
    for ended, size, folder in sorted(kept, key=lambda each: each[:2], reverse=True):
        together += size
        if now - ended > KEPT_S or together > KEPT_BYTES:
            shutil.rmtree(folder, ignore_errors=True)


def request_of(source: Resource, name: str) -> dict[str, Any]:
    """The CreateProcessingJob request that resumes a job under a new name."""
    environment = {**source.spec.get("Environment", {}), VARIABLE: source.name}
    return {**source.spec, "ProcessingJobName": name, "Environment": environment}


def checkpoints(world: World, resource: Resource, staging: Path) -> Channel | None:
    """What the earlier job kept, if this one resumes any; a job of another machine kept nothing."""
    name = resource.spec.get("Environment", {}).get(VARIABLE)
    if name is None:
        return None
    source = world.store.resources.get(KIND, resource.account, name)
    if source is None:
        raise InputUnavailable(f"the processing job {name}, to be resumed, does not exist any more")
    staging.mkdir(parents=True, exist_ok=True)
    files = []
    for number, (path, file) in enumerate(files_below(real_path(world, source, CHECKPOINTS))):
        target = staging / str(number)
        try:
            os.link(file, target)  # they stay though the earlier job be deleted meanwhile
        except OSError:
            shutil.copy2(file, target)
        files.append((str(target), path))
    return Channel("checkpoints", CHECKPOINTS, files, writable=True)
