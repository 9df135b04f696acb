"""``make migration MESSAGE="..."``: write the migration that leads from the last one to the tables.

What Alembic sees is a beginning: read it, say what becomes of existing rows, and mind what it does
not see (collations, AUTOINCREMENT, renamed columns).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from studio_ext.store import database, schema


def main(message: str) -> None:
    """Write ``versions/<next number>_<message>.py``."""
    number = f"{int(schema.head()) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = database.open_engine(f"sqlite:///{Path(folder) / 'studio.db'}")
        with schema.exclusive(engine) as connection:
            configuration = schema.alembic_configuration(connection)
            command.upgrade(configuration, "head")
            command.revision(configuration, message, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('usage: make migration MESSAGE="what changes"')
    main(sys.argv[1])
