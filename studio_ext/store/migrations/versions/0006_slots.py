"""Parts that are written where the finished object will have them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Uploads that were begun have no such file; theirs are joined as before."""
    op.add_column("uploads", sa.Column("data", sa.String(32)))
    op.add_column("uploads", sa.Column("part_size", sa.BigInteger))
    op.create_index("uploads_by_data", "uploads", ["data"], unique=True)
    with op.batch_alter_table("parts") as parts:
        parts.alter_column("data", existing_type=sa.String(32), nullable=True)
