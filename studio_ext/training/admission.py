"""What a CreateTrainingJob request must be before a job is accepted."""

from __future__ import annotations

import json
import posixpath
import time
from typing import Any

import regex

from ..algorithms.xgboost import METRIC_DEFINITIONS
from ..control.admission import will_wait
from ..control.objects import CallersObjects
from ..control.world import World
from ..run import environments, images
from ..store.objects import AccessDenied, NoSuchBucket, ObjectStoreError, parse_s3_uri
from ..wire.dispatch import Call
from ..wire.errors import ValidationException
from .room import room_of, waiting_for

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
    _check_writing(objects, output, "OutputDataConfig.S3OutputPath")
    if "CheckpointConfig" in params:
        _check_checkpoints(objects, params["CheckpointConfig"])
    definitions = _metric_definitions(params, image)
    transitions = [_transition("Starting", "Starting the training job")]
    room = room_of(world.config, params)
    if will_wait(world, room):  # noted here, for no controller looks at it before its turn
        transitions[0]["EndTime"] = transitions[0]["StartTime"]
        transitions.append(_transition("Pending", waiting_for(room)))
    return {
        "secondary": transitions[-1]["Status"],
        "transitions": transitions,
        "metric_definitions": definitions,
    }


def _transition(status: str, message: str) -> dict[str, Any]:
    return {"Status": status, "StartTime": time.time(), "StatusMessage": message}


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
    _check_uri(source["S3Uri"], f"{where}.DataSource.S3DataSource.S3Uri")


def _check_uri(uri: str, field: str) -> str:
    try:
        return parse_s3_uri(uri)[0]
    except ObjectStoreError as error:
        raise ValidationException(f"{field}: {error}") from None


def _check_writing(objects: CallersObjects, uri: str, field: str) -> None:
    """Refuse what would fail only after hours of training."""
    bucket = _check_uri(uri, field)
    try:
        objects.check_bucket(bucket)
        objects.require("s3:PutObject", *_below(uri))
    except NoSuchBucket:
        raise ValidationException(f"{field}: the bucket {bucket} does not exist.") from None
    except AccessDenied:
        raise ValidationException(f"{field}: Access denied to write to {uri}.") from None


def _check_reading(objects: CallersObjects, params: dict[str, Any]) -> None:
    """Refuse data and code of others now; data that is missing yet may come before the start."""
    uris = {
        f"InputDataConfig[{channel['ChannelName']}]": channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in params.get("InputDataConfig", [])
    }
    code = plain(params.get("HyperParameters", {}).get(SUBMIT_DIRECTORY, ""))
    if code.startswith("s3://"):
        uris[f"HyperParameters.{SUBMIT_DIRECTORY}"] = code
    for field, uri in uris.items():
        _check_uri(uri, field)
        try:
            objects.require("s3:GetObject", *_below(uri))
        except NoSuchBucket:
            continue
        except AccessDenied:
            raise ValidationException(f"{field}: Access denied to {uri}.") from None


def _below(uri: str) -> tuple[str, str]:
    """Bucket and a key as a policy for a prefix would name it."""
    bucket, key = parse_s3_uri(uri)
    return bucket, key or "*"


def plain(value: str) -> str:
    """A hyperparameter as framework estimators send it: JSON, or plain text."""
    try:
        decoded = json.loads(value)
    except json.JSONDecodeError:
        return value
    return decoded if isinstance(decoded, str) else value


def _check_checkpoints(objects: CallersObjects, config: dict[str, Any]) -> None:
    _check_writing(objects, config["S3Uri"], "CheckpointConfig.S3Uri")
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
