"""The object store as one caller may use it: what controllers read and write for an owner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from ..store.objects import (
    AccessDenied,
    Attributes,
    BucketInfo,
    Condition,
    Listing,
    ObjectInfo,
    ObjectStore,
    Writer,
)
from ..store.objects.base import MAX_LIST, UNCONDITIONAL
from ..wire.identity import Caller
from . import access


class CallersObjects(ObjectStore):
    """See :class:`ObjectStore`; raises AccessDenied for what the caller may not do."""

    def __init__(self, store: ObjectStore, caller: Caller) -> None:
        self._store = store
        self._caller = caller

    def require(self, action: str, bucket: str, key: str | None = None) -> None:
        """Raise AccessDenied unless the caller may; NoSuchBucket where there is none."""
        if not access.bucket(self._caller, action, self._store.owned(bucket), key):
            raise AccessDenied(bucket, key)

    def check_bucket(self, name: str) -> None:
        """Raise NoSuchBucket unless there is a bucket of that name, whoever has it."""
        self._store.head_bucket(name)

    # buckets

    def create_bucket(
        self, name: str, *, account: str = "", owner: str = "", region: str = ""
    ) -> BucketInfo:
        mine = self._caller
        return self._store.create_bucket(
            name,
            account=mine.account_id,
            owner=f"{mine.domain}/{mine.user_profile}",
            region=region,
        )

    def owned(self, name: str) -> BucketInfo:
        return self._store.owned(name)

    def head_bucket(self, name: str) -> BucketInfo:
        self.require("s3:ListBucket", name)
        return self._store.head_bucket(name)

    def list_buckets(self, prefix: str = "") -> Sequence[BucketInfo]:
        return [
            found
            for found in self._store.list_buckets(prefix)
            if access.bucket(self._caller, "s3:ListBucket", found)
        ]

    def delete_bucket(self, name: str) -> None:
        self.require("s3:DeleteBucket", name)
        self._store.delete_bucket(name)

    # objects

    def writer(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Attributes | None = None,
        checksums: Sequence[str] = (),
        condition: Condition = UNCONDITIONAL,
    ) -> Writer[ObjectInfo]:
        self.require("s3:PutObject", bucket, key)
        return self._store.writer(
            bucket, key, attributes=attributes, checksums=checksums, condition=condition
        )

    def put_file(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        move: bool = False,
        md5: str | None = None,
        attributes: Attributes | None = None,
    ) -> ObjectInfo:
        self.require("s3:PutObject", bucket, key)
        return self._store.put_file(bucket, key, path, move=move, md5=md5, attributes=attributes)

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        self.require("s3:GetObject", bucket, key)
        return self._store.stat(bucket, key)

    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        self.require("s3:GetObject", bucket, key)
        return self._store.open(bucket, key)

    def local_path(self, bucket: str, key: str) -> Path:
        self.require("s3:GetObject", bucket, key)
        return self._store.local_path(bucket, key)

    def link(self, bucket: str, key: str, target: Path) -> ObjectInfo:
        self.require("s3:GetObject", bucket, key)
        return self._store.link(bucket, key, target)

    def list(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        limit: int = MAX_LIST,
    ) -> Listing:
        self.require("s3:ListBucket", bucket)
        return self._store.list(
            bucket, prefix, delimiter=delimiter, start_after=start_after, limit=limit
        )

    def copy(
        self,
        source: tuple[str, str],
        target: tuple[str, str],
        *,
        attributes: Attributes | None = None,
    ) -> ObjectInfo:
        self.require("s3:GetObject", *source)
        self.require("s3:PutObject", *target)
        return self._store.copy(source, target, attributes=attributes)

    def delete(self, bucket: str, key: str) -> None:
        self.require("s3:DeleteObject", bucket, key)
        self._store.delete(bucket, key)

    def delete_many(self, bucket: str, keys: Sequence[str]) -> None:
        for key in keys:
            self.require("s3:DeleteObject", bucket, key)
        self._store.delete_many(bucket, keys)
