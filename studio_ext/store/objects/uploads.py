"""Uploads and parts as values, and the rules for joining parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, select

from . import checksums as sums
from .base import Attributes
from .errors import InvalidPart, InvalidRequest, NoSuchUpload
from .rows import attributes_of, bucket_of
from .tables import parts, uploads

MIN_PART_BYTES = 5 << 20  # of every part but the last
MAX_PARTS = 10_000


@dataclass(frozen=True)
class UploadInfo:
    """An upload in progress; ``initiated`` in epoch seconds."""

    id: str
    bucket: str
    key: str
    initiated: float
    attributes: Attributes
    checksum_algorithm: str | None
    checksum_type: str | None


@dataclass(frozen=True)
class PartInfo:
    """One part that has arrived: ``size`` in bytes, ``etag`` its MD5 in hex."""

    number: int
    size: int
    etag: str
    modified: float
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chosen:
    """A part as the client names it when it asks to join them."""

    number: int
    etag: str
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UploadPage:
    """One page of uploads in order of key and begin, and the markers of the next page."""

    uploads: list[UploadInfo]
    prefixes: list[str]
    truncated: bool
    next_key: str
    next_id: str


def upload_of(row: Row[Any]) -> UploadInfo:
    """The upload of a row."""
    return UploadInfo(
        row.id,
        row.bucket,
        row.key,
        row.initiated,
        attributes_of(row),
        row.checksum_algorithm,
        row.checksum_type,
    )


def part_of(row: Row[Any]) -> PartInfo:
    """The part of a row."""
    return PartInfo(row.number, row.size, row.etag, row.modified, row.checksums)


def upload_row(
    connection: Connection, bucket: str, key: str, upload_id: str, *, lock: bool = False
) -> Row[Any]:
    """The row of an upload; raises NoSuchUpload or NoSuchBucket. ``lock`` is for PostgreSQL."""
    query = select(uploads).where(uploads.c.id == upload_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or (row.bucket, row.key) != (bucket, key):
        bucket_of(connection, bucket)
        raise NoSuchUpload(upload_id)
    return row


def part_rows(connection: Connection, upload_id: str) -> Sequence[Row[Any]]:
    """All parts of an upload, in order."""
    query = select(parts).where(parts.c.upload_id == upload_id).order_by(parts.c.number)
    return connection.execute(query).all()


def files_of(upload: Row[Any], there: Iterable[Row[Any]]) -> set[str]:
    """The data files of an upload and its parts."""
    return {row.data for row in (upload, *there) if row.data is not None}


def chosen_rows(there: Iterable[Row[Any]], chosen: Sequence[Chosen]) -> list[Row[Any]]:
    """Those of an upload's parts that were chosen, held against S3's rules."""
    if not chosen:
        raise InvalidRequest("You must specify at least one part")
    numbers = [part.number for part in chosen]
    if any(a >= b for a, b in pairwise(numbers)):
        raise InvalidRequest(
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            "InvalidPartOrder",
        )
    have = {row.number: row for row in there}
    for part in chosen:
        row = have.get(part.number)
        if row is None or row.etag != part.etag:
            raise InvalidPart()
        if any(row.checksums.get(name, value) != value for name, value in part.checksums.items()):
            raise InvalidPart()
    rows = [have[number] for number in numbers]
    for row in rows[:-1]:
        if row.size < MIN_PART_BYTES:
            raise InvalidRequest(
                "Your proposed upload is smaller than the minimum allowed size",
                "EntityTooSmall",
                ProposedSize=row.size,
                MinSizeAllowed=MIN_PART_BYTES,
                PartNumber=row.number,
                ETag=row.etag,
            )
    return rows


def joined_checksums(upload: UploadInfo, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """The object's checksum, made of those of its parts."""
    if not upload.checksum_algorithm or not upload.checksum_type:
        return {}
    name = upload.checksum_algorithm
    pieces = [(row.size, row.checksums[name]) for row in rows]
    return {name: sums.of_parts(name, upload.checksum_type, pieces)}
