"""Uploads in parts."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, Row, delete, select, update

from ..database import read, write
from . import checksums as sums
from . import slots
from .base import Attributes
from .completing import Completing
from .datafiles import DataFiles
from .errors import InvalidRequest, NoSuchUpload
from .listing import after_all, common_prefix
from .names import check_attributes, check_key
from .placing import Placer
from .rows import attribute_values, bucket_of
from .tables import parts, uploads
from .uploads import (
    MAX_PARTS,
    MIN_PART_BYTES,
    PartInfo,
    UploadInfo,
    UploadPage,
    files_of,
    part_of,
    part_rows,
    upload_of,
    upload_row,
)
from .writing import DataWriter, Written


class MultipartUploads:
    """Multipart uploads of a local object store. Thread-safe."""

    def __init__(self, engine: Engine, files: DataFiles, placer: Placer) -> None:
        self._engine = engine
        self._files = files
        self._completing = Completing(engine, files, placer)
        self.complete = self._completing.complete

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
            return upload_of(upload_row(connection, bucket, key, upload_id))

    def writer(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        checksums: Sequence[str] = (),
        *,
        size: int | None = None,
    ) -> DataWriter[PartInfo]:
        """A stream into part ``number`` (1 to 10,000), replacing the one that is there.

        ``size`` in bytes, which must be no less than will come, saves a copy in the end.
        """
        if not 1 <= number <= MAX_PARTS:
            raise InvalidRequest(
                "Part number must be an integer between 1 and 10000, inclusive",
                "InvalidArgument",
                ArgumentName="partNumber",
                ArgumentValue=str(number),
            )
        with read(self._engine) as connection:
            upload = upload_row(connection, bucket, key, upload_id)
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

        return DataWriter(self._files, wanted, place, self._slot(upload, number, size or 0))

    def _slot(self, upload: Row[Any], number: int, size: int) -> tuple[int, int] | None:
        """A locked descriptor at a part's slot, and the bytes of that; None: it gets no slot."""
        if not upload.data and size >= MIN_PART_BYTES:
            upload = self._give_file(upload, size)
        span = slots.span_of(upload, number, size) if size else None
        taken = slots.take(self._files.path(upload.data), *span) if span else None
        if span is None or taken is None:
            return None
        here = (parts.c.upload_id == upload.id) & (parts.c.number == number)
        try:
            with read(self._engine) as connection:  # since the lock: nobody changes it any more
                upload_row(connection, upload.bucket, upload.key, upload.id)
                used = connection.scalar(select(1).where(here, parts.c.data.is_(None)))
        except BaseException:
            os.close(taken)
            raise
        if used:
            os.close(taken)
            return None
        return taken, span[1]

    def _give_file(self, upload: Row[Any], size: int) -> Row[Any]:
        """The upload with a file for parts of ``size`` bytes, be it another caller's."""
        data, descriptor = self._files.create()
        os.close(descriptor)
        without = (uploads.c.id == upload.id) & uploads.c.data.is_(None)
        try:
            with write(self._engine) as connection:
                connection.execute(update(uploads).where(without).values(data=data, part_size=size))
                upload = upload_row(connection, upload.bucket, upload.key, upload.id)
        finally:
            if upload.data == data:
                self._files.settle(data)
            else:
                self._files.remove([data])
        return upload

    def _place_part(
        self, bucket: str, key: str, upload_id: str, number: int, written: Written
    ) -> PartInfo:
        info = PartInfo(number, written.size, written.etag, time.time(), written.checksums)
        data = written.data or None
        here = (parts.c.upload_id == upload_id) & (parts.c.number == number)
        with write(self._engine) as connection:
            upload_row(connection, bucket, key, upload_id, lock=True)
            replaced = connection.scalars(delete(parts).where(here).returning(parts.c.data)).all()
            connection.execute(parts.insert().values(upload_id=upload_id, data=data, **vars(info)))
        self._files.remove(name for name in replaced if name is not None)
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
            upload_row(connection, bucket, key, upload_id)
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

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Give an upload up and remove its parts."""
        with write(self._engine) as connection:
            upload = upload_row(connection, bucket, key, upload_id, lock=True)
            names = files_of(upload, part_rows(connection, upload_id))
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
