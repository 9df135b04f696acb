"""Between rows and values."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from ..prepared import Prepared
from .base import UNCONDITIONAL, Attributes, BucketInfo, Condition, ObjectInfo
from .errors import InvalidRequest, NoSuchBucket, NoSuchKey, PreconditionFailed
from .tables import buckets, objects


def at(bucket: Any, key: Any) -> Any:
    """The condition that picks one object."""
    return (objects.c.bucket == bucket) & (objects.c.key == key)


#: every column but the long list of parts
OBJECT_COLUMNS = tuple(c for c in objects.c if c.name != "parts")
# Put together once: every call to the store asks these.
_BUCKET = Prepared(select(buckets).where(buckets.c.name == bindparam("bucket")))
_OBJECT = select(*OBJECT_COLUMNS).where(at(bindparam("bucket"), bindparam("key")))
_OBJECT_LOCKED = _OBJECT.with_for_update()


def bucket_of(connection: Connection, name: str) -> BucketInfo:
    """A bucket; raises NoSuchBucket."""
    row = _BUCKET.one(connection, {"bucket": name})
    if row is None:
        raise NoSuchBucket(name)
    return BucketInfo(*row)


def object_row(connection: Connection, bucket: str, key: str, *, lock: bool = False) -> Row[Any]:
    """An object's row; raises NoSuchBucket or NoSuchKey. ``lock`` is for PostgreSQL."""
    query = _OBJECT_LOCKED if lock else _OBJECT
    row = connection.execute(query, {"bucket": bucket, "key": key}).one_or_none()
    if row is None:
        bucket_of(connection, bucket)
        raise NoSuchKey(key)
    return row


def attributes_of(row: Row[Any]) -> Attributes:
    """The attributes in an object's or an upload's row."""
    return Attributes(
        row.content_type, row.headers, row.user_metadata, row.tags, row.storage_class, row.owner
    )


def info_of(row: Row[Any]) -> ObjectInfo:
    """The object of a row."""
    return ObjectInfo(
        row.bucket,
        row.key,
        row.size,
        row.etag,
        row.modified,
        attributes_of(row),
        row.checksums,
        row.checksum_type,
    )


def attribute_values(attributes: Attributes) -> dict[str, Any]:
    """Column values of attributes."""
    return {
        "owner": attributes.owner,
        "storage_class": attributes.storage_class,
        "content_type": attributes.content_type,
        "headers": dict(attributes.headers),
        "user_metadata": dict(attributes.metadata),
        "tags": dict(attributes.tags),
    }


def check(condition: Condition, etag: str | None, key: str) -> None:
    """Raise unless ``condition`` holds of the object in place (``etag`` None: there is none)."""
    if condition == UNCONDITIONAL:
        return
    if condition.if_none_match not in (None, "*"):
        raise InvalidRequest(
            "A header you provided implies functionality that is not implemented",
            "NotImplemented",
            501,
            Header="If-None-Match",
        )
    if condition.if_none_match is not None and etag is not None:
        raise PreconditionFailed("If-None-Match")
    if condition.if_match is not None:
        if etag is None:
            raise NoSuchKey(key)
        if condition.if_match not in ("*", etag):
            raise PreconditionFailed("If-Match")
