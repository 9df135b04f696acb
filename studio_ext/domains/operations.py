"""SageMaker domains, as far as clients create one before they begin: kept, listed and described."""

from __future__ import annotations

import hashlib
from typing import Any

from ..control.kinds import Kind
from ..control.verbs import Verbs, jsonable
from ..control.world import World
from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError, ResourceInUse, ResourceNotFound

_UPDATED = {"DomainSettingsForUpdate": "DomainSettings"}


def domain_id(account: str, name: str) -> str:
    """Id of the domain of a name: the same each time, so that the name is unique by constraint."""
    return f"d-{hashlib.sha256(f'{account}/{name}'.encode()).hexdigest()[:12]}"


def _taken(_name: str, arn: str) -> ApiError:
    return ResourceInUse(f"DomainName: a domain of that name exists already ({arn}).")


def _missing(name: str, _arn: str) -> ApiError:
    return ResourceNotFound(f"DomainId: there is no domain {name}.")


DOMAIN = Kind(
    name="domain",
    api="Domain",
    label="domain",
    items="Domains",
    status="InService",
    summary={"DomainName": ("spec", "DomainName")},
    name_taken=_taken,
    missing=_missing,
    name_member="DomainId",
    status_member="Status",
)


def register(registry: Registry, world: World) -> None:
    """Add the operations of domains."""
    verbs = Verbs(world, DOMAIN)
    verbs.register(registry, "Describe", "List", "Delete")

    def create(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        identity = domain_id(call.caller.account_id, params["DomainName"])
        return {**verbs.create(call, {**params, "DomainId": identity}), "DomainId": identity}

    def update(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        domain = verbs.find(call, params["DomainId"])
        changes = {_UPDATED.get(key, key): value for key, value in jsonable(params).items()}
        with world.store.resources.edit(domain.id, actor=call.caller.user_profile) as edited:
            if edited is not None:
                edited.spec.update(changes)
        return {"DomainArn": domain.arn}

    registry.add("sagemaker", "CreateDomain", create)
    registry.add("sagemaker", "UpdateDomain", update)
