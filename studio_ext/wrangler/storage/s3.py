"""``s3://bucket/key`` by boto3, which reads ``AWS_ENDPOINT_URL`` and credentials as it always does.

An address names an object where there is one of that key, else all objects below it as a prefix.
Objects are copied once for each version (ETag and size) into a cache folder.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import DataError, UnsupportedError
from .cache import Cache

SCHEMES = ("s3://", "s3a://", "s3n://")
#: Files as destinations name them, below folders of partitions: what a later run may replace.
_OURS = re.compile(r"([^/=]+=[^/]*/)*part-\d+[^/]*|_SUCCESS")


def is_s3(address: str) -> bool:
    """Whether an address is one of S3."""
    return address.startswith(SCHEMES)


def split(address: str, field: str = "s3Uri") -> tuple[str, str]:
    """Bucket and key; raises DataError where there is no bucket."""
    bucket, _, key = address.split("://", 1)[1].partition("/")
    if not bucket:
        raise DataError(f"{field}: {address!r} names no bucket", field=field)
    return bucket, key


class S3Places:
    """Objects of S3 as files; ``client``: a boto3 client of one's own."""

    def __init__(self, cache: Path | None = None, client: Any = None) -> None:
        self._cache = Cache(cache)
        self._made = client

    @property
    def _client(self) -> Any:
        if self._made is None:
            try:
                import boto3
            except ImportError as error:
                raise UnsupportedError("s3:// needs boto3: pip install boto3") from error
            self._made = boto3.client("s3")
        return self._made

    def read(self, address: str) -> Path:
        """The object as a file, or the objects below a prefix as a folder."""
        bucket, key = split(address)
        with _said(address, "s3Uri"):
            if key and not key.endswith("/"):
                single = self._head(bucket, key)
                if single:
                    return self._object(bucket, key, single)
            prefix = f"{key.rstrip('/')}/" if key else ""
            return self._folder(bucket, prefix, address)

    def matching(self, address: str, wanted: Callable[[str], bool]) -> Path:
        """The folder of those objects below a prefix whose names from there on are ``wanted``."""
        bucket, key = split(address)
        with _said(address, "s3Uri"):
            return self._folder(bucket, key, address, wanted)

    @contextmanager
    def write(self, address: str) -> Iterator[Path]:
        """A file is one put, which S3 makes visible whole. Of a folder the new objects come first,

        and parts that an earlier run left below the prefix go when all are there.
        """
        bucket, key = split(address, "output_path")
        with tempfile.TemporaryDirectory(prefix="studio-output-") as folder:
            fresh = Path(folder) / "new"
            yield fresh
            with _said(address, "output_path"):
                if fresh.is_dir():
                    self._put_folder(fresh, bucket, f"{key.rstrip('/')}/" if key else "")
                else:
                    self._client.upload_file(str(fresh), bucket, key)

    def _head(self, bucket: str, key: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self._client.head_object(Bucket=bucket, Key=key)
            return {"ETag": found["ETag"], "Size": found["ContentLength"]}
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def _object(self, bucket: str, key: str, found: dict[str, Any]) -> Path:
        name = _relative(key.rsplit("/", 1)[-1], key)

        def fetch(folder: Path) -> None:
            self._client.download_file(bucket, key, str(folder / name))

        endpoint = self._client.meta.endpoint_url
        identity = "\n".join((endpoint, bucket, key, found["ETag"], str(found["Size"])))
        return self._cache.entry(identity, fetch) / name

    def _folder(
        self,
        bucket: str,
        prefix: str,
        address: str,
        wanted: Callable[[str], bool] = lambda name: True,
    ) -> Path:
        found = [
            each
            for each in self._listed(bucket, prefix)
            if not each["Key"].endswith("/") and wanted(each["Key"].removeprefix(prefix))
        ]
        if not found:
            raise DataError(f"s3Uri: there is no object {address!r}, and none below", field="s3Uri")
        files = {
            str(_relative(each["Key"].removeprefix(prefix), each["Key"])): self._object(
                bucket, each["Key"], each
            )
            for each in found
        }
        listing = "\n".join(f"{name}\t{file}" for name, file in files.items())
        return self._cache.linked(f"{bucket}/{prefix}\n{listing}", files)

    def _listed(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def _put_folder(self, fresh: Path, bucket: str, prefix: str) -> None:
        before = {str(each["Key"]) for each in self._listed(bucket, prefix)}
        files = [each for each in sorted(fresh.rglob("*")) if each.is_file()]
        put: list[str] = []
        try:
            for file in files:
                key = prefix + file.relative_to(fresh).as_posix()
                self._client.upload_file(str(file), bucket, key)
                put.append(key)
        except BaseException:
            self._delete(bucket, [key for key in put if key not in before])
            raise
        stale = before - set(put)
        self._delete(
            bucket, sorted(each for each in stale if _OURS.fullmatch(each.removeprefix(prefix)))
        )

    def _delete(self, bucket: str, keys: list[str]) -> None:
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            self._client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _relative(name: str, key: str) -> PurePosixPath:
    """A key's place in a folder; raises DataError for one that would lead out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise DataError(f"s3Uri: the object {key!r} has no name that a file can have")
    return path


@contextmanager
def _said(address: str, field: str) -> Iterator[None]:
    """What boto3 raises, as a user of a flow can read it."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise DataError(f"{field}: {address!r}: {error}", field=field) from error
