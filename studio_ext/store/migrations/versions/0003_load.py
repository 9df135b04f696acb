"""Indexes for each order of a list and for tags; a table for the queue of jobs."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SCOPE = ("kind", "account")
_INDEXES = {
    "resources_by_created": ("created", "id", "status", "name", "modified"),
    "resources_by_modified": ("modified", "id", "status", "name", "created"),
    "resources_by_status": ("status", "created", "id", "name", "modified"),
    "resources_by_status_modified": ("status", "modified", "id", "name", "created"),
    "resources_by_status_name": ("status", "name", "version"),
}


def upgrade() -> None:
    """Add them; the jobs that have their cores already keep them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE resources ALTER COLUMN name TYPE VARCHAR(256) COLLATE "C"')
    for name in ("resources_by_created", "resources_by_status"):
        op.drop_index(name, table_name="resources")
    for name, columns in _INDEXES.items():
        op.create_index(name, "resources", [*_SCOPE, *columns])
    op.create_index("tags_by_value", "tags", ["key", "value", "resource_id"])
    queue = op.create_table(
        "queue",
        sa.Column("resource_id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("queued", sa.Float, nullable=False),
        sa.Column("cores", sa.Float, nullable=False),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False),
        sa.Column("admitted", sa.Float),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], ondelete="CASCADE"),
    )
    op.create_index("queue_by_turn", "queue", ["admitted", "account", "queued", "resource_id"])
    op.bulk_insert(queue, _admitted())


def _admitted() -> list[dict[str, object]]:
    jobs = op.get_bind().execute(
        sa.text(
            "SELECT id, account, created, state FROM resources WHERE kind = 'training-job' "
            "AND status IN ('InProgress', 'Stopping')"
        )
    )
    found = []
    for job in jobs:
        state = json.loads(job.state) if isinstance(job.state, str) else job.state
        if "cores" in state:
            found.append(
                {
                    "resource_id": job.id,
                    "account": job.account,
                    "queued": job.created,
                    "cores": state["cores"],
                    "memory_bytes": 0,
                    "admitted": state.get("admitted", job.created),
                }
            )
    return found
