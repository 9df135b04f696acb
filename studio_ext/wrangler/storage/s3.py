"""``s3://bucket/key`` by boto3, which reads ``AWS_ENDPOINT_URL`` and credentials as it always does.

An address names an object where there is one of that key, else all objects below it as a prefix.
Objects are copied once for each version (ETag and size) into a cache folder.
"""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import DataError, UnsupportedError
from .cache import Cache

SCHEMES = ("s3://", "s3a://", "s3n://")
#: Files as destinations name them, below folders of partitions: what a later run may replace.
_OURS = re.compile(r"([^/=]+=[^/]*/)*part-\d+[^/]*|_SUCCESS")
#: Where objects of a folder lie until all are there: readers pass over names with ``_``.
_ASIDE = "_temporary/"
_ABANDONED = timedelta(days=1)


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
        """A file is one put, which S3 makes visible whole. A folder is put aside whole, and takes
        the place of the parts that an earlier run left below the prefix when all of it is there.
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
            if not each["Key"].endswith("/")
            and not each["Key"].startswith(prefix + _ASIDE)
            and wanted(each["Key"].removeprefix(prefix))
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
        """Aside first, where readers do not look; what takes long, or fails, changes nothing.

        Then the old goes before the new is copied to its place within S3: they never mix.
        """
        names = [p.relative_to(fresh).as_posix() for p in sorted(fresh.rglob("*")) if p.is_file()]
        aside = f"{prefix}{_ASIDE}{uuid.uuid4().hex}/"
        copied: list[str] = []
        try:
            for name in names:
                self._client.upload_file(str(fresh / name), bucket, aside + name)
            self._delete(bucket, self._old(bucket, prefix))
            for name in names:
                copied.append(prefix + name)
                self._client.copy({"Bucket": bucket, "Key": aside + name}, bucket, prefix + name)
        except BaseException:
            self._delete(bucket, copied)
            raise
        finally:
            self._delete(bucket, [aside + name for name in names])

    def _old(self, bucket: str, prefix: str) -> list[str]:
        """What an earlier run wrote, and what killed ones left aside, a day ago or longer."""
        before = datetime.now(UTC) - _ABANDONED
        found = []
        for each in self._listed(bucket, prefix):
            name = str(each["Key"]).removeprefix(prefix)
            abandoned = name.startswith(_ASIDE) and each["LastModified"] < before
            if abandoned or _OURS.fullmatch(name):
                found.append(str(each["Key"]))
        return sorted(found, key=lambda key: (not key.endswith("/_SUCCESS"), key))

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
