"""Models, endpoint configurations and endpoints as resources."""

from __future__ import annotations

from typing import Any

from ..control.kinds import Kind
from ..control.world import World
from ..store.resources import Resource
from ..wire.errors import ApiError, ValidationException
from .admission import admit_config, admit_endpoint, admit_model
from .controller import reconcile


def _taken(label: str) -> Any:
    def error(_name: str, arn: str) -> ApiError:
        return ValidationException(f'Cannot create already existing {label} "{arn}".')

    return error


def _describe_model(_world: World, resource: Resource) -> dict[str, Any]:
    answer = {"EnableNetworkIsolation": resource.spec.get("EnableNetworkIsolation", False)}
    if len(resource.spec.get("Containers", [])) > 1:
        answer["InferenceExecutionConfig"] = {"Mode": "Serial"}
    return answer


def _describe_config(_world: World, resource: Resource) -> dict[str, Any]:
    variants = [
        {"InitialVariantWeight": 1.0, **variant} for variant in resource.spec["ProductionVariants"]
    ]
    return {"ProductionVariants": variants, "EnableNetworkIsolation": False}


def _describe_endpoint(_world: World, resource: Resource) -> dict[str, Any]:
    state = resource.state
    answer: dict[str, Any] = {"EndpointConfigName": state["config"]}
    if state.get("serving"):
        answer["ProductionVariants"] = [_summary(v) for v in state["serving"]["variants"]]
    if state.get("target") and resource.status in ("Creating", "Updating"):
        pending = [_pending(variant) for variant in state["target"]["variants"]]
        name = state["target"]["config"]
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": name,
            "ProductionVariants": pending,
        }
    if state.get("failure_reason"):
        answer["FailureReason"] = state["failure_reason"]
    return answer


def _summary(variant: dict[str, Any]) -> dict[str, Any]:
    return {
        "VariantName": variant["name"],
        "DeployedImages": [
            {"SpecifiedImage": each["image"]} for each in (variant, *variant.get("further", []))
        ],
        "CurrentWeight": variant["weight"],
        "DesiredWeight": variant["weight"],
        "CurrentInstanceCount": variant["count"],
        "DesiredInstanceCount": variant["count"],
    }


def _pending(variant: dict[str, Any]) -> dict[str, Any]:
    return {**_summary(variant), "InstanceType": variant["instance_type"]}


MODEL = Kind(
    name="model",
    api="Model",
    label="model",
    items="Models",
    admit=admit_model,
    describe=_describe_model,
    name_taken=_taken("model"),
    newest_first=True,
)

ENDPOINT_CONFIG = Kind(
    name="endpoint-config",
    api="EndpointConfig",
    label="endpoint configuration",
    items="EndpointConfigs",
    admit=admit_config,
    describe=_describe_config,
    name_taken=_taken("endpoint configuration"),
    newest_first=True,
)

ENDPOINT = Kind(
    name="endpoint",
    api="Endpoint",
    label="endpoint",
    items="Endpoints",
    status="Creating",
    unfinished=("Creating", "Updating", "InService", "Deleting"),
    properties={
        "EndpointConfigName": ("state", "config"),
        "FailureReason": ("state", "failure_reason"),
    },
    admit=admit_endpoint,
    describe=_describe_endpoint,
    reconcile=reconcile,
    name_taken=_taken("endpoint"),
    newest_first=True,
)
