"""When each account had its last turn in the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nobody has had one."""
    op.create_table(
        "turns",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("admitted", sa.Float, nullable=False),
    )
