"""Objects as data files on local disk, listed in the metadata database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError

from ..database import glance, lookup, read, write
from .base import (
    MAX_LIST,
    UNCONDITIONAL,
    Attributes,
    BucketInfo,
    Condition,
    Listing,
    ObjectInfo,
    ObjectStore,
)
from .checksums import FULL_OBJECT, Digester
from .datafiles import DataFiles, link_or_copy
from .errors import BucketNotEmpty, NoSuchBucket, ObjectStoreError
from .listing import after_all, list_page
from .multipart import MultipartUploads
from .names import check_attributes, check_bucket_name, check_key
from .ownership import Ownership
from .placing import Placer
from .rows import ObjectRow, at, attributes_of, bucket_of, check, info_of, object_row
from .tables import buckets, objects, parts, uploads
from .writing import DataWriter, Written

_T = TypeVar("_T")
_CHUNK = 1 << 20
_MAX_VARIABLES = 500  # in one IN (...)


class LocalObjectStore(ObjectStore):
    """See :class:`~.base.ObjectStore`; ``multipart`` holds the uploads in parts."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self._engine = engine
        self._files = DataFiles(root)
        self._placer = Placer(engine, self._files)
        self.ownership = Ownership(engine)
        self.multipart = MultipartUploads(engine, self._files, self._placer)

    # buckets

    def create_bucket(
        self, name: str, *, account: str = "", owner: str = "", region: str = ""
    ) -> BucketInfo:
        check_bucket_name(name)
        info = BucketInfo(name, account, owner, region, time.time())
        self.ownership.claim(info)
        return info

    def owned(self, name: str) -> BucketInfo:
        found = self.ownership.get(name)
        if found is None:
            raise NoSuchBucket(name)
        return found

    def head_bucket(self, name: str) -> BucketInfo:
        with lookup(self._engine) as connection:
            return bucket_of(connection, name)

    def list_buckets(self, prefix: str = "") -> Sequence[BucketInfo]:
        query = select(buckets).where(buckets.c.name >= prefix).order_by(buckets.c.name)
        upper = after_all(prefix)
        if upper is not None:
            query = query.where(buckets.c.name < upper)
        with read(self._engine) as connection:
            return [BucketInfo(*row) for row in connection.execute(query)]

    def delete_bucket(self, name: str) -> None:
        try:
            with write(self._engine) as connection:
                bucket_of(connection, name)
                if connection.scalar(select(1).where(objects.c.bucket == name).limit(1)):
                    raise BucketNotEmpty(name)
                begun = select(uploads.c.id).where(uploads.c.bucket == name)
                pieces = select(parts.c.data).where(parts.c.upload_id.in_(begun))
                whole = select(uploads.c.data).where(uploads.c.bucket == name)
                rubbish = {*connection.scalars(pieces), *connection.scalars(whole)} - {None}
                connection.execute(delete(uploads).where(uploads.c.bucket == name))
                connection.execute(delete(buckets).where(buckets.c.name == name))
        except IntegrityError as error:  # PostgreSQL: an object came meanwhile
            raise BucketNotEmpty(name) from error
        self.ownership.forget(name)
        self._files.remove(rubbish)

    # writing

    def writer(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Attributes | None = None,
        checksums: Sequence[str] = (),
        condition: Condition = UNCONDITIONAL,
    ) -> DataWriter[ObjectInfo]:
        attributes = self._check_new(bucket, key, attributes)

        def place(written: Written) -> ObjectInfo:
            kind = FULL_OBJECT if written.checksums else None
            return self._placer.place(
                bucket, key, written, attributes, condition, checksum_type=kind
            )

        return DataWriter(self._files, checksums, place)

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
        attributes = self._check_new(bucket, key, attributes)
        data = self._files.adopt(path) if move else self._files.copy_in(path)
        try:
            if md5 is None:
                size, etag, _ = self._digest(data)
            else:
                size, etag = self._files.path(data).stat().st_size, md5
            info = self._placer.place(bucket, key, Written(data, size, etag, {}), attributes)
        except BaseException:
            self._files.remove([data])
            raise
        if move:
            path.unlink(missing_ok=True)
        return info

    def copy(
        self,
        source: tuple[str, str],
        target: tuple[str, str],
        *,
        attributes: Attributes | None = None,
        checksums: Sequence[str] = (),
        condition: Condition = UNCONDITIONAL,
    ) -> ObjectInfo:
        row, data = self._with_data(*source, self._files.link)
        try:
            attributes = self._check_new(*target, attributes or attributes_of(row))
            found, kind = row.checksums, row.checksum_type
            if checksums and (kind != FULL_OBJECT or not set(checksums) <= set(found)):
                _, _, found = self._digest(data, checksums)
                kind = FULL_OBJECT
            written = Written(data, row.size, row.etag, found)
            segments = self.parts_of(*source) if "-" in row.etag else None
            return self._placer.place(
                *target, written, attributes, condition, checksum_type=kind, parts=segments
            )
        except BaseException:
            self._files.remove([data])
            raise

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Replace an object's tags."""
        check_attributes(Attributes(tags=tags))
        with write(self._engine) as connection:
            object_row(connection, bucket, key, lock=True)
            connection.execute(update(objects).where(at(bucket, key)).values(tags=dict(tags)))

    def delete(self, bucket: str, key: str, *, condition: Condition = UNCONDITIONAL) -> None:
        with write(self._engine) as connection:
            bucket_of(connection, bucket)
            query = select(objects.c.data, objects.c.etag).where(at(bucket, key))
            row = connection.execute(query.with_for_update()).one_or_none()
            check(condition, row.etag if row else None, key)
            if row:
                connection.execute(delete(objects).where(at(bucket, key)))
        if row:
            self._files.remove([row.data])

    def delete_many(self, bucket: str, keys: Sequence[str]) -> None:
        rubbish: list[str] = []
        with write(self._engine) as connection:
            bucket_of(connection, bucket)
            for some in _batches(keys):
                where = (objects.c.bucket == bucket) & objects.c.key.in_(some)
                gone = delete(objects).where(where).returning(objects.c.data)
                rubbish += connection.scalars(gone)
        self._files.remove(rubbish)

    # reading

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        with glance(self._engine) as connection:
            return info_of(object_row(connection, bucket, key))

    def parts_of(self, bucket: str, key: str) -> Sequence[tuple[int, int, dict[str, str]]]:
        """(number, size in bytes, checksums) of the parts an object was uploaded in, if any."""
        with read(self._engine) as connection:
            found = connection.scalar(select(objects.c.parts).where(at(bucket, key)))
        return [(number, size, sums) for number, size, sums in found or ()]

    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        row, file = self._with_data(bucket, key, self._files.open)
        return info_of(row), file

    def local_path(self, bucket: str, key: str) -> Path:
        with read(self._engine) as connection:
            return self._files.path(object_row(connection, bucket, key).data)

    def link(self, bucket: str, key: str, target: Path) -> ObjectInfo:
        def link_data(data: str) -> None:
            link_or_copy(self._files.path(data), target)

        return info_of(self._with_data(bucket, key, link_data)[0])

    def list(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        limit: int = MAX_LIST,
    ) -> Listing:
        with read(self._engine) as connection:
            bucket_of(connection, bucket)
            return list_page(connection, bucket, prefix, delimiter, start_after, limit)

    # upkeep

    def sweep(
        self,
        *,
        older_than_s: float = 3600.0,
        uploads_older_than_s: float | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> int:
        """Remove data files that a crash left without a row; how many.

        ``part`` (n, of how many) divides a large store into several sweeps. With
        ``uploads_older_than_s``, multipart uploads begun before that are aborted first.
        """
        if uploads_older_than_s is not None:
            self.multipart.abort_stale(uploads_older_than_s)
        return self._files.sweep(self._known, older_than_s, part)

    def _known(self, names: Sequence[str]) -> set[str]:
        found: set[str] = set()
        with read(self._engine) as connection:
            for some in _batches(names):
                for column in (objects.c.data, parts.c.data, uploads.c.data):
                    found.update(connection.scalars(select(column).where(column.in_(some))))
        return found

    def _check_new(self, bucket: str, key: str, attributes: Attributes | None) -> Attributes:
        """Refuse before any byte is taken what the commit would refuse."""
        check_key(key)
        attributes = attributes or Attributes()
        check_attributes(attributes)
        self.owned(bucket)
        return attributes

    def _with_data(self, bucket: str, key: str, use: Callable[[str], _T]) -> tuple[ObjectRow, _T]:
        """Use an object's data file; again with the new one if it is replaced meanwhile."""
        missing = None
        while True:
            with glance(self._engine) as connection:
                row = object_row(connection, bucket, key)
            try:
                return row, use(row.data)
            except FileNotFoundError as error:
                if row.data == missing:
                    raise ObjectStoreError(f"The bytes of s3://{bucket}/{key} are lost") from error
                missing = row.data

    def _digest(self, data: str, algorithms: Sequence[str] = ()) -> tuple[int, str, dict[str, str]]:
        digester = Digester(algorithms)
        with self._files.path(data).open("rb") as file:
            for chunk in iter(partial(file.read, _CHUNK), b""):
                digester.update(chunk)
        digests = digester.finish()
        return digests.size, digests.md5.hex(), digests.checksums


def _batches(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[i : i + _MAX_VARIABLES] for i in range(0, len(items), _MAX_VARIABLES)]
