"""Where a resource runs, and ids of 64 bits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: Columns, and whether they have a sequence. SQLite's integers have 64 bits already.
_IDS = {
    ("resources", "id"): True,
    ("resources", "parent_id"): False,
    ("tags", "resource_id"): False,
    ("queue", "resource_id"): False,
    ("events", "id"): True,
    ("events", "resource_id"): False,
    ("metric_series", "id"): True,
    ("metric_points", "series_id"): False,
    ("metric_samples", "id"): True,
    ("metric_samples", "series_id"): False,
    ("routes", "version"): False,
}


def upgrade() -> None:
    """Whose node runs what shows when its controller looks: that of the only home there was."""
    op.create_table(
        "nodes",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("home", sa.String(4096), nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
    )
    op.add_column("resources", sa.Column("node", sa.String(64)))
    op.add_column("queue", sa.Column("node", sa.String(64)))
    if op.get_bind().dialect.name == "postgresql":
        for (table, column), has_sequence in _IDS.items():
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE BIGINT")
            if has_sequence:
                op.execute(f"ALTER SEQUENCE {table}_{column}_seq AS BIGINT")
