"""What requests for jobs of every kind are asked before they are accepted."""

from __future__ import annotations

import time
from typing import Any

from ..control.admission import will_wait
from ..control.objects import CallersObjects
from ..control.world import World
from ..run import environments, images
from ..store.objects import AccessDenied, NoSuchBucket, ObjectStoreError, parse_s3_uri
from ..store.queue import Room
from ..wire.errors import ValidationException
from .room import waiting_for


def first_state(world: World, room: Room, label: str) -> dict[str, Any]:
    """The secondary status a job begins with, and its transitions so far."""
    transitions = [_transition("Starting", f"Starting the {label}")]
    if will_wait(world, room):  # noted here, for no controller looks at it before its turn
        transitions[0]["EndTime"] = transitions[0]["StartTime"]
        transitions.append(_transition("Pending", waiting_for(room)))
    return {"secondary": transitions[-1]["Status"], "transitions": transitions}


def _transition(status: str, message: str) -> dict[str, Any]:
    return {"Status": status, "StartTime": time.time(), "StatusMessage": message}


def image_of(uri: str, field: str, *, processing: bool = False) -> images.Image:
    """The image that a URI names; ValidationException when nothing here can run it."""
    try:
        image = images.resolve(uri)
        python = environments.interpreter(image.framework)
        images.check(image, python, processing=processing)
    except images.ImageError as error:
        raise ValidationException(f"{field}: {error}") from None
    return image


def check_uri(uri: str, field: str) -> str:
    """The bucket of an S3 URI; ValidationException when it is none."""
    try:
        return parse_s3_uri(uri)[0]
    except ObjectStoreError as error:
        raise ValidationException(f"{field}: {error}") from None


def check_writing(objects: CallersObjects, uri: str, field: str) -> None:
    """Refuse what would fail only after hours of work."""
    bucket = check_uri(uri, field)
    try:
        objects.check_bucket(bucket)
        objects.require("s3:PutObject", *_below(uri))
    except NoSuchBucket:
        raise ValidationException(f"{field}: the bucket {bucket} does not exist.") from None
    except AccessDenied:
        raise ValidationException(f"{field}: Access denied to write to {uri}.") from None


def check_reading(objects: CallersObjects, uri: str, field: str) -> None:
    """Refuse data and code of others now; data that is missing yet may come before the start."""
    check_uri(uri, field)
    try:
        objects.require("s3:GetObject", *_below(uri))
    except NoSuchBucket:
        return
    except AccessDenied:
        raise ValidationException(f"{field}: Access denied to {uri}.") from None


def _below(uri: str) -> tuple[str, str]:
    """Bucket and a key as a policy for a prefix would name it."""
    bucket, key = parse_s3_uri(uri)
    return bucket, key or "*"
