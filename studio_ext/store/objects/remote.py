"""Objects in any S3-compatible store, behind the same interface."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from sqlalchemy import Engine

from .base import (
    MAX_LIST,
    UNCONDITIONAL,
    Attributes,
    BucketInfo,
    Condition,
    Listing,
    ObjectInfo,
    ObjectStore,
    Summary,
    Writer,
)
from .checksums import ALGORITHMS, Digester
from .datafiles import link_or_copy
from .errors import (
    BucketExists,
    BucketNotEmpty,
    NoSuchBucket,
    NoSuchKey,
    ObjectStoreError,
    PreconditionFailed,
)
from .ownership import Ownership

_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "WebsiteRedirectLocation",
)
_CHUNK = 4 << 20
_DELETE_BATCH = 1000
#: bytes of downloaded objects kept for :meth:`RemoteObjectStore.local_path`
CACHE_BYTES = 20 << 30


def endpoint_of(url: str) -> str | None:
    """``s3+http://host:port`` as an endpoint URL; plain ``s3://`` means AWS itself (None)."""
    parts = urlsplit(url)
    scheme = parts.scheme.removeprefix("s3").removeprefix("+")
    if not parts.scheme.startswith("s3") or scheme not in ("", "http", "https"):
        raise ValueError(f"object_store_url must be s3://, s3+http:// or s3+https://: {url!r}")
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}" if scheme else None


