"""Between rows and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, bindparam, select

from ..prepared import Driven, Prepared
from .base import UNCONDITIONAL, Attributes, BucketInfo, Condition, ObjectInfo
from .errors import InvalidRequest, NoSuchBucket, NoSuchKey, PreconditionFailed
from .tables import buckets, objects


def at(bucket: Any, key: Any) -> Any:
    """The condition that picks one object."""
    return (objects.c.bucket == bucket) & (objects.c.key == key)


class ObjectRow(NamedTuple):
    """An object's row, all of it but the long list of parts."""

    bucket: str
    key: str
    data: str
    size: int
    etag: str
    modified: float
    owner: str
    storage_class: str
    content_type: str
    headers: Mapping[str, Any]
    user_metadata: Mapping[str, str]
    tags: Mapping[str, str]
    checksum_type: str | None
    checksums: dict[str, str]
    upload: str | None


class _Described(Protocol):
    """A row with what a client says of an object: an object's, or an upload's."""

    @property
    def owner(self) -> str: ...
    @property
    def storage_class(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, Any]: ...
    @property
    def user_metadata(self) -> Mapping[str, str]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


OBJECT_COLUMNS = tuple(objects.c[name] for name in ObjectRow._fields)
# Put together once: every call to the store asks these.
_BUCKET = Prepared(select(buckets).where(buckets.c.name == bindparam("bucket")))
_SELECT = select(*OBJECT_COLUMNS).where(at(bindparam("bucket"), bindparam("key")))
_OBJECT, _OBJECT_LOCKED = Prepared(_SELECT), Prepared(_SELECT.with_for_update())


def bucket_of(connection: Driven, name: str) -> BucketInfo:
    """A bucket; raises NoSuchBucket."""
    row = _BUCKET.one(connection, {"bucket": name})
    if row is None:
        raise NoSuchBucket(name)
    return BucketInfo(*row)


def object_row(connection: Connection, bucket: str, key: str, *, lock: bool = False) -> ObjectRow:
    """An object's row; raises NoSuchBucket or NoSuchKey. ``lock`` is for PostgreSQL."""
    query = _OBJECT_LOCKED if lock else _OBJECT
    row = query.one(connection, {"bucket": bucket, "key": key})
    if row is None:
        bucket_of(connection, bucket)
        raise NoSuchKey(key)
    return ObjectRow._make(row)


def attributes_of(row: _Described) -> Attributes:
    """The attributes in an object's or an upload's row."""
    return Attributes(
        row.content_type, row.headers, row.user_metadata, row.tags, row.storage_class, row.owner
    )


def info_of(row: ObjectRow) -> ObjectInfo:
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
