"""SageMaker domains, as far as clients create one before they begin: kept, listed and described."""

from __future__ import annotations

import hashlib
from typing import Any

from ..config import DEFAULT_DOMAIN
from ..control.kinds import Kind
from ..control.verbs import Verbs, jsonable
from ..control.world import World
from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError, ResourceInUse, ResourceNotFound
from .profiles import USER_PROFILE, UserProfiles

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


def account_of(world: World, arn: str) -> str | None:
    """The account of the user profile that an ARN names, as bucket policies do; None without."""
    found = world.store.resources.by_arn(arn)
    is_profile = found is not None and found.kind == USER_PROFILE.name
    return str(found.state["account"]) if found is not None and is_profile else None


def register(registry: Registry, world: World) -> None:
    """Add the operations of domains."""
    verbs = Verbs(world, DOMAIN)
    verbs.register(registry, "Describe", "List")
    profiles = UserProfiles(world)
    profiles.register(registry)

    def create(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        identity = domain_id(call.caller.account_id, params["DomainName"])
        made = verbs.create(call, {**params, "DomainId": identity})
        if params["DomainName"] == DEFAULT_DOMAIN:
            profiles.keep_default(call, identity)
        return {**made, "DomainId": identity}

    def delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        domain = verbs.find(call, params["DomainId"])
        members = profiles.of_domain(domain.name)
        names = [one.spec["UserProfileName"] for one in members if not profiles.is_default(one)]
        if names:
            raise ResourceInUse(
                f"DomainId: {domain.name} still has the user profiles {', '.join(sorted(names))}; "
                "delete them first."
            )
        for one in members:
            world.store.resources.delete(one.id, call.caller.user_profile)
        return verbs.delete(call, params)

    def update(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        domain = verbs.find(call, params["DomainId"])
        changes = {_UPDATED.get(key, key): value for key, value in jsonable(params).items()}
        with world.store.resources.edit(domain.id, actor=call.caller.user_profile) as edited:
            if edited is not None:
                edited.spec.update(changes)
        return {"DomainArn": domain.arn}

    registry.add("sagemaker", "CreateDomain", create)
    registry.add("sagemaker", "UpdateDomain", update)
    registry.add("sagemaker", "DeleteDomain", delete)
