"""Uploads in parts: each part is a data file of its own until all are joined."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, select

from ..database import read, write
from . import checksums as sums
from .base import UNCONDITIONAL, Attributes, Condition, ObjectInfo
from .datafiles import DataFiles
from .errors import BadDigest, InvalidPart, InvalidRequest, NoSuchUpload
from .listing import after_all, common_prefix
from .names import check_attributes, check_key
from .placing import Placer
from .rows import OBJECT_COLUMNS, at, attribute_values, bucket_of, info_of
from .tables import objects, parts, uploads
from .uploads import (
    MAX_PARTS,
    Chosen,
    PartInfo,
    UploadInfo,
    UploadPage,
    chosen_rows,
    joined_checksums,
    part_of,
    upload_of,
)
from .writing import DataWriter, Written


class MultipartUploads:
    """Multipart uploads of a local object store. Thread-safe."""

    def __init__(self, engine: Engine, files: DataFiles, placer: Placer) -> None:
        self._engine = engine
        self._files = files
        self._placer = placer
        # A client that times out asks again: the second call waits, then finds the result.
        self._locks = [threading.Lock() for _ in range(32)]

    def create(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Attributes | None = None,
        checksum_algorithm: str | None = None,
        checksum_type: str | None = None,
    ) -> UploadInfo:
        """Begin an upload; all its parts get a checksum of the algorithm."""
        check_key(key)
        attributes = attributes or Attributes()
        check_attributes(attributes)
        if checksum_algorithm:
            checksum_algorithm = sums.require(checksum_algorithm)
            checksum_type = checksum_type or sums.default_type(checksum_algorithm)
            if not sums.allows_type(checksum_algorithm, checksum_type):
                raise InvalidRequest(
                    f"The {checksum_type} checksum type cannot be used with the "
                    f"{checksum_algorithm.lower()} checksum algorithm."
                )
        elif checksum_type:
            raise InvalidRequest(
                "The x-amz-checksum-type header can only be used with the "
                "x-amz-checksum-algorithm header."
            )
        info = UploadInfo(
            f"{time.time_ns():016x}{secrets.token_hex(12)}",
            bucket,
            key,
            time.time(),
            attributes,
            checksum_algorithm,
            checksum_type,
        )
        with write(self._engine) as connection:
            bucket_of(connection, bucket)
            connection.execute(
                uploads.insert().values(
                    id=info.id,
                    bucket=bucket,
                    key=key,
                    initiated=info.initiated,
                    checksum_algorithm=checksum_algorithm,
                    checksum_type=checksum_type,
                    **attribute_values(attributes),
                )
            )
        return info

    def get(self, bucket: str, key: str, upload_id: str) -> UploadInfo:
        """The upload; raises NoSuchUpload."""
        with read(self._engine) as connection:
            return upload_of(_upload_row(connection, bucket, key, upload_id))

    def writer(
        self, bucket: str, key: str, upload_id: str, number: int, checksums: Sequence[str] = ()
    ) -> DataWriter[PartInfo]:
        """A stream into part ``number`` (1 to 10,000), replacing the one that is there."""
        if not 1 <= number <= MAX_PARTS:
            raise InvalidRequest(
                "Part number must be an integer between 1 and 10000, inclusive",
                "InvalidArgument",
                ArgumentName="partNumber",
                ArgumentValue=str(number),
            )
        upload = self.get(bucket, key, upload_id)
        wanted = {sums.require(name) for name in checksums}
        if upload.checksum_algorithm:
            if wanted - {upload.checksum_algorithm}:
                raise InvalidRequest(
                    "Checksum Type mismatch occurred, expected checksum Type: "
                    f"{upload.checksum_algorithm.lower()}, actual checksum Type: "
                    f"{', '.join(sorted(wanted)).lower()}"
                )
            wanted = {upload.checksum_algorithm}

        def place(written: Written) -> PartInfo:
            return self._place_part(bucket, key, upload_id, number, written)

        return DataWriter(self._files, wanted, place)

    def _place_part(
        self, bucket: str, key: str, upload_id: str, number: int, written: Written
    ) -> PartInfo:
        info = PartInfo(number, written.size, written.etag, time.time(), written.checksums)
        here = (parts.c.upload_id == upload_id) & (parts.c.number == number)
        with write(self._engine) as connection:
            _upload_row(connection, bucket, key, upload_id, lock=True)
            replaced = connection.scalars(delete(parts).where(here).returning(parts.c.data)).all()
            connection.execute(
                parts.insert().values(upload_id=upload_id, data=written.data, **vars(info))
            )
        self._files.remove(replaced)
        return info

    def parts(
        self, bucket: str, key: str, upload_id: str, *, after: int = 0, limit: int = 1000
    ) -> tuple[list[PartInfo], bool]:
        """Parts numbered above ``after`` in order, and whether there are more than ``limit``."""
        query = (
            select(parts)
            .where(parts.c.upload_id == upload_id, parts.c.number > after)
            .order_by(parts.c.number)
            .limit(limit + 1)
        )
        with read(self._engine) as connection:
            _upload_row(connection, bucket, key, upload_id)
            found = [part_of(row) for row in connection.execute(query)]
        return found[:limit], len(found) > limit

    def in_progress(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        after_key: str = "",
        after_id: str = "",
        limit: int = 1000,
    ) -> UploadPage:
        """Uploads in progress behind the markers; with no ``after_id``, behind all of that key."""
        query = (
            select(uploads)
            .where(uploads.c.bucket == bucket, uploads.c.key >= prefix)
            .order_by(uploads.c.key, uploads.c.id)
        )
        upper = after_all(prefix)
        if upper is not None:
            query = query.where(uploads.c.key < upper)
        if after_key:
            behind = uploads.c.key > after_key
            if after_id:
                behind |= (uploads.c.key == after_key) & (uploads.c.id > after_id)
            query = query.where(behind)
        found: list[UploadInfo] = []
        groups: list[str] = []
        skipped = common_prefix(after_key, prefix, delimiter) if after_key else None
        key, id_ = after_key, after_id
        with read(self._engine) as connection:
            bucket_of(connection, bucket)
            for row in connection.execute(query):
                group = common_prefix(row.key, prefix, delimiter)
                if group is not None and (group == skipped or group in groups[-1:]):
                    continue
                if len(found) + len(groups) >= limit:
                    return UploadPage(found, groups, True, key, id_)
                if group is None:
                    found.append(upload_of(row))
                    key, id_ = row.key, row.id
                else:
                    groups.append(group)
                    key, id_ = group, ""
        return UploadPage(found, groups, False, "", "")

    def complete(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        chosen: Sequence[Chosen],
        *,
        condition: Condition = UNCONDITIONAL,
        expected: Mapping[str, str] | None = None,
        size: int | None = None,
    ) -> ObjectInfo:
        """Join the chosen parts into the object; asked again, answers the same.

        ``expected`` are checksums of the whole object, ``size`` its bytes as the client knows.
        """
        with self._locks[hash(upload_id) % len(self._locks)]:
            with read(self._engine) as connection:
                done = _completed(connection, bucket, key, upload_id)
                if done is not None:
                    return done
                upload = upload_of(_upload_row(connection, bucket, key, upload_id))
                rows = chosen_rows(connection, upload_id, chosen)
            if size is not None and size != sum(row.size for row in rows):
                raise InvalidRequest(
                    "The provided 'x-amz-mp-object-size' header value does not match what was "
                    "computed."
                )
            checksums = joined_checksums(upload, rows)
            for algorithm, value in (expected or {}).items():
                if checksums.get(algorithm, "").partition("-")[0] != value.partition("-")[0]:
                    raise BadDigest(algorithm)
            return self._join(upload, rows, checksums, condition)

    def _join(
        self,
        upload: UploadInfo,
        rows: Sequence[Row[Any]],
        checksums: dict[str, str],
        condition: Condition,
    ) -> ObjectInfo:
        try:
            data = self._files.concatenate([row.data for row in rows])
        except FileNotFoundError as error:  # a part was sent again meanwhile
            raise InvalidPart() from error
        md5 = hashlib.md5(b"".join(bytes.fromhex(row.etag) for row in rows), usedforsecurity=False)
        written = Written(
            data,
            sum(row.size for row in rows),
            f"{md5.hexdigest()}-{len(rows)}",
            checksums,
        )
        try:
            with write(self._engine) as connection:
                _upload_row(connection, upload.bucket, upload.key, upload.id, lock=True)
                names = set(_part_files(connection, upload.id))
                if not names.issuperset(row.data for row in rows):
                    raise InvalidPart()
                connection.execute(delete(uploads).where(uploads.c.id == upload.id))
                info, replaced = self._placer.place_in(
                    connection,
                    upload.bucket,
                    upload.key,
                    written,
                    upload.attributes,
                    condition,
                    checksum_type=upload.checksum_type,
                    upload=upload.id,
                    parts=[[row.number, row.size, row.checksums] for row in rows],
                )
        except BaseException:
            self._files.remove([data])
            raise
        self._files.settle(data)
        self._files.remove([*names, *replaced])
        return info

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Give an upload up and remove its parts."""
        with write(self._engine) as connection:
            _upload_row(connection, bucket, key, upload_id, lock=True)
            names = _part_files(connection, upload_id)
            connection.execute(delete(uploads).where(uploads.c.id == upload_id))
        self._files.remove(names)

    def abort_stale(self, older_than_s: float) -> None:
        """Abort uploads begun longer ago than that."""
        query = select(uploads).where(uploads.c.initiated < time.time() - older_than_s)
        with read(self._engine) as connection:
            stale = connection.execute(query).all()
        for row in stale:
            try:
                self.abort(row.bucket, row.key, row.id)
            except NoSuchUpload:
                continue  # completed or aborted by its owner meanwhile


def _upload_row(
    connection: Connection, bucket: str, key: str, upload_id: str, *, lock: bool = False
) -> Row[Any]:
    query = select(uploads).where(uploads.c.id == upload_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or (row.bucket, row.key) != (bucket, key):
        bucket_of(connection, bucket)
        raise NoSuchUpload(upload_id)
    return row


def _part_files(connection: Connection, upload_id: str) -> Sequence[str]:
    return connection.scalars(select(parts.c.data).where(parts.c.upload_id == upload_id)).all()


def _completed(connection: Connection, bucket: str, key: str, upload_id: str) -> ObjectInfo | None:
    query = select(*OBJECT_COLUMNS).where(at(bucket, key), objects.c.upload == upload_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else info_of(row)
