"""Which names and sizes S3 allows."""

from __future__ import annotations

import ipaddress
import re

from .base import Attributes
from .errors import InvalidRequest

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_MAX_KEY_BYTES = 1024
_MAX_METADATA_BYTES = 2048
_MAX_TAGS = 10
#: What the database has room for.
MAX_CONTENT_TYPE = 1024


def check_bucket_name(name: str) -> None:
    """Refuse a name that S3 would refuse for a new bucket."""
    if (
        not _BUCKET.fullmatch(name)
        or ".." in name
        or name.startswith(_RESERVED_PREFIXES)
        or name.endswith(_RESERVED_SUFFIXES)
        or _is_address(name)
    ):
        raise InvalidRequest(
            "The specified bucket is not valid.", "InvalidBucketName", BucketName=name
        )


def check_key(key: str) -> None:
    """Refuse a key that is empty, too long or no text."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        size = 0
    if not size or "\0" in key:
        raise InvalidRequest("Couldn't parse the specified URI.", "InvalidURI", URI=repr(key))
    if size > _MAX_KEY_BYTES:
        raise InvalidRequest(
            "Your key is too long", "KeyTooLongError", Size=size, MaxSizeAllowed=_MAX_KEY_BYTES
        )


def check_attributes(attributes: Attributes) -> None:
    """Refuse a content type, user metadata or tags that are too long, or too many tags."""
    if len(attributes.content_type) > MAX_CONTENT_TYPE:
        raise InvalidRequest(
            "The Content-Type that you have provided is too long",
            "MetadataTooLarge",
            ArgumentName="Content-Type",
            Size=len(attributes.content_type),
            MaxSizeAllowed=MAX_CONTENT_TYPE,
        )
    size = sum(len(k.encode()) + len(v.encode()) for k, v in attributes.metadata.items())
    if size > _MAX_METADATA_BYTES:
        raise InvalidRequest(
            "Your metadata headers exceed the maximum allowed metadata size",
            "MetadataTooLarge",
            Size=size,
            MaxSizeAllowed=_MAX_METADATA_BYTES,
        )
    if len(attributes.tags) > _MAX_TAGS:
        raise InvalidRequest("Object tags cannot be greater than 10", "BadRequest")
    for key, value in attributes.tags.items():
        if not 0 < len(key) <= 128:
            raise InvalidRequest("The TagKey you have provided is invalid", "InvalidTag")
        if len(value) > 256:
            raise InvalidRequest("The TagValue you have provided is invalid", "InvalidTag")


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
