"""The processing job as a resource: what its descriptions and summaries hold."""

from __future__ import annotations

from typing import Any

from ..control.kinds import Kind
from ..control.world import World
from ..jobs.launch import DEFAULT_RUNTIME_S
from ..store.resources import Resource
from ..wire.errors import ApiError, ResourceInUse, ValidationException
from .admission import admit, s3_input_of
from .controller import CONTROLLER
from .room import room_of

_STATE = {
    "ProcessingStartTime": "started",
    "ProcessingEndTime": "ended",
    "FailureReason": "failure_reason",
    "ExitMessage": "exit_message",
}


def _taken(name: str, arn: str) -> ApiError:
    return ResourceInUse(
        "Processing job names must be unique within an AWS account and region, and a processing "
        f"job with this name already exists ({arn})."
    )


def _missing(name: str, _arn: str) -> ApiError:
    return ValidationException(f"Could not find requested job with name: {name}")


def _describe(_world: World, resource: Resource) -> dict[str, Any]:
    state, request = resource.state, resource.spec
    return {
        "ProcessingInputs": [_input(each) for each in request.get("ProcessingInputs", [])],
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_RUNTIME_S,
            **request.get("StoppingCondition", {}),
        },
        **{member: state[key] for member, key in _STATE.items() if state.get(key)},
    }


def _input(given: dict[str, Any]) -> dict[str, Any]:
    return {"AppManaged": False, **given, "S3Input": s3_input_of(given)}


PROCESSING_JOB = Kind(
    name="processing-job",
    api="ProcessingJob",
    label="processing job",
    items="ProcessingJobSummaries",
    status="InProgress",
    unfinished=("InProgress", "Stopping"),
    admit=admit,
    describe=_describe,
    summary={member: ("state", key) for member, key in _STATE.items() if key not in ("started",)},
    reconcile=CONTROLLER.reconcile,
    room=room_of,
    name_taken=_taken,
    missing=_missing,
)
