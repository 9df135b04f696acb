"""Databases as releases made them, and what a schema is made of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import make_url

RELEASED = Path(__file__).with_name("released")


def revisions(kind: str) -> list[str]:
    """The released schemas that there are dumps of."""
    return sorted(path.name[:4] for path in RELEASED.glob(f"*.{kind}.sql"))


def load(url: str, revision: str) -> None:
    """Make an empty database what the release's code had made."""
    parsed = make_url(url)
    dump = (RELEASED / f"{revision}.{parsed.get_backend_name()}.sql").read_text()
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database))) as connection:
            connection.executescript(dump)
        return
    plain = parsed.render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(dump.encode())


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Everything in a database, by table; rows in the order of their text."""
    found = {}
    for table in inspect(connection).get_table_names():
        mapped = connection.execute(text(f'SELECT * FROM "{table}"')).mappings()
        found[table] = sorted((dict(row) for row in mapped), key=str)
    return found


def upgraded(table: str, row: dict[str, Any], revision: str) -> dict[str, Any]:
    """What is left of a row of a released schema; columns that are only added are not named."""
    row = dict(row)
    if revision < "0002":
        account = "0" * 12
        if table == "metric_series":
            row["resource"] = f"{account}/{row['resource']}"
        if table == "routes":
            row["account"] = account
            del row["domain"]
            document = row.pop("document")
            if isinstance(document, str):  # as SQLite has it
                row["document"] = json.dumps({**json.loads(document), "account": account})
            else:
                row["document"] = document and {**document, "account": account}
    return row


def keys(engine: Engine) -> list[str]:
    """The access keys in a database."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT access_key_id FROM access_keys")))


def description(connection: Connection) -> dict[str, Any]:
    """What Alembic's comparison leaves out as well: collations, AUTOINCREMENT, defaults, keys."""
    if connection.dialect.name == "sqlite":
        return {name: _sqlite(connection, name) for name in inspect(connection).get_table_names()}
    return {name: _all(connection, query) for name, query in _POSTGRESQL.items()}


def _sqlite(connection: Connection, table: str) -> dict[str, Any]:
    made = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).scalar_one()
    columns = connection.exec_driver_sql(f"PRAGMA table_xinfo('{table}')").all()
    keys = connection.exec_driver_sql(f"PRAGMA foreign_key_list('{table}')").all()
    return {
        "columns": sorted(tuple(column)[1:] for column in columns),
        "autoincrement": "AUTOINCREMENT" in made.upper(),
        "indexes": sorted(_sqlite_indexes(connection, table)),
        "foreign keys": sorted(tuple(key)[2:] for key in keys),
    }


def _sqlite_indexes(connection: Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """Name ("" for one of a constraint), uniqueness, origin, and the columns with their order."""
    for _, name, *rest in connection.exec_driver_sql(f"PRAGMA index_list('{table}')"):
        parts = connection.exec_driver_sql(f"PRAGMA index_xinfo('{name}')").all()
        columns = [tuple(part)[2:] for part in parts if part.key]
        yield ("" if name.startswith("sqlite_autoindex") else name, *rest, columns)


_POSTGRESQL = {
    "columns": """
        SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
               column_default, collation_name, identity_generation
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "sequences": """
        SELECT sequencename, data_type::text FROM pg_sequences
        WHERE schemaname = 'public' ORDER BY 1""",
}


def _all(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(query))]
