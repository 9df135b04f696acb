"""From a CreateTrainingJob request to the job that a runner takes."""

from __future__ import annotations

from typing import Any

from ..control.world import World
from ..jobs.inputs import stage_object
from ..jobs.launch import connection, job_id, limits
from ..run import environments, images
from ..run.contract import CODE, JobSpec, Pack, platform_environment, training_config
from ..store.resources import Resource
from .admission import SUBMIT_DIRECTORY, is_algorithm, plain
from .channels import channels


def job_spec(world: World, resource: Resource) -> JobSpec:
    """All that the runner needs; raises InputUnavailable when input data cannot be had."""
    request = resource.spec
    specification = request["AlgorithmSpecification"]
    image = images.resolve(specification["TrainingImage"])
    identity = job_id(resource)
    parameters = request.get("HyperParameters", {})
    objects = world.objects_of(resource)
    inputs = channels(world, identity, objects, request)
    archives = []
    if SUBMIT_DIRECTORY in parameters:
        uri = plain(parameters[SUBMIT_DIRECTORY])
        if uri.startswith("s3://"):
            staged = stage_object(world, identity, objects, uri, "sourcedir.tar.gz")
            archives.append((staged, CODE))
    entry = [
        *specification.get("ContainerEntrypoint", []),
        *specification.get("ContainerArguments", []),
    ]
    python = environments.interpreter(image.framework)
    if is_algorithm(image, request):
        entry = [python, "-m", f"studio_ext.algorithms.{image.algorithm}", "train"]
    return JobSpec(
        **limits(world, resource),
        python=python,
        command=entry,
        environment={
            **connection(world, resource),
            **platform_environment(resource.name, resource.arn, world.config.region),
            **image.environment,
            **request.get("Environment", {}),
        },
        channels=inputs,
        config=training_config(request),
        archives=archives,
        toolkit=not specification.get("ContainerEntrypoint"),
        requirements=bool(archives),
        packs=_packs(request),
    )


def _packs(request: dict[str, Any]) -> list[Pack]:
    output = Pack("/opt/ml/output/data", "output.tar.gz", on_failure=True)
    if request["OutputDataConfig"].get("CompressionType") == "NONE":
        return [output]
    return [Pack("/opt/ml/model", "model.tar.gz", keep_empty=True), output]
