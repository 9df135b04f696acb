"""What a CreateTrainingJob request must be before a job is accepted."""

from __future__ import annotations

import re
import time
from typing import Any

from ..algorithms.xgboost import METRIC_DEFINITIONS
from ..control.world import World
from ..run import environments, images
from ..store.objects import ObjectStoreError, parse_s3_uri
from ..wire.dispatch import Call
from ..wire.errors import ValidationException

SUBMIT_DIRECTORY = "sagemaker_submit_directory"


def admit(world: World, _call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse what cannot run here, naming the field; the first state of the job otherwise."""
    image = training_image(params["AlgorithmSpecification"])
    _check_resources(params)
    for channel in params.get("InputDataConfig", []):
        _check_channel(channel, params["AlgorithmSpecification"])
    _check_uri(params["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    definitions = _metric_definitions(params, image)
    now = time.time()
    message = "Starting the training job"
    return {
        "secondary": "Starting",
        "transitions": [{"Status": "Starting", "StartTime": now, "StatusMessage": message}],
        "metric_definitions": definitions,
    }


def training_image(specification: dict[str, Any]) -> images.Image:
    """The image of a job; ValidationException when nothing here can run it."""
    if "AlgorithmName" in specification:
        raise ValidationException(
            "AlgorithmSpecification.AlgorithmName: algorithm resources are not built into Studio "
            "yet; give AlgorithmSpecification.TrainingImage."
        )
    if "TrainingImage" not in specification:
        raise ValidationException("AlgorithmSpecification.TrainingImage: an image URI is required.")
    try:
        image = images.resolve(specification["TrainingImage"])
        images.check(image, environments.interpreter(image.framework))
    except images.ImageError as error:
        raise ValidationException(f"AlgorithmSpecification.TrainingImage: {error}") from None
    return image


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
    mode = channel.get("InputMode") or specification.get("TrainingInputMode", "File")
    if mode == "Pipe":
        raise ValidationException(f"{where}.InputMode: Pipe is not supported; use File or FastFile.")
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
    _check_uri(source["S3Uri"], f"{where}.DataSource.S3DataSource.S3Uri")


def _check_uri(uri: str, field: str) -> None:
    try:
        parse_s3_uri(uri)
    except ObjectStoreError as error:
        raise ValidationException(f"{field}: {error}") from None


def _metric_definitions(params: dict[str, Any], image: images.Image) -> list[dict[str, str]]:
    definitions: list[dict[str, str]] = params["AlgorithmSpecification"].get(
        "MetricDefinitions", []
    )
    for index, definition in enumerate(definitions):
        try:
            pattern = re.compile(definition["Regex"])
        except re.error as error:
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
