"""Finishing uploads in parts: their file becomes the object's, or their parts are joined."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, Row, delete, select

from ..database import read, write
from . import slots
from .base import UNCONDITIONAL, Condition, ObjectInfo
from .datafiles import DataFiles
from .errors import BadDigest, InvalidPart, InvalidRequest, NoSuchUpload
from .placing import Placer
from .rows import OBJECT_COLUMNS, ObjectRow, at, info_of
from .tables import objects, uploads
from .uploads import (
    Chosen,
    chosen_rows,
    files_of,
    joined_checksums,
    part_rows,
    upload_of,
    upload_row,
)
from .writing import Written


class Completing:
    """Completes multipart uploads of a local object store. Thread-safe."""

    def __init__(self, engine: Engine, files: DataFiles, placer: Placer) -> None:
        self._engine = engine
        self._files = files
        self._placer = placer
        # A client that times out asks again: the second call waits, then finds the result.
        self._locks = [threading.Lock() for _ in range(32)]

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
            try:
                with self._upload_file(bucket, key, upload_id) as file:
                    upload, there = self._look(bucket, key, upload_id)
                    rows = chosen_rows(there, chosen)
                    written = _expected(upload, rows, expected or {}, size)
                    with self._object_file(file, upload, rows, there) as data:
                        return self._place(upload, rows, replace(written, data=data), condition)
            except (NoSuchUpload, InvalidPart):
                done = self._completed(bucket, key, upload_id)
                if done is None:
                    raise
                return done  # before, or by another control plane just now

    @contextmanager
    def _upload_file(self, bucket: str, key: str, upload_id: str) -> Iterator[int | None]:
        """The upload's file, locked against writers of slots; None: they are, or it has none."""
        with read(self._engine) as connection:
            upload = upload_row(connection, bucket, key, upload_id)
        file = slots.take(self._files.path(upload.data)) if upload.data else None
        try:
            yield file
        finally:
            if file is not None:
                os.close(file)

    def _look(self, bucket: str, key: str, upload_id: str) -> tuple[Row[Any], Sequence[Row[Any]]]:
        with read(self._engine) as connection:
            upload = upload_row(connection, bucket, key, upload_id)
            return upload, part_rows(connection, upload_id)

    @contextmanager
    def _object_file(
        self,
        file: int | None,
        upload: Row[Any],
        rows: Sequence[Row[Any]],
        there: Sequence[Row[Any]],
    ) -> Iterator[str]:
        """The data file of the whole object; undone when its row is not committed."""
        if file is not None and slots.are_the_object(upload, rows, there):
            os.ftruncate(file, sum(row.size for row in rows))  # behind them are no parts
            self._files.seal(file)
            try:
                yield upload.data
            except BaseException:
                os.fchmod(file, 0o600)
                raise
            return
        try:
            data = self._files.concatenate([slots.source_of(upload, row) for row in rows])
        except FileNotFoundError as error:  # a part was sent again meanwhile
            raise InvalidPart() from error
        try:
            yield data
        except BaseException:
            self._files.remove([data])
            raise
        self._files.settle(data)

    def _place(
        self, upload: Row[Any], rows: Sequence[Row[Any]], written: Written, condition: Condition
    ) -> ObjectInfo:
        with write(self._engine) as connection:
            now = upload_row(connection, upload.bucket, upload.key, upload.id, lock=True)
            there = part_rows(connection, upload.id)
            if not {_identity(row) for row in rows} <= {_identity(row) for row in there}:
                raise InvalidPart()
            connection.execute(delete(uploads).where(uploads.c.id == upload.id))
            info, replaced = self._placer.place_in(
                connection,
                upload.bucket,
                upload.key,
                written,
                upload_of(upload).attributes,
                condition,
                checksum_type=upload.checksum_type,
                upload=upload.id,
                parts=[[row.number, row.size, row.checksums] for row in rows],
            )
        self._files.remove({*files_of(now, there), *replaced} - {written.data})
        return info

    def _completed(self, bucket: str, key: str, upload_id: str) -> ObjectInfo | None:
        query = select(*OBJECT_COLUMNS).where(at(bucket, key), objects.c.upload == upload_id)
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else info_of(ObjectRow._make(row))


def _expected(
    upload: Row[Any], rows: Sequence[Row[Any]], checksums: Mapping[str, str], size: int | None
) -> Written:
    """What the parts make together, whatever file it will be in, held against the client's word."""
    total = sum(row.size for row in rows)
    if size is not None and size != total:
        raise InvalidRequest(
            "The provided 'x-amz-mp-object-size' header value does not match what was computed."
        )
    joined = joined_checksums(upload_of(upload), rows)
    for algorithm, value in checksums.items():
        if joined.get(algorithm, "").partition("-")[0] != value.partition("-")[0]:
            raise BadDigest(algorithm)
    md5 = hashlib.md5(b"".join(bytes.fromhex(row.etag) for row in rows), usedforsecurity=False)
    return Written("", total, f"{md5.hexdigest()}-{len(rows)}", joined)


def _identity(part: Row[Any]) -> tuple[int, str, str | None]:
    return part.number, part.etag, part.data
