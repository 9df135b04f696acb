"""What a runner is told of every job: its name there, its keys, its limits."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..control import access
from ..control.hiding import hidden_from_code
from ..control.world import World
from ..seen import context
from ..store.credentials import UnknownUserProfile
from ..store.resources import Resource
from .inputs import InputUnavailable

DEFAULT_RUNTIME_S = 24 * 3600
CREDENTIAL_MARGIN_S = 3600.0
#: A job outlives the server, so its AWS clients wait for one that starts again: about two minutes,
#: by the pauses of botocore's standard mode (first 50 ms or 1 s, by its version, doubled each time
#: up to 20 s, and half of that on average) between so many attempts.
PATIENCE = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "20"}


def job_id(resource: Resource) -> str:
    """The runner's id of a job: ``training-7`` for the training job of that number."""
    return f"{resource.kind.removesuffix('-job')}-{resource.id}"


def runtime_s(resource: Resource) -> int:
    """How long a job may run."""
    condition = resource.spec.get("StoppingCondition", {})
    return int(condition.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_S))


def limits(world: World, resource: Resource) -> dict[str, Any]:
    """The members of a JobSpec that all jobs have alike."""
    return {
        "id": job_id(resource),
        "name": resource.name,
        "max_runtime_s": runtime_s(resource),
        "memory_bytes": resource.state.get("memory_bytes") or world.config.max_job_memory_bytes,
        "hidden": hidden_from_code(world.config),
        "cpus": resource.state.get("cores"),
        "request_id": resource.state.get(context.KEY, ""),
        "version": __version__,
    }


def purpose(resource: Resource) -> str:
    """What the key of a job is issued for."""
    return f"job {job_id(resource)}"


def connection(world: World, resource: Resource) -> dict[str, str]:
    """The environment with which a job reaches this Studio, by a key of its own; patiently."""
    world.store.credentials.revoke(purpose(resource))
    try:
        credential = world.store.credentials.issue(
            purpose(resource),
            domain=resource.domain,
            user_profile=resource.owner,
            lifetime_s=runtime_s(resource) + CREDENTIAL_MARGIN_S,
            scope=access.WORKLOAD,
        )
    except UnknownUserProfile as error:
        raise InputUnavailable(f"the user profile {error} is gone") from None
    return {**PATIENCE, **world.connect(credential)}
