"""From a CreateProcessingJob request to the job that a runner takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ..control import access, connections
from ..control.world import World
from ..jobs.inputs import InputUnavailable, clear, objects_of, stage
from ..jobs.launch import DEFAULT_RUNTIME_S, connection, job_id, limits
from ..run import environments, images
from ..run.contract import HOST, ML, Channel, JobSpec
from ..store.resources import Resource
from ..wire.errors import ValidationException
from . import resume
from .admission import outputs_of, s3_input_of
from .room import cluster_of

CONFIG = "/opt/ml/config"
#: Bytes of a flow in which the names of its connections are looked for.
MOST_OF_FLOW = 16 << 20


def job_spec(world: World, resource: Resource) -> JobSpec:
    """All that the runner needs; raises InputUnavailable when input data cannot be had."""
    request = resource.spec
    application = request["AppSpecification"]
    image = images.resolve(application["ImageUri"])
    python = environments.interpreter(image.framework)
    program = [python, "-m", image.program] if image.program else []
    own = application.get("ContainerEntrypoint")
    channels = _channels(world, resource)
    return JobSpec(
        **limits(world, resource),
        python=python,
        command=[*(own or program), *application.get("ContainerArguments", [])],
        environment={
            **connection(world, resource),
            "AWS_REGION": world.config.region,
            **(_for_programs(world, resource) if image.program else {}),
            **request.get("Environment", {}),
        },
        channels=channels,
        config={
            "processingjobconfig.json": processing_config(resource),
            "resourceconfig.json": _resource_config(request),
            **(_named_by_flows(world, resource, channels) if image.reads and not own else {}),
        },
        config_folder=CONFIG,
        folders=[
            each["S3Output"]["LocalPath"]
            for each in outputs_of(request)
            if "LocalPath" in each["S3Output"]
        ],
    )


def _for_programs(world: World, resource: Resource) -> dict[str, str]:
    """What programs of Studio's own are told besides: where ``/opt/ml`` is, and the job's memory.

    Strings that begin with ``/opt/ml`` are rewritten where a job cannot have one of its own.
    """
    memory = resource.state.get("memory_bytes") or world.config.max_job_memory_bytes
    return {"STUDIO_ML": ML, **({"STUDIO_JOB_MEMORY_BYTES": str(memory)} if memory else {})}


def _named_by_flows(
    world: World, resource: Resource, channels: Sequence[Channel]
) -> dict[str, Any]:
    """Databases and tables that the job's flow names, as far as its owner may use them."""
    image = images.resolve(resource.spec["AppSpecification"]["ImageUri"])
    owner = access.owner_of(resource)
    # A connection may be a parameter of the flow, whose value is among the arguments.
    texts = list(resource.spec["AppSpecification"].get("ContainerArguments", []))
    for each in channels:
        if each.destination.rstrip("/") == image.reads:
            texts += [_beginning(Path(file)) for file, _ in each.files]
    text = " ".join(texts)
    try:
        urls, tables = connections.connections(world, owner), connections.tables(world, owner)
    except ValidationException as error:
        raise InputUnavailable(error.message) from None
    return {
        connections.CONNECTIONS: {
            name: url
            for name, url in urls.items()
            if name in text or json.dumps(name)[1:-1] in text
        },
        connections.TABLES: tables,
    }


def _beginning(file: Path) -> str:
    with file.open("rb") as content:
        return content.read(MOST_OF_FLOW).decode("utf-8", "replace")


def inputs_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The inputs that are brought to the job, and not fetched by its own program."""
    return [each for each in request.get("ProcessingInputs", []) if not each.get("AppManaged")]


def _channels(world: World, resource: Resource) -> list[Channel]:
    objects = world.objects_of(resource)
    root = clear(world, job_id(resource))
    found = []
    for number, each in enumerate(inputs_of(resource.spec)):
        source, name = each["S3Input"], each["InputName"]
        files = stage(
            objects,
            list(objects_of(objects, source, f"processing input {name!r}")),
            root / str(number),
        )
        # What the job writes into a folder that only looks writable could not be stored.
        copied = _holds_output(source["LocalPath"], resource.spec)
        channel = Channel(name, source["LocalPath"], files, writable=copied, scratch=True)
        found.append(channel)
    checkpoints = resume.checkpoints(world, resource, root / "checkpoints")
    return [*found, *([checkpoints] if checkpoints else [])]


def _holds_output(folder: str, request: dict[str, Any]) -> bool:
    return any(
        PurePosixPath(each["S3Output"].get("LocalPath", "/")).is_relative_to(folder)
        for each in outputs_of(request)
    )


def processing_config(resource: Resource) -> dict[str, Any]:
    """``processingjobconfig.json``: the request with its defaults, as AWS documents the file."""
    request = resource.spec
    application = request["AppSpecification"]
    return {
        "ProcessingJobArn": resource.arn,
        "ProcessingJobName": resource.name,
        "AppSpecification": {
            "ImageUri": application["ImageUri"],
            "ContainerEntrypoint": application.get("ContainerEntrypoint"),
            "ContainerArguments": application.get("ContainerArguments"),
        },
        "Environment": request.get("Environment", {}),
        "ProcessingInputs": [_input_config(each) for each in request.get("ProcessingInputs", [])],
        "ProcessingOutputConfig": {
            "Outputs": outputs_of(request),
            "KmsKeyId": request.get("ProcessingOutputConfig", {}).get("KmsKeyId"),
        },
        "ProcessingResources": {
            "ClusterConfig": {"VolumeKmsKeyId": None, **cluster_of(request)},
        },
        "RoleArn": request["RoleArn"],
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_RUNTIME_S,
            **request.get("StoppingCondition", {}),
        },
    }


def _input_config(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "S3Input": {"S3DownloadMode": "StartOfJob", **s3_input_of(given)}}


def _resource_config(request: dict[str, Any]) -> dict[str, Any]:
    kind = cluster_of(request)["InstanceType"]
    return {"current_host": HOST, "current_instance_type": kind, "hosts": [HOST]}
