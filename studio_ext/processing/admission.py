"""What a CreateProcessingJob request must be before a job is accepted."""

from __future__ import annotations

import posixpath
from typing import Any

from ..control.objects import CallersObjects
from ..control.world import World
from ..jobs.admission import check_reading, check_writing, first_state, image_of
from ..run import images
from ..wire.dispatch import Call
from ..wire.errors import ValidationException
from . import resume
from .room import cluster_of, room_of

FOLDER = "/opt/ml/processing"


def admit(world: World, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse what cannot run here, naming the field; the first state of the job otherwise."""
    application = params["AppSpecification"]
    image = image_of(application["ImageUri"], "AppSpecification.ImageUri", processing=True)
    if not image.program and not application.get("ContainerEntrypoint"):
        raise ValidationException(
            f"AppSpecification.ContainerEntrypoint: the image {image.repository} runs nothing by "
            "itself in a processing job; give a command."
        )
    _check_resources(params, image)
    _check_names(params)
    resume.check(world, call.caller.account_id, params)
    objects = world.objects_for(call.caller)
    for each in params.get("ProcessingInputs", []):
        _check_input(each, objects)
    if image.program and not application.get("ContainerEntrypoint"):
        _check_program_input(params, image)
    for each in outputs_of(params):
        _check_output(each, objects)
    return first_state(world, room_of(world.config, params), "processing job")


def s3_input_of(given: dict[str, Any]) -> dict[str, Any]:
    """An input's ``S3Input``, with what holds where the request is silent."""
    defaults = {
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {**defaults, **given["S3Input"]}


def outputs_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs that a request names."""
    found: list[dict[str, Any]] = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return found


def _check_resources(params: dict[str, Any], image: images.Image) -> None:
    count = cluster_of(params)["InstanceCount"]
    # A program of Studio's own does the work of all instances on this machine.
    if count > 1 and not image.program:
        raise ValidationException(
            f"ProcessingResources.ClusterConfig.InstanceCount: {count} instances were asked for, "
            "but this Studio runs jobs on one machine; use 1."
        )


def _check_names(params: dict[str, Any]) -> None:
    inputs = [each["InputName"] for each in params.get("ProcessingInputs", [])]
    outputs = [each["OutputName"] for each in outputs_of(params)]
    for field, member, names in (
        ("ProcessingInputs", "InputName", inputs),
        ("ProcessingOutputConfig.Outputs", "OutputName", outputs),
    ):
        if len(set(names)) < len(names):
            raise ValidationException(f"{field}: {member} must be unique, not {names}.")


def _check_input(given: dict[str, Any], objects: CallersObjects) -> None:
    where = f"ProcessingInputs[{given['InputName']}]"
    if "DatasetDefinition" in given:
        raise ValidationException(
            f"{where}.DatasetDefinition: queries of Athena and Redshift are not built into Studio; "
            "use S3Input."
        )
    source = given.get("S3Input")
    if source is None:
        raise ValidationException(f"{where}.S3Input: it is required.")
    where = f"{where}.S3Input"
    if source.get("S3InputMode", "File") == "Pipe":
        raise ValidationException(f"{where}.S3InputMode: Pipe is not supported; use File.")
    if source.get("S3CompressionType", "None") != "None":
        raise ValidationException(
            f"{where}.S3CompressionType: Gzip goes with the S3InputMode Pipe alone; use None."
        )
    if not given.get("AppManaged"):
        _check_folder(source.get("LocalPath"), f"{where}.LocalPath")
    check_reading(objects, source["S3Uri"], f"{where}.S3Uri")


def _check_program_input(params: dict[str, Any], image: images.Image) -> None:
    """A program of Studio's own has one input that says what to do."""
    folders = {
        each["InputName"]: each["S3Input"]["LocalPath"].rstrip("/")
        for each in params.get("ProcessingInputs", [])
        if not each.get("AppManaged")
    }
    here = [name for name, folder in folders.items() if folder == image.reads]
    if len(here) == 1:
        return
    asked = f"{image.repository} runs the flow file of the input whose LocalPath is {image.reads}"
    if here:
        raise ValidationException(f"ProcessingInputs: {asked}, and only one is that, not {here}.")
    found = "; ".join(f"{name} is at {folder}" for name, folder in folders.items())
    raise ValidationException(f"ProcessingInputs: {asked}: {found or 'the job has no input'}.")


def _check_output(given: dict[str, Any], objects: CallersObjects) -> None:
    where = f"ProcessingOutputConfig.Outputs[{given['OutputName']}]"
    if "FeatureStoreOutput" in given:
        raise ValidationException(
            f"{where}.FeatureStoreOutput: feature groups are not built into Studio yet; use "
            "S3Output."
        )
    target = given.get("S3Output")
    if target is None:
        raise ValidationException(f"{where}.S3Output: it is required.")
    where = f"{where}.S3Output"
    if not given.get("AppManaged"):
        _check_folder(target.get("LocalPath"), f"{where}.LocalPath")
    check_writing(objects, target["S3Uri"], f"{where}.S3Uri")


def _check_folder(path: str | None, field: str) -> None:
    if path is None:
        raise ValidationException(f"{field}: it is required where AppManaged is false.")
    plain = posixpath.normpath(path) == path.rstrip("/") and "\0" not in path
    if not plain or not (path == FOLDER or path.startswith(f"{FOLDER}/")):
        raise ValidationException(f"{field}: {path} is not a folder below {FOLDER}.")
