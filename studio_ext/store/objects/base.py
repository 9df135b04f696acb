"""The storage interface that jobs, panels and the S3 wire use, whatever keeps the bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Self, TypeVar

from .errors import InvalidRequest

if TYPE_CHECKING:
    from .ownership import Ownership

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
MAX_LIST = 1000
_R = TypeVar("_R")


@dataclass(frozen=True)
class BucketInfo:
    """A bucket; ``owner`` is "<domain>/<user profile>", ``created`` epoch seconds.

    ``policy`` is whom its owner lets in, as control/policies.py reads it.
    """

    name: str
    account: str
    owner: str
    region: str
    created: float
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Attributes:
    """What a client says of an object.

    ``headers`` holds S3's other response members by their API names (CacheControl,
    ContentDisposition, ContentEncoding, ContentLanguage, Expires in epoch seconds,
    WebsiteRedirectLocation).
    """

    content_type: str = DEFAULT_CONTENT_TYPE
    headers: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    owner: str = ""


@dataclass(frozen=True)
class ObjectInfo:
    """An object: ``size`` in bytes, ``etag`` without quotes, ``modified`` in epoch seconds.

    ``checksums`` are {"CRC32": base64}, of the whole object or COMPOSITE as ``checksum_type`` says.
    """

    bucket: str
    key: str
    size: int
    etag: str
    modified: float
    attributes: Attributes = field(default_factory=Attributes)
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: str | None = None

    @property
    def uri(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Summary:
    """An object as a listing shows it; see :class:`ObjectInfo`."""

    key: str
    size: int
    etag: str
    modified: float
    storage_class: str = "STANDARD"
    owner: str = ""
    checksum_algorithms: Sequence[str] = ()
    checksum_type: str | None = None


@dataclass(frozen=True)
class Listing:
    """One page, each list in byte order; go on with ``start_after=last`` while ``truncated``."""

    objects: list[Summary]
    prefixes: list[str]
    truncated: bool
    last: str


@dataclass(frozen=True)
class Condition:
    """What must hold of the object in place: an ETag (or "*": any) it has, or has not."""

    if_match: str | None = None
    if_none_match: str | None = None


UNCONDITIONAL = Condition()


class Writer(ABC, Generic[_R]):
    """Takes bytes; nothing is visible before :meth:`commit`, which returns what became of them.

    A context manager: leaving it without a commit drops what was written.
    """

    @abstractmethod
    def write(self, chunk: bytes) -> None:
        """Append bytes."""

    @abstractmethod
    def commit(self, expected: Mapping[str, str] | None = None) -> _R:
        """Make the bytes visible at once, replacing what was there.

        ``expected`` ({"CRC32": base64, "Content-MD5": base64}) is verified first; BadDigest drops
        the bytes.
        """

    @abstractmethod
    def abort(self) -> None:
        """Drop what was written; harmless after a commit."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()


class ObjectStore(ABC):
    """Buckets of objects. Synchronous, thread-safe; raises ObjectStoreError."""

    #: a boto3 S3 client, where the objects are in another store
    client: Any = None
    #: whose the buckets are
    ownership: Ownership

    @abstractmethod
    def create_bucket(
        self, name: str, *, account: str = "", owner: str = "", region: str = ""
    ) -> BucketInfo:
        """Create a bucket; raises BucketExists."""

    @abstractmethod
    def head_bucket(self, name: str) -> BucketInfo:
        """The bucket; raises NoSuchBucket."""

    @abstractmethod
    def owned(self, name: str) -> BucketInfo:
        """The bucket as far as access to it goes: account, owner and policy; raises NoSuchBucket.

        May be some seconds old where another process changes it.
        """

    @abstractmethod
    def list_buckets(self, prefix: str = "") -> Sequence[BucketInfo]:
        """Every bucket, by name."""

    @abstractmethod
    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket; raises BucketNotEmpty."""

    @abstractmethod
    def writer(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Attributes | None = None,
        checksums: Sequence[str] = (),
        condition: Condition = UNCONDITIONAL,
    ) -> Writer[ObjectInfo]:
        """A stream into a new object, computing the named checksums on the way."""

    @abstractmethod
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
        """Make a file an object; ``move`` gives the file away, without a copy. Repeatable.

        ``md5`` (hex) saves reading the file for its ETag.
        """

    @abstractmethod
    def stat(self, bucket: str, key: str) -> ObjectInfo:
        """The object without its bytes; raises NoSuchBucket or NoSuchKey."""

    @abstractmethod
    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        """The object and a reader of just those bytes, whatever is written meanwhile."""

    @abstractmethod
    def local_path(self, bucket: str, key: str) -> Path:
        """A file with the object's bytes, read-only, for use at once; see :meth:`link`."""

    @abstractmethod
    def list(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        limit: int = MAX_LIST,
    ) -> Listing:
        """One page of keys after ``start_after``; keys with ``delimiter`` after the prefix are
        rolled up into ``prefixes``, each counting one."""

    @abstractmethod
    def copy(
        self,
        source: tuple[str, str],
        target: tuple[str, str],
        *,
        attributes: Attributes | None = None,
    ) -> ObjectInfo:
        """Copy (bucket, key) to (bucket, key), with new attributes when given."""

    @abstractmethod
    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is no error."""

    @abstractmethod
    def delete_many(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects together."""

    def put(
        self, bucket: str, key: str, data: bytes, *, attributes: Attributes | None = None
    ) -> ObjectInfo:
        """Write a small object."""
        with self.writer(bucket, key, attributes=attributes) as writer:
            writer.write(data)
            return writer.commit()

    def read(self, bucket: str, key: str) -> bytes:
        """A small object's bytes."""
        _, file = self.open(bucket, key)
        with file:
            return file.read()

    @abstractmethod
    def link(self, bucket: str, key: str, target: Path) -> ObjectInfo:
        """Put the object's bytes at ``target``, which must not exist yet.

        A hard link where the disk allows, else a copy; read-only, and its own whatever becomes of
        the object.
        """

    def walk(self, bucket: str, prefix: str = "") -> Iterator[Summary]:
        """Every object under a prefix, page by page."""
        page = self.list(bucket, prefix)
        yield from page.objects
        while page.truncated:
            page = self.list(bucket, prefix, start_after=page.last)
            yield from page.objects


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """("bucket", "key") of ``s3://bucket/key``; the key may be empty, the bucket may not."""
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme.lower() != "s3" or not separator or not bucket:
        raise InvalidRequest(f"Not an S3 URI of the form s3://bucket/key: {uri!r}")
    return bucket, key