class RemoteObjectStore(ObjectStore):
    """See :class:`~.base.ObjectStore`. Credentials come from the environment, as boto3 does it."""

    def __init__(self, url: str, region: str, cache: Path, engine: Engine, account: str) -> None:
        """Who made a bucket through Studio owns it; those that were there are ``account``'s."""
        # Set here by name, because AWS_ENDPOINT_URL may well point at Studio itself.
        self.client = self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_of(url) or f"https://s3.{region}.amazonaws.com",
            region_name=region,
            config=ClientConfig(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
        )
        self._region = region
        self._cache = cache
        self._account = account
        self.ownership = Ownership(engine)
        cache.mkdir(parents=True, exist_ok=True)

    def create_bucket(
        self, name: str, *, account: str = "", owner: str = "", region: str = ""
    ) -> BucketInfo:
        region = region or self._region
        extra: dict[str, Any] = {}
        if region != "us-east-1":
            extra["CreateBucketConfiguration"] = {"LocationConstraint": region}
        self.claim(name, account, owner, region)
        try:
            with _translated(name):
                self._client.create_bucket(Bucket=name, **extra)
        except ObjectStoreError:
            self.ownership.release(name)
            raise
        return self.owned(name)

    def claim(self, name: str, account: str, owner: str, region: str) -> None:
        """Note who is about to make a bucket; BucketExists when there is one.

        Without that, S3 lets the holder of its keys, which is Studio, make one again.
        """
        try:
            self.head_bucket(name)
        except NoSuchBucket:
            self.ownership.release(name)  # made once, and deleted past Studio
        else:
            raise BucketExists(name)
        self.ownership.claim(BucketInfo(name, account, owner, region, time.time()))

    def head_bucket(self, name: str) -> BucketInfo:
        with _translated(name):
            found = self._client.head_bucket(Bucket=name)
        return replace(self.owned(name), region=found.get("BucketRegion", self._region))

    def owned(self, name: str) -> BucketInfo:
        unknown = BucketInfo(name, self._account, "default/default", self._region, 0.0)
        return self.ownership.get(name) or unknown

    def list_buckets(self, prefix: str = "") -> Sequence[BucketInfo]:
        with _translated():
            found = self._client.list_buckets()["Buckets"]
        known = {info.name: info for info in self.ownership.all()}
        return [
            replace(
                known.get(b["Name"]) or self.owned(b["Name"]), created=b["CreationDate"].timestamp()
            )
            for b in found
            if b["Name"].startswith(prefix)
        ]

    def delete_bucket(self, name: str) -> None:
        with _translated(name):
            self._client.delete_bucket(Bucket=name)
        self.ownership.release(name)

    def writer(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Attributes | None = None,
        checksums: Sequence[str] = (),
        condition: Condition = UNCONDITIONAL,
    ) -> Writer[ObjectInfo]:
        self.head_bucket(bucket)
        return _RemoteWriter(self, bucket, key, attributes or Attributes(), checksums, condition)

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
        info = self.upload(path, bucket, key, attributes or Attributes(), UNCONDITIONAL)
        if move:
            path.unlink()
        return info

    def upload(
        self, path: Path, bucket: str, key: str, attributes: Attributes, condition: Condition
    ) -> ObjectInfo:
        """Send a file, in parts where it is large."""
        extra = _arguments(attributes)
        if condition.if_match:
            extra["IfMatch"] = condition.if_match
        if condition.if_none_match:
            extra["IfNoneMatch"] = condition.if_none_match
        with _translated(bucket, key):
            if condition == UNCONDITIONAL:
                self._client.upload_file(str(path), bucket, key, ExtraArgs=extra)
            else:  # the transfer manager has no conditions
                with path.open("rb") as file:
                    self._client.put_object(Bucket=bucket, Key=key, Body=file, **extra)
        return self.stat(bucket, key)

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        try:
            with _translated(bucket, key):
                found = self._client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        except NoSuchKey:
            self.head_bucket(bucket)  # the answer to HEAD does not say which of both is missing
            raise
        return _info(bucket, key, found)

    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        info, path = self._fetch(bucket, key)
        return info, path.open("rb")

    def local_path(self, bucket: str, key: str) -> Path:
        return self._fetch(bucket, key)[1]

    def link(self, bucket: str, key: str, target: Path) -> ObjectInfo:
        info, path = self._fetch(bucket, key)
        link_or_copy(path, target)
        return info

    def list(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        limit: int = MAX_LIST,
    ) -> Listing:
        with _translated(bucket):
            page = self._client.list_objects_v2(
                Bucket=bucket,
                Prefix=prefix,
                Delimiter=delimiter,
                StartAfter=start_after,
                MaxKeys=limit,
            )
        found = [_summary(item) for item in page.get("Contents", ())]
        prefixes = [item["Prefix"] for item in page.get("CommonPrefixes", ())]
        last = max([*(item.key for item in found[-1:]), *prefixes[-1:]], default=start_after)
        return Listing(found, prefixes, page["IsTruncated"], last)

    def copy(
        self,
        source: tuple[str, str],
        target: tuple[str, str],
        *,
        attributes: Attributes | None = None,
    ) -> ObjectInfo:
        extra: dict[str, Any] = {}
        if attributes is not None:
            extra = _arguments(attributes) | {
                "MetadataDirective": "REPLACE",
                "TaggingDirective": "REPLACE",
            }
        with _translated(*source):
            self._client.copy({"Bucket": source[0], "Key": source[1]}, *target, ExtraArgs=extra)
        return self.stat(*target)

    def delete(self, bucket: str, key: str) -> None:
        with _translated(bucket, key):
            self._client.delete_object(Bucket=bucket, Key=key)

    def delete_many(self, bucket: str, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _DELETE_BATCH):
            some = [{"Key": key} for key in keys[start : start + _DELETE_BATCH]]
            with _translated(bucket):
                answer = self._client.delete_objects(
                    Bucket=bucket, Delete={"Objects": some, "Quiet": True}
                )
            for error in answer.get("Errors", ()):
                raise ObjectStoreError(error["Message"], error["Code"], 400, Key=error["Key"])

    def spool(self) -> BinaryIO:
        """A new file in the cache folder, to gather an object's bytes in."""
        return tempfile.NamedTemporaryFile(dir=self._cache, prefix="upload-", delete=False)  # type: ignore[return-value]

    def _fetch(self, bucket: str, key: str) -> tuple[ObjectInfo, Path]:
        """The object and its copy in the cache, named by its ETag, so that it is never stale."""
        info = self.stat(bucket, key)
        name = hashlib.sha256(f"{info.uri}\n{info.etag}".encode()).hexdigest()
        path = self._cache / name[:2] / name
        if path.exists():
            os.utime(path)
            return info, path
        self._make_room(info.size)
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="download-") as folder:
            part = Path(folder) / name
            with _translated(bucket, key), part.open("wb") as file:
                answer = self._client.get_object(Bucket=bucket, Key=key, IfMatch=info.etag)
                shutil.copyfileobj(answer["Body"], file, _CHUNK)
            part.chmod(0o444)
            os.replace(part, path)
        return info, path

    def _make_room(self, size: int) -> None:
        """Drop the copies used longest ago; what is linked or open elsewhere stays there."""
        files = [(p.stat(), p) for p in self._cache.glob("??/*")]
        excess = sum(status.st_size for status, _ in files) + size - CACHE_BYTES
        for status, path in sorted(files, key=lambda item: item[0].st_mtime):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= status.st_size


