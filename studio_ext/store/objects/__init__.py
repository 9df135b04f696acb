"""Buckets and objects: files on local disk by default, any S3-compatible store by a setting."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine

from ...config import Config
from .base import (
    Attributes,
    BucketInfo,
    Condition,
    Listing,
    ObjectInfo,
    ObjectStore,
    Summary,
    Writer,
    parse_s3_uri,
)
from .errors import (
    AccessDenied,
    BadDigest,
    BucketExists,
    BucketNotEmpty,
    InvalidPart,
    InvalidRequest,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    ObjectStoreError,
    PreconditionFailed,
)
from .local import LocalObjectStore

__all__ = [
    "AccessDenied",
    "Attributes",
    "BadDigest",
    "BucketExists",
    "BucketInfo",
    "BucketNotEmpty",
    "Condition",
    "InvalidPart",
    "InvalidRequest",
    "Listing",
    "LocalObjectStore",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "ObjectInfo",
    "ObjectStore",
    "ObjectStoreError",
    "PreconditionFailed",
    "Summary",
    "Writer",
    "open_object_store",
    "parse_s3_uri",
]


def open_object_store(config: Config, engine: Engine) -> ObjectStore:
    """The object store that the configuration names."""
    if config.object_store_url.startswith("file:"):
        folder = Path(unquote(urlsplit(config.object_store_url).path))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalObjectStore(engine, folder)
    if config.object_store_url:
        from .remote import RemoteObjectStore  # boto3 is imported only where it is used

        cache = config.path / "object-cache"
        return RemoteObjectStore(
            config.object_store_url, config.region, cache, engine, config.account_id
        )
    return LocalObjectStore(engine, config.objects_dir)
