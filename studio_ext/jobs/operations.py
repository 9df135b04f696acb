"""Stopping and deleting, as every kind of job has it."""

from __future__ import annotations

from typing import Any

from ..control.verbs import Verbs
from ..wire.dispatch import Call, Registry
from ..wire.errors import ValidationException
from .controller import remove


def register(registry: Registry, verbs: Verbs) -> None:
    """Add the operations of a kind of job: the generic ones, ``Stop...`` and ``Delete...``."""
    world, kind = verbs.world, verbs.kind

    def stop(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        resource = verbs.find(call, params[kind.name_field])
        actor = call.caller.user_profile
        with world.store.resources.edit(resource.id, actor=actor, wake=True) as edited:
            if edited is None or edited.status not in kind.unfinished:
                status = edited.status if edited else "deleted"
                raise ValidationException(
                    f"The request was rejected because the {kind.label} is in status "
                    f"{status}, and only a job in progress can be stopped."
                )
            edited.status = "Stopping"
        world.notify()
        return {}

    def delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        resource = verbs.find(call, params[kind.name_field])
        actor = call.caller.user_profile
        with world.store.resources.edit(resource.id, actor=actor, wake=True) as edited:
            if edited is not None and edited.status in kind.unfinished:
                raise ValidationException(
                    f"The request was rejected because the {kind.label} is in status "
                    f"{edited.status}, and only a job that has ended can be deleted."
                )
            if edited is not None:
                # From here on its controller would go on with it, were this process killed.
                edited.status = "Deleting"
        if resource.node in (None, world.store.node):
            remove(world, resource, actor)
        return {}

    verbs.register(registry, "Create", "Describe", "List")
    registry.add("sagemaker", f"Stop{kind.api}", stop)
    registry.add("sagemaker", f"Delete{kind.api}", delete)
