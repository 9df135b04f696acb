"""Hosting operations: models, endpoint configurations, endpoints, invocations."""

from __future__ import annotations

import copy
from typing import Any

from ..control.verbs import Verbs
from ..control.world import World
from ..store.resources import Resource
from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError, ValidationException
from . import invoke
from .admission import MAX_INSTANCES, deployment
from .kinds import ENDPOINT, ENDPOINT_CONFIG, MODEL


def register(registry: Registry, world: World) -> None:
    """Add the operations of hosting."""
    Verbs(world, MODEL).register(registry, "Create", "Describe", "List", "Delete")
    Verbs(world, ENDPOINT_CONFIG).register(registry, "Create", "Describe", "List", "Delete")
    endpoints = Endpoints(world)
    endpoints.verbs.register(registry, "Create", "Describe", "List")
    registry.add("sagemaker", "UpdateEndpoint", endpoints.update)
    registry.add(
        "sagemaker", "UpdateEndpointWeightsAndCapacities", endpoints.update_weights_and_capacities
    )
    registry.add("sagemaker", "DeleteEndpoint", endpoints.delete)
    registry.add("sagemaker-runtime", "InvokeEndpoint", invoke.handler(world))


class Endpoints:
    """What can be asked of an endpoint beside the generic verbs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.verbs = Verbs(world, ENDPOINT)

    def update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Deploy another configuration, without dropping a request."""
        _check_deployment_config(params.get("DeploymentConfig", {}))
        endpoint = self.verbs.find(call, params["EndpointName"])
        revision = endpoint.state["revision"] + 1
        account = call.caller.account_id
        target = deployment(self.world, account, params["EndpointConfigName"], revision)
        if params.get("RetainAllVariantProperties"):
            excluded = {
                item["VariantPropertyType"]
                for item in params.get("ExcludeRetainedVariantProperties", [])
            }
            _retain(endpoint.state.get("serving"), target, excluded)
        return self._begin(call, endpoint, target, revision)

    def update_weights_and_capacities(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Change weights and instance counts of what serves."""
        endpoint = self.verbs.find(call, params["EndpointName"])
        target = copy.deepcopy(endpoint.state.get("serving"))
        if target is None:
            raise self._in_progress(endpoint)
        variants = {variant["name"]: variant for variant in target["variants"]}
        for wish in params["DesiredWeightsAndCapacities"]:
            name = wish["VariantName"]
            if name not in variants:
                raise ValidationException(
                    f"DesiredWeightsAndCapacities: endpoint {endpoint.name} has no variant {name}; "
                    f"it has {', '.join(sorted(variants))}."
                )
            variants[name]["weight"] = wish.get("DesiredWeight", variants[name]["weight"])
            count = wish.get("DesiredInstanceCount", variants[name]["count"])
            if not 1 <= count <= MAX_INSTANCES:
                raise ValidationException(
                    f"DesiredWeightsAndCapacities[{name}].DesiredInstanceCount: {count} is not "
                    f"between 1 and {MAX_INSTANCES}."
                )
            variants[name]["count"] = count
        if not any(variant["weight"] > 0 for variant in target["variants"]):
            raise ValidationException("DesiredWeightsAndCapacities: one weight must be above 0.")
        return self._begin(call, endpoint, target, endpoint.state["revision"])

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Stop routing to an endpoint, then end it."""
        endpoint = self.verbs.find(call, params["EndpointName"])
        actor = call.caller.user_profile
        with self.world.store.resources.edit(endpoint.id, actor=actor, wake=True) as edited:
            if edited is not None:
                edited.status = "Deleting"
        self.world.notify()
        return {}

    def _begin(
        self, call: Call, endpoint: Resource, target: dict[str, Any], revision: int
    ) -> dict[str, Any]:
        actor = call.caller.user_profile
        with self.world.store.resources.edit(endpoint.id, actor=actor, wake=True) as edited:
            if edited is None:
                raise ENDPOINT.not_found(endpoint.name, endpoint.arn)
            # What the target was made from must still hold.
            facts = ("revision", "serving")
            same = all(edited.state.get(fact) == endpoint.state.get(fact) for fact in facts)
            if edited.status not in ("InService", "Failed") or not same:
                raise self._in_progress(edited)
            edited.state.update(target=target, revision=revision)
            edited.state.pop("failure_reason", None)
            edited.status = "Updating"
        self.world.notify()
        return {"EndpointArn": endpoint.arn}

    @staticmethod
    def _in_progress(endpoint: Resource) -> ApiError:
        return ValidationException(
            f'Cannot update in-progress endpoint "{endpoint.arn}": its status is {endpoint.status}.'
        )


def _check_deployment_config(config: dict[str, Any]) -> None:
    routing = config.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    unbuilt = routing.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE"
    if unbuilt or "RollingUpdatePolicy" in config or "AutoRollbackConfiguration" in config:
        raise ValidationException(
            "DeploymentConfig: only the ALL_AT_ONCE blue/green update without alarms is built "
            "into Studio yet."
        )


def _retain(serving: dict[str, Any] | None, target: dict[str, Any], excluded: set[str]) -> None:
    """Carry weights and counts over to variants of the same name."""
    before = {variant["name"]: variant for variant in (serving or {"variants": []})["variants"]}
    for variant in target["variants"]:
        old = before.get(variant["name"])
        if old and "DesiredWeight" not in excluded:
            variant["weight"] = old["weight"]
        if old and "DesiredInstanceCount" not in excluded:
            variant["count"] = old["count"]
