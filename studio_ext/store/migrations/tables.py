"""What migrations share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations


@contextmanager
def altered(name: str, *, autoincrement: bool = False) -> Iterator[BatchOperations]:
    """Alter a table; say ``autoincrement`` of one whose ids are never given twice.

    SQLite's copy of a table would lose that, and with it the highest id there ever was.
    """
    connection = op.get_bind()
    highest = None
    if autoincrement and connection.dialect.name == "sqlite":
        query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        highest = connection.scalar(query, {"name": name})
    with op.batch_alter_table(name, table_kwargs={"sqlite_autoincrement": autoincrement}) as batch:
        yield batch
    if highest is not None:
        row = {"name": name, "seq": highest}
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
        connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), row)
