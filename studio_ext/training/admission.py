"""What a CreateTrainingJob request must be before a job is accepted."""

from __future__ import annotations

import json
import posixpath
from typing import Any

import regex

from ..algorithms.xgboost import METRIC_DEFINITIONS
from ..control.objects import CallersObjects
from ..control.world import World
from ..jobs.admission import check_reading, check_uri, check_writing, first_state, image_of
from ..run import images
from ..wire.dispatch import Call
from ..wire.errors import ValidationException
from .room import room_of

SUBMIT_DIRECTORY = "sagemaker_submit_directory"


def admit(world: World, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse what cannot run here, naming the field; the first state of the job otherwise."""
    image = training_image(params.get("AlgorithmSpecification", {}))
    _check_resources(params)
    channels = params.get("InputDataConfig", [])
    for channel in channels:
        _check_channel(channel, params["AlgorithmSpecification"])
    objects = world.objects_for(call.caller)
    _check_reading(objects, params)
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) < len(names):
        raise ValidationException(f"InputDataConfig: ChannelName must be unique, not {names}.")
    output = params["OutputDataConfig"]["S3OutputPath"]
    check_writing(objects, output, "OutputDataConfig.S3OutputPath")
    if "CheckpointConfig" in params:
        _check_checkpoints(objects, params["CheckpointConfig"])
    definitions = _metric_definitions(params, image)
    state = first_state(world, room_of(world.config, params), "training job")
    return {**state, "metric_definitions": definitions}


def training_image(specification: dict[str, Any]) -> images.Image:
    """The image of a job; ValidationException when nothing here can run it."""
    if "AlgorithmName" in specification:
        raise ValidationException(
            "AlgorithmSpecification.AlgorithmName: algorithm resources are not built into Studio "
            "yet; give AlgorithmSpecification.TrainingImage."
        )
    if "TrainingImage" not in specification:
        raise ValidationException("AlgorithmSpecification.TrainingImage: an image URI is required.")
    return image_of(specification["TrainingImage"], "AlgorithmSpecification.TrainingImage")


def is_algorithm(image: images.Image, params: dict[str, Any]) -> bool:
    """Whether the built-in algorithm of an image runs, and not a script of the user's."""
    specification = params["AlgorithmSpecification"]
    parameters = params.get("HyperParameters", {})
    scripted = "sagemaker_program" in parameters or SUBMIT_DIRECTORY in parameters
    return bool(image.algorithm and not scripted and not specification.get("ContainerEntrypoint"))


def _check_resources(params: dict[str, Any]) -> None:
    resources = params.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups") or [resources]
    count = sum(group.get("InstanceCount", 1) for group in groups)
    if count > 1:
        raise ValidationException(
            f"ResourceConfig.InstanceCount: {count} instances were asked for, but this Studio "
            "runs jobs on one machine; use 1."
        )


def _check_channel(channel: dict[str, Any], specification: dict[str, Any]) -> None:
    where = f"InputDataConfig[{channel['ChannelName']}]"
    if channel["ChannelName"] in (".", ".."):
        raise ValidationException(f"{where}.ChannelName: it must be the name of a folder.")
    mode = channel.get("InputMode") or specification.get("TrainingInputMode", "File")
    if mode == "Pipe":
        raise ValidationException(
            f"{where}.InputMode: Pipe is not supported; use File or FastFile."
        )
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise ValidationException(f"{where}.DataSource: only S3DataSource is supported.")
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise ValidationException(
            f"{where}.DataSource.S3DataSource.S3DataType: {source['S3DataType']} is not supported; "
            "use S3Prefix or ManifestFile."
        )
    if channel.get("CompressionType", "None") != "None":
        raise ValidationException(f"{where}.CompressionType: only None is supported in File mode.")
    if channel.get("RecordWrapperType", "None") != "None":
        raise ValidationException(
            f"{where}.RecordWrapperType: only None is supported in File mode."
        )
    check_uri(source["S3Uri"], f"{where}.DataSource.S3DataSource.S3Uri")


def _check_reading(objects: CallersObjects, params: dict[str, Any]) -> None:
    """Refuse data and code of others."""
    uris = {
        f"InputDataConfig[{channel['ChannelName']}]": channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in params.get("InputDataConfig", [])
    }
    code = plain(params.get("HyperParameters", {}).get(SUBMIT_DIRECTORY, ""))
    if code.startswith("s3://"):
        uris[f"HyperParameters.{SUBMIT_DIRECTORY}"] = code
    for field, uri in uris.items():
        check_reading(objects, uri, field)


def plain(value: str) -> str:
    """A hyperparameter as framework estimators send it: JSON, or plain text."""
    try:
        decoded = json.loads(value)
    except json.JSONDecodeError:
        return value
    return decoded if isinstance(decoded, str) else value


def _check_checkpoints(objects: CallersObjects, config: dict[str, Any]) -> None:
    check_writing(objects, config["S3Uri"], "CheckpointConfig.S3Uri")
    local = config.get("LocalPath", "/opt/ml/checkpoints")
    plain = posixpath.normpath(local) == local.rstrip("/")
    if not plain or not local.startswith("/opt/ml/") or local.startswith("/opt/ml/input"):
        raise ValidationException(
            f"CheckpointConfig.LocalPath: {local} is not a folder of its own below /opt/ml."
        )


def _metric_definitions(params: dict[str, Any], image: images.Image) -> list[dict[str, str]]:
    definitions: list[dict[str, str]] = params["AlgorithmSpecification"].get(
        "MetricDefinitions", []
    )
    for index, definition in enumerate(definitions):
        try:
            pattern = regex.compile(definition["Regex"])
        except regex.error as error:
            raise ValidationException(
                f"AlgorithmSpecification.MetricDefinitions[{index}].Regex: "
                f"{definition['Regex']!r} is not a regular expression: {error}"
            ) from None
        if pattern.groups < 1:
            raise ValidationException(
                f"AlgorithmSpecification.MetricDefinitions[{index}].Regex: "
                f"{definition['Regex']!r} needs a group in parentheses around the value."
            )
    if is_algorithm(image, params):
        return definitions or METRIC_DEFINITIONS
    return definitions