class _RemoteWriter(Writer[ObjectInfo]):
    """Gathers the bytes in a file, so that nothing is sent before they are verified."""

    def __init__(
        self,
        store: RemoteObjectStore,
        bucket: str,
        key: str,
        attributes: Attributes,
        checksums: Sequence[str],
        condition: Condition,
    ) -> None:
        self._store = store
        self._target = (bucket, key)
        self._attributes = attributes
        self._condition = condition
        self._digester = Digester(checksums)
        self._file = store.spool()

    def write(self, chunk: bytes) -> None:
        self._digester.update(chunk)
        self._file.write(chunk)

    def commit(self, expected: Mapping[str, str] | None = None) -> ObjectInfo:
        self._digester.finish().verify(expected or {})
        self._file.flush()
        path = Path(self._file.name)
        info = self._store.upload(path, *self._target, self._attributes, self._condition)
        self.abort()
        return info

    def abort(self) -> None:
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


@contextmanager
def _translated(bucket: str = "", key: str = "") -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        _raise(error, bucket, key)


def _raise(error: ClientError, bucket: str, key: str) -> NoReturn:
    details = error.response["Error"]
    code, status = details["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "NoSuchKey" or (status == 404 and key):
        raise NoSuchKey(key) from error
    if code == "NoSuchBucket" or status == 404:
        raise NoSuchBucket(bucket) from error
    if code in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
        raise BucketExists(bucket) from error
    if code == "BucketNotEmpty":
        raise BucketNotEmpty(bucket) from error
    if status == 412:
        raise PreconditionFailed(details.get("Condition", "")) from error
    raise ObjectStoreError(details.get("Message", code), code, status) from error


def _arguments(attributes: Attributes) -> dict[str, Any]:
    """boto3's arguments for attributes."""
    arguments: dict[str, Any] = {
        "ContentType": attributes.content_type,
        "Metadata": dict(attributes.metadata),
        **attributes.headers,
    }
    if attributes.tags:
        arguments["Tagging"] = urlencode(attributes.tags)
    if attributes.storage_class != "STANDARD":
        arguments["StorageClass"] = attributes.storage_class
    return arguments


def _info(bucket: str, key: str, found: Mapping[str, Any]) -> ObjectInfo:
    attributes = Attributes(
        found["ContentType"],
        {name: found[name] for name in _HEADERS if name in found},
        found["Metadata"],
        {},
        found.get("StorageClass", "STANDARD"),
    )
    return ObjectInfo(
        bucket,
        key,
        found["ContentLength"],
        found["ETag"].strip('"'),
        found["LastModified"].timestamp(),
        attributes,
        {name: found[f"Checksum{name}"] for name in ALGORITHMS if f"Checksum{name}" in found},
        found.get("ChecksumType"),
    )


def _summary(item: Mapping[str, Any]) -> Summary:
    return Summary(
        item["Key"],
        item["Size"],
        item["ETag"].strip('"'),
        item["LastModified"].timestamp(),
        item.get("StorageClass", "STANDARD"),
        "",
        tuple(item.get("ChecksumAlgorithm", ())),
        item.get("ChecksumType"),
    )
