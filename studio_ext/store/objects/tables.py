"""The tables of the object store; a row is the truth, a data file without one is rubbish."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
)

from ..database import metadata

# Keys are ordered by their UTF-8 bytes: SQLite's own (BINARY) order, and PostgreSQL's "C"
# collation, where the default one of the database would follow a language.
_KEY = String(1024).with_variant(String(1024, collation="C"), "postgresql")
_BUCKET = String(63).with_variant(String(63, collation="C"), "postgresql")
_DATA = String(32)  # name of the data file


def _attribute_columns() -> list[Column[Any]]:
    """What a client says of an object; see :class:`~.base.Attributes`."""
    return [
        Column("owner", String(256), nullable=False),
        Column("storage_class", String(32), nullable=False),
        Column("content_type", String(1024), nullable=False),
        Column("headers", JSON, nullable=False),
        Column("user_metadata", JSON, nullable=False),
        Column("tags", JSON, nullable=False),
        Column("checksum_type", String(16)),
    ]


buckets = Table(
    "buckets",
    metadata,
    Column("name", _BUCKET, primary_key=True),
    Column("account", String(12), nullable=False),
    Column("owner", String(256), nullable=False),  # "<domain>/<user profile>"
    Column("region", String(32), nullable=False),
    Column("created", Float, nullable=False),
    Column("policy", JSON(none_as_null=True)),  # whom its owner lets in
)

objects = Table(
    "objects",
    metadata,
    Column("bucket", _BUCKET, ForeignKey("buckets.name"), primary_key=True),
    Column("key", _KEY, primary_key=True),
    Column("data", _DATA, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("etag", String(64), nullable=False),
    Column("modified", Float, nullable=False),
    *_attribute_columns(),
    Column("checksums", JSON, nullable=False),  # {"CRC32": base64}
    Column("upload", String(64)),  # the multipart upload it came from
    # [[number, size, {"CRC32": base64}]]; last, because SQLite reads no overflow page of a
    # column that is not asked for.
    Column("parts", JSON),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(64), primary_key=True),  # sorts by the time it was begun
    Column("bucket", _BUCKET, ForeignKey("buckets.name"), nullable=False),
    Column("key", _KEY, nullable=False),
    Column("initiated", Float, nullable=False),
    *_attribute_columns(),
    Column("checksum_algorithm", String(16)),
    # The file that parts of one size are written into, and that size; see slots.py.
    Column("data", _DATA),
    Column("part_size", BigInteger),
)
Index("uploads_by_key", uploads.c.bucket, uploads.c.key, uploads.c.id)
Index("uploads_by_data", uploads.c.data, unique=True)

parts = Table(
    "parts",
    metadata,
    Column("upload_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", _DATA, unique=True),  # NULL: it is in its slot of the upload's file
    Column("size", BigInteger, nullable=False),
    Column("etag", String(64), nullable=False),
    Column("modified", Float, nullable=False),
    Column("checksums", JSON, nullable=False),
    ForeignKeyConstraint(["upload_id"], ["uploads.id"], ondelete="CASCADE"),
)
