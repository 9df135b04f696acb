"""The schema of 0.1.0."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.String(1024).with_variant(sa.String(1024, collation="C"), "postgresql")
_BUCKET = sa.String(63).with_variant(sa.String(63, collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table."""
    _resources()
    _metrics()
    _objects()
    op.create_table(
        "access_keys",
        sa.Column("access_key_id", sa.String(128), primary_key=True),
        sa.Column("secret_access_key", sa.String(128), nullable=False),
        sa.Column("session_token", sa.String(2048)),
        sa.Column("domain", sa.String(63), nullable=False),
        sa.Column("user_profile", sa.String(63), nullable=False),
        sa.Column("role_arn", sa.String(2048), nullable=False),
        sa.Column("purpose", sa.String(256), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("expires", sa.Float),
    )
    op.create_index("ix_access_keys_purpose", "access_keys", ["purpose"])
    op.create_table(
        "routes",
        sa.Column("domain", sa.String(63), primary_key=True),
        sa.Column("endpoint", sa.String(63), primary_key=True),
        sa.Column("document", sa.JSON(none_as_null=True)),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_routes_version", "routes", ["version"])


def _resources() -> None:
    op.create_table(
        "resources",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("domain", sa.String(63), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("arn", sa.String(2048), nullable=False),
        sa.Column("owner", sa.String(63), nullable=False),
        sa.Column("status", sa.String(64)),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("resources.id", ondelete="SET NULL")),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("modified", sa.Float, nullable=False),
        sa.Column("wake_at", sa.Float),
        sa.Column("lease_holder", sa.String(64)),
        sa.Column("lease_until", sa.Float),
        sqlite_autoincrement=True,
    )
    identity = ["kind", "domain", "name", "version"]
    op.create_index("resources_identity", "resources", identity, unique=True)
    op.create_index("resources_by_created", "resources", ["kind", "domain", "created", "id"])
    by_status = ["kind", "domain", "status", "created", "id"]
    op.create_index("resources_by_status", "resources", by_status)
    op.create_index("resources_due", "resources", ["wake_at"])
    op.create_index("resources_arn", "resources", ["arn"])
    op.create_index("resources_leased", "resources", ["lease_holder"])
    op.create_table(
        "tags",
        sa.Column(
            "resource_id",
            sa.Integer,
            sa.ForeignKey("resources.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("value", sa.String(256), nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("resource_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("domain", sa.String(63), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("status", sa.String(64)),
        sa.Column("actor", sa.String(128), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_resource_id", "events", ["resource_id"])


def _metrics() -> None:
    op.create_table(
        "metric_series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("resource", sa.String(320), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("dimension", sa.String(1024), nullable=False),
        sa.UniqueConstraint("resource", "name", "dimension"),
    )
    op.create_table(
        "metric_points",
        sa.Column(
            "series_id",
            sa.Integer,
            sa.ForeignKey("metric_series.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("timestamp", sa.Float, nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("value", sa.Float, nullable=False),
    )
    op.create_index("metric_points_by_time", "metric_points", ["series_id", "timestamp"])
    op.create_table(
        "metric_samples",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "series_id",
            sa.Integer,
            sa.ForeignKey("metric_series.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("timestamp", sa.Float, nullable=False),
        sa.Column("count", sa.Float, nullable=False),
        sa.Column("total", sa.Float, nullable=False),
        sa.Column("minimum", sa.Float, nullable=False),
        sa.Column("maximum", sa.Float, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
    )
    op.create_index("metric_samples_by_time", "metric_samples", ["series_id", "timestamp"])


def _attributes() -> list[sa.Column[Any]]:
    return [
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("storage_class", sa.String(32), nullable=False),
        sa.Column("content_type", sa.String(1024), nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("user_metadata", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("checksum_type", sa.String(16)),
    ]


def _objects() -> None:
    op.create_table(
        "buckets",
        sa.Column("name", _BUCKET, primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "objects",
        sa.Column("bucket", _BUCKET, sa.ForeignKey("buckets.name"), primary_key=True),
        sa.Column("key", _KEY, primary_key=True),
        sa.Column("data", sa.String(32), nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("modified", sa.Float, nullable=False),
        *_attributes(),
        sa.Column("checksums", sa.JSON, nullable=False),
        sa.Column("upload", sa.String(64)),
        sa.Column("parts", sa.JSON),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("bucket", _BUCKET, sa.ForeignKey("buckets.name"), nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("initiated", sa.Float, nullable=False),
        *_attributes(),
        sa.Column("checksum_algorithm", sa.String(16)),
    )
    op.create_index("uploads_by_key", "uploads", ["bucket", "key", "id"])
    op.create_table(
        "parts",
        sa.Column("upload_id", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("data", sa.String(32), nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("modified", sa.Float, nullable=False),
        sa.Column("checksums", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], ondelete="CASCADE"),
    )
