"""Run by Alembic for each of its commands, on the connection that :mod:`..schema` hands over.

That connection has its transaction open: a migration happens wholly or not at all, on SQLite too.
"""

from __future__ import annotations

from alembic import context

from studio_ext.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    transactional_ddl=True,
    # SQLite changes a column by copying its table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
