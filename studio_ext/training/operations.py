"""Training operations that are not generic."""

from __future__ import annotations

from typing import Any

from ..control.verbs import Verbs
from ..control.world import World
from ..wire.dispatch import Call, Registry
from ..wire.errors import ValidationException
from .controller import remove
from .kinds import TRAINING_JOB


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
        actor = call.caller.user_profile
        with world.store.resources.edit(resource.id, actor=actor, wake=True) as edited:
            if edited is not None and edited.status in TRAINING_JOB.unfinished:
                raise ValidationException(
                    "The request was rejected because the training job is in status "
                    f"{edited.status}, and only a job that has ended can be deleted."
                )
            if edited is not None:
                # From here on its controller would go on with it, were this process killed.
                edited.status = "Deleting"
        if resource.node in (None, world.store.node):
            remove(world, resource, actor)
        return {}

    registry.add("sagemaker", "StopTrainingJob", stop)
    registry.add("sagemaker", "DeleteTrainingJob", delete)
