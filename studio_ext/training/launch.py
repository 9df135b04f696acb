"""From a CreateTrainingJob request to the job that a runner takes."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..control import access
from ..control.world import World
from ..run import environments, images
from ..run.contract import CODE, JobSpec, Pack, platform_environment, training_config
from ..seen import context
from ..store.credentials import UnknownUserProfile
from ..store.resources import Resource
from .admission import SUBMIT_DIRECTORY, is_algorithm, plain
from .inputs import InputUnavailable, channels, stage_object

DEFAULT_RUNTIME_S = 24 * 3600
CREDENTIAL_MARGIN_S = 3600.0


def job_id(resource: Resource) -> str:
    """The runner's id of a training job."""
    return f"training-{resource.id}"


def job_spec(world: World, resource: Resource) -> JobSpec:
    """All that the runner needs; raises InputUnavailable when input data cannot be had."""
    request = resource.spec
    specification = request["AlgorithmSpecification"]
    image = images.resolve(specification["TrainingImage"])
    identity = job_id(resource)
    parameters = request.get("HyperParameters", {})
    runtime = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_S)
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
        id=identity,
        name=resource.name,
        python=python,
        command=entry,
        environment=_environment(world, resource, image, runtime),
        channels=inputs,
        config=training_config(request),
        archives=archives,
        toolkit=not specification.get("ContainerEntrypoint"),
        requirements=bool(archives),
        packs=_packs(request),
        max_runtime_s=runtime,
        memory_bytes=resource.state.get("memory_bytes") or world.config.max_job_memory_bytes,
        hidden=[world.config.home, str(world.config.socket_dir)],
        cpus=resource.state.get("cores"),
        request_id=resource.state.get(context.KEY, ""),
        version=__version__,
    )


def _packs(request: dict[str, Any]) -> list[Pack]:
    output = Pack("/opt/ml/output/data", "output.tar.gz", on_failure=True)
    if request["OutputDataConfig"].get("CompressionType") == "NONE":
        return [output]
    return [Pack("/opt/ml/model", "model.tar.gz", keep_empty=True), output]


def _environment(
    world: World, resource: Resource, image: images.Image, runtime: float
) -> dict[str, str]:
    """The platform's variables, a key of the job's own, and what the request adds."""
    purpose = f"job {job_id(resource)}"
    world.store.credentials.revoke(purpose)
    try:
        credential = world.store.credentials.issue(
            purpose,
            domain=resource.domain,
            user_profile=resource.owner,
            lifetime_s=runtime + CREDENTIAL_MARGIN_S,
            scope=access.WORKLOAD,
        )
    except UnknownUserProfile as error:
        raise InputUnavailable(f"the user profile {error} is gone") from None
    return {
        **world.connect(credential),
        **platform_environment(resource.name, resource.arn, world.config.region),
        **image.environment,
        **resource.spec.get("Environment", {}),
    }
