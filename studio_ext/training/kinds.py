"""The training job as a resource: what its descriptions and summaries hold."""

from __future__ import annotations

from typing import Any

from ..control.kinds import Kind
from ..control.world import World
from ..jobs.launch import DEFAULT_RUNTIME_S
from ..store.resources import Resource
from ..wire.errors import ApiError, ResourceInUse, ValidationException
from .admission import admit
from .controller import CONTROLLER
from .room import room_of


def _taken(name: str, arn: str) -> ApiError:
    return ResourceInUse(
        "Training job names must be unique within an AWS account and region, and a training job "
        f"with this name already exists ({arn})."
    )


#: What a description is made of is a request again, and a request has no more of them.
MOST_DEFINITIONS = 40


def _missing(name: str, _arn: str) -> ApiError:
    return ValidationException(f"Requested resource not found: there is no training job {name}.")


def _describe(world: World, resource: Resource) -> dict[str, Any]:
    state = resource.state
    algorithm = dict(resource.spec["AlgorithmSpecification"])
    if state.get("metric_definitions"):
        algorithm["MetricDefinitions"] = state["metric_definitions"][:MOST_DEFINITIONS]
    answer = {
        "AlgorithmSpecification": algorithm,
        # Clients read the key without asking whether there is one.
        "OutputDataConfig": {"KmsKeyId": "", **resource.spec["OutputDataConfig"]},
        "SecondaryStatus": state["secondary"],
        "SecondaryStatusTransitions": [
            {key: value for key, value in transition.items() if value is not None}
            for transition in state["transitions"]
        ],
        "FinalMetricDataList": final_metrics(world, resource),
        "EnableNetworkIsolation": resource.spec.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": resource.spec.get(
            "EnableInterContainerTrafficEncryption", False
        ),
        "EnableManagedSpotTraining": resource.spec.get("EnableManagedSpotTraining", False),
        "ProfilingStatus": "Disabled",
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_RUNTIME_S,
            **resource.spec.get("StoppingCondition", {}),
        },
    }
    for member, key in _TIMES.items():
        if state.get(key):
            answer[member] = state[key]
    if "started" in state and "ended" in state:
        seconds = max(1, round(state["ended"] - state["started"]))
        answer["TrainingTimeInSeconds"] = answer["BillableTimeInSeconds"] = seconds
    if "artifacts" in state:
        answer["ModelArtifacts"] = {"S3ModelArtifacts": state["artifacts"]}
    if state.get("failure_reason"):
        answer["FailureReason"] = state["failure_reason"]
    return answer


_TIMES = {"TrainingStartTime": "started", "TrainingEndTime": "ended"}


def final_metrics(world: World, resource: Resource) -> list[dict[str, Any]]:
    """The last value of each metric."""
    latest = world.store.metrics.latest(resource.series)
    return [
        {"MetricName": name, "Value": value, "Timestamp": timestamp}
        for (name, _), (timestamp, value) in sorted(latest.items())
    ]


TRAINING_JOB = Kind(
    name="training-job",
    api="TrainingJob",
    label="training job",
    items="TrainingJobSummaries",
    status="InProgress",
    unfinished=("InProgress", "Stopping"),
    admit=admit,
    describe=_describe,
    summary={"SecondaryStatus": ("state", "secondary"), "TrainingEndTime": ("state", "ended")},
    properties={
        "SecondaryStatus": ("state", "secondary"),
        "TrainingStartTime": ("state", "started"),
        "TrainingEndTime": ("state", "ended"),
        "FailureReason": ("state", "failure_reason"),
        "ModelArtifacts.S3ModelArtifacts": ("state", "artifacts"),
    },
    reconcile=CONTROLLER.reconcile,
    room=room_of,
    name_taken=_taken,
    missing=_missing,
    spec_filters={
        "WarmPoolStatusEquals": ("WarmPoolStatus",),
        "TrainingPlanArnEquals": ("ResourceConfig", "TrainingPlanArn"),
    },
)
