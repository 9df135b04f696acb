"""Tables and queries of SQL databases, by SQLAlchemy (DuckDB's own files by DuckDB), streamed.

Nothing is written there: the transaction is read-only where the database can be told, and is never
committed. Rows come in chunks by a cursor of the server's and go to a file of the session's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import duckdb
from sqlglot import exp

from ..engines import DuckDB
from ..errors import DataError, UnsupportedError
from ..relation import Relation
from .connections import url_of
from .growing import relation_of

#: Studio's own kind: ``connection``, and ``queryString`` or ``table`` (with a ``schema``).
DATABASE = "Database"
#: Kind -> the member of a definition that names the connection, where none says ``connection``.
KINDS: Mapping[str, str] = {
    DATABASE: "connection",
    "Redshift": "clusterIdentifier",
    "Snowflake": "connection",
    "Databricks": "connection",
    "EMR": "connection",
    "JDBC": "connection",
}
CHUNK_ROWS = 4_000


def read_database(
    engine: DuckDB,
    definition: Mapping[str, Any],
    connections: Mapping[str, str],
    most: int | None = None,
) -> Relation:
    """What the query gives, no further than ``most`` rows.

    Raises DataError in the database's own words, without its password.
    """
    member = KINDS[str(definition["datasetSourceType"])]
    field = "connection" if definition.get("connection") else member
    url = url_of(definition.get(field), connections, field)
    query, table = definition.get("queryString"), definition.get("table")
    if not (isinstance(query, str) and query.strip()) and not table:
        raise DataError("queryString: the source has no query", field="queryString")
    if url.startswith("duckdb:"):
        return _from_duckdb(engine, url, definition, most)
    from sqlalchemy import create_engine, pool
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    name = definition[field]
    try:
        parsed = _read_only(make_url(url))
        there = create_engine(parsed, poolclass=pool.NullPool, hide_parameters=True)
    except NoSuchModuleError as error:
        raise UnsupportedError(f"{field}: {name!r}: {error}: its package is missing") from error
    except ImportError as error:
        raise UnsupportedError(f"{field}: {name!r} needs the package {error.name!r}") from error
    except ArgumentError as error:
        raise DataError(f"{field}: the URL of {name!r} is none", field=field) from error
    secrets = [str(parsed.password)] if parsed.password else []
    try:
        return _streamed(engine, there, definition, most)
    except SQLAlchemyError as error:
        told = str(getattr(error, "orig", None) or error).strip()
        raise DataError(f"{field}: {name!r}: {_without(told, secrets)}", field=field) from None
    finally:
        there.dispose()


def _streamed(
    engine: DuckDB, there: Any, definition: Mapping[str, Any], most: int | None
) -> Relation:
    options: dict[str, Any] = {"stream_results": True, "no_parameters": True}
    options["max_row_buffer"] = CHUNK_ROWS
    if there.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    with there.connect().execution_options(**options) as connection:
        if there.dialect.name == "sqlite":
            _confine(connection.connection.driver_connection)
        text = definition.get("queryString") or _select(there, definition)
        result = connection.exec_driver_sql(text)
        if not result.returns_rows:
            raise DataError("queryString: the statement gives no rows", field="queryString")
        if not result.keys():
            raise DataError(f"{_named(definition)} has no columns", field="queryString")
        try:
            return relation_of(engine, list(result.keys()), _chunks(result, most))
        finally:
            result.close()
            connection.rollback()


def _confine(connection: Any) -> None:
    """Let a query of SQLite's read this database and nothing else: it could attach any file."""
    import sqlite3

    reads = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }

    def allow(action: int, *_: str | None) -> int:
        return sqlite3.SQLITE_OK if action in reads else sqlite3.SQLITE_DENY

    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(allow)


def _read_only(url: Any) -> Any:
    """The URL; of a file of SQLite's one that makes no file where there is none."""
    path = url.database
    if url.get_backend_name() != "sqlite" or not path or path.startswith((":", "file:")):
        return url
    return url.set(database=f"file:{quote(path)}").update_query_dict({"mode": "ro", "uri": "true"})


def _named(definition: Mapping[str, Any]) -> str:
    query = definition.get("queryString")
    return "queryString: what the query gives" if query else f"table: {definition['table']!r}"


def _select(there: Any, definition: Mapping[str, Any]) -> str:
    quote = there.dialect.identifier_preparer.quote_identifier
    names = [str(each) for each in (definition.get("schema"), definition["table"]) if each]
    return f"SELECT * FROM {'.'.join(map(quote, names))}"


def _chunks(result: Any, most: int | None) -> Iterator[Sequence[Sequence[Any]]]:
    left = most
    while left is None or left > 0:
        size = CHUNK_ROWS if left is None else min(left, CHUNK_ROWS)
        chunk = result.fetchmany(size)
        if not chunk:
            return
        yield chunk
        left = None if left is None else left - len(chunk)


def _from_duckdb(
    engine: DuckDB, url: str, definition: Mapping[str, Any], most: int | None
) -> Relation:
    """A database file of DuckDB's, opened read-only and without ways to other files."""
    path = url.partition(":///")[2]
    try:
        with duckdb.connect(path, read_only=True) as there:
            there.execute("SET enable_external_access = false")
            names = [definition.get("schema"), definition.get("table")]
            table = exp.table_(names[1] or "", db=names[0], quoted=True)
            text = definition.get("queryString") or exp.select("*").from_(table).sql("duckdb")
            found = there.sql(text)
            if found is None:
                raise DataError("queryString: the statement gives no rows", field="queryString")
            if most is not None:
                found = found.limit(most)
            return engine.from_arrow(found.to_arrow_reader(CHUNK_ROWS))
    except duckdb.Error as error:
        raise DataError(f"connection: {str(error).splitlines()[0]}") from error


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
