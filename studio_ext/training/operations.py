"""Training operations that are not generic."""

from __future__ import annotations

from typing import Any

from ..control.verbs import Verbs
from ..control.world import World
from ..wire.dispatch import Call, Registry
from ..wire.errors import ValidationException
from .kinds import TRAINING_JOB
from .launch import job_id


def register(registry: Registry, world: World) -> None:
    """Add the training job's operations."""
    verbs = Verbs(world, TRAINING_JOB)
    verbs.register(registry, "Create", "Describe", "List")

    def stop(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        resource = verbs.find(call, params["TrainingJobName"])
        actor = call.caller.user_profile
        with world.store.resources.edit(resource.id, actor=actor, wake=True) as edited:
            if edited is None or edited.status not in TRAINING_JOB.unfinished:
                status = edited.status if edited else "deleted"
                raise ValidationException(
                    "The request was rejected because the training job is in status "
                    f"{status}, and only a job in progress can be stopped."
                )
            edited.status = "Stopping"
        world.notify()
        return {}

    def delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        resource = verbs.find(call, params["TrainingJobName"])
        if resource.status in TRAINING_JOB.unfinished:
            raise ValidationException(
                "The request was rejected because the training job is in status "
                f"{resource.status}, and only a job that has ended can be deleted."
            )
        world.runner.remove(job_id(resource))
        world.store.metrics.delete(resource.series)
        return verbs.delete(call, params)

    registry.add("sagemaker", "StopTrainingJob", stop)
    registry.add("sagemaker", "DeleteTrainingJob", delete)
