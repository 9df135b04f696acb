"""What models, endpoint configurations and endpoints must be before they are accepted."""

from __future__ import annotations

from typing import Any

from ..control.world import World
from ..run import environments, images
from ..store.objects import AccessDenied, ObjectStore, ObjectStoreError, parse_s3_uri
from ..wire.dispatch import Call
from ..wire.errors import ValidationException

#: Members of CreateEndpointConfig whose meaning is not built yet.
_CONFIG_UNBUILT = (
    "AsyncInferenceConfig",
    "DataCaptureConfig",
    "ExplainerConfig",
    "ShadowProductionVariants",
)
_VARIANT_UNBUILT = ("ServerlessConfig", "ManagedInstanceScaling", "RoutingConfig")
MAX_INSTANCES = 64


def admit_model(world: World, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Check the containers of a model: images that run here, and data that exists."""
    for field, container in _containers(params):
        _check_container(world, call, container, field)
    return {}


def _check_container(world: World, call: Call, container: dict[str, Any], field: str) -> None:
    if "ModelPackageName" in container:
        raise ValidationException(
            f"{field}.ModelPackageName: model packages are not built into Studio yet; give Image "
            "and ModelDataUrl."
        )
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise ValidationException(f"{field}.Mode: MultiModel is not built into Studio yet.")
    if "Image" not in container:
        raise ValidationException(f"{field}.Image: an image URI is required.")
    try:
        image = images.resolve(container["Image"])
        images.check(image, environments.interpreter(image.framework), serving=True)
    except images.ImageError as error:
        raise ValidationException(f"{field}.Image: {error}") from None
    uri = model_data(container)
    if uri:
        _check_exists(world.objects_for(call.caller), uri, f"{field}.ModelDataUrl")


def _containers(params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The containers of a model, in the order that requests go through them: field, definition."""
    if "PrimaryContainer" in params and "Containers" in params:
        raise ValidationException("Give PrimaryContainer or Containers, not both.")
    if "PrimaryContainer" in params:
        if "InferenceExecutionConfig" in params:
            raise ValidationException(
                "InferenceExecutionConfig: a model of one PrimaryContainer has no pipeline."
            )
        return [("PrimaryContainer", params["PrimaryContainer"])]
    if not params.get("Containers"):
        raise ValidationException("PrimaryContainer: a container definition is required.")
    mode = params.get("InferenceExecutionConfig", {}).get("Mode", "Serial")
    if mode != "Serial":
        raise ValidationException(
            f"InferenceExecutionConfig.Mode: {mode} is not built into Studio yet; containers work "
            "one after the other (Serial)."
        )
    containers = params["Containers"]
    names = [each["ContainerHostname"] for each in containers if "ContainerHostname" in each]
    if len(set(names)) != len(names):
        raise ValidationException(f"Containers: ContainerHostname must be unique, not {names}.")
    return [(f"Containers[{index}]", each) for index, each in enumerate(containers)]


def _stages(model: dict[str, Any]) -> list[dict[str, Any]]:
    """What an instance of a model that was accepted runs, in order."""
    return [
        {
            "image": container["Image"],
            "model_data": model_data(container),
            "environment": container.get("Environment", {}),
            "container": container.get("ContainerHostname", f"container-{number}"),
        }
        for number, (_, container) in enumerate(_containers(model), 1)
    ]


def model_data(container: dict[str, Any]) -> str | None:
    """S3 URI of a container's model archive, if it has one."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        return container.get("ModelDataUrl")
    if source["S3DataType"] != "S3Object" or source["CompressionType"] != "Gzip":
        raise ValidationException(
            "ModelDataSource.S3DataSource: only S3DataType S3Object with CompressionType Gzip is "
            "supported."
        )
    return str(source["S3Uri"])


def _check_exists(objects: ObjectStore, uri: str, field: str) -> None:
    try:
        objects.stat(*parse_s3_uri(uri))
    except AccessDenied:
        raise ValidationException(f"{field}: Access denied to model data at {uri}.") from None
    except ObjectStoreError:
        raise ValidationException(f"{field}: Could not find model data at {uri}.") from None


def admit_config(world: World, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Check the variants of an endpoint configuration and the models that they name."""
    for member in _CONFIG_UNBUILT:
        if member in params:
            raise ValidationException(f"{member}: not built into Studio yet.")
    names = [variant["VariantName"] for variant in params["ProductionVariants"]]
    if len(set(names)) != len(names):
        raise ValidationException(f"ProductionVariants: VariantName must be unique, not {names}.")
    weights = [v.get("InitialVariantWeight", 1.0) for v in params["ProductionVariants"]]
    if not any(weight > 0 for weight in weights):
        raise ValidationException(
            "ProductionVariants: at least one InitialVariantWeight must be above 0."
        )
    for variant in params["ProductionVariants"]:
        _check_variant(world, call, variant)
    return {}


def _check_variant(world: World, call: Call, variant: dict[str, Any]) -> None:
    field = f"ProductionVariants[{variant['VariantName']}]"
    for member in _VARIANT_UNBUILT:
        if member in variant:
            raise ValidationException(f"{field}.{member}: not built into Studio yet.")
    if "ModelName" not in variant:
        raise ValidationException(f"{field}.ModelName: a model is required.")
    for member in ("InstanceType", "InitialInstanceCount"):
        if member not in variant:
            raise ValidationException(f"{field}.{member}: required for a real-time variant.")
    if variant["InitialInstanceCount"] > MAX_INSTANCES:
        raise ValidationException(
            f"{field}.InitialInstanceCount: {variant['InitialInstanceCount']} is more than the "
            f"{MAX_INSTANCES} that fit on one machine."
        )
    model = variant["ModelName"]
    account = call.caller.account_id
    if world.store.resources.get("model", account, model) is None:
        raise ValidationException(
            f'Could not find model "{world.config.arn(f"model/{model}", account)}".'
        )


def admit_endpoint(world: World, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Check that the configuration exists; what to deploy, and nothing serving yet."""
    config = params["EndpointConfigName"]
    target = deployment(world, call.caller.account_id, config, revision=1)
    return {"config": config, "revision": 1, "target": target, "serving": None}


def deployment(world: World, account: str, config: str, revision: int) -> dict[str, Any]:
    """What to run for an endpoint configuration, complete, so that later deletions change nothing.

    Instance ids are made of the revision: each deployment starts instances of its own.
    """
    found = world.store.resources.get("endpoint-config", account, config)
    if found is None:
        arn = world.config.arn(f"endpoint-config/{config}", account)
        raise ValidationException(f'Could not find endpoint configuration "{arn}".')
    variants = []
    for variant in found.spec["ProductionVariants"]:
        model = world.store.resources.get("model", account, variant["ModelName"])
        if model is None:
            arn = world.config.arn(f"model/{variant['ModelName']}", account)
            raise ValidationException(f'Could not find model "{arn}".')
        first, *further = _stages(model.spec)
        variants.append(
            {
                "name": variant["VariantName"],
                "weight": variant.get("InitialVariantWeight", 1.0),
                "count": variant["InitialInstanceCount"],
                "instance_type": variant["InstanceType"],
                "model": model.name,
                **first,
                **({"further": further} if further else {}),
                "revision": revision,
                "startup_timeout_s": variant.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            }
        )
    return {"config": config, "revision": revision, "variants": variants}
