"""The metadata database: one engine, short write transactions.

SQLite runs in WAL mode, and a write transaction takes the write lock at once (BEGIN IMMEDIATE):
a deferred one that reads first fails with "database is locked" whatever the timeout.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    MetaData,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, DBAPIError

from .pool import Bare, Change, Ended, LastUsed
from .prepared import Driven, execute

metadata = MetaData()

BUSY_TIMEOUT_S = 30
_CONNECT_TIMEOUT_S = 10
#: Where the socket lies if a URL names no host, as Debian and its driver have it.
_SOCKETS = "/var/run/postgresql"
_FULL_BELOW = 256 * 1024
#: Pages in SQLite's log from which on whoever commits shortens it, should nobody else do so.
_LOG_PAGES = 16384


class DatabaseError(RuntimeError):
    """The database cannot be used; the text says why, without the URL's password."""


def open_engine(url: str) -> Engine:
    """An engine for ``url`` (``sqlite:///...`` or ``postgresql://...``); nothing is read yet."""
    if not is_sqlite(url):
        return _open_postgresql(make_url(url))
    engine = create_engine(
        url,
        poolclass=LastUsed,
        hide_parameters=True,  # errors go to logs, and parameters may be keys
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_sqlite(url: str | URL) -> bool:
    """Whether a URL names a SQLite database; DatabaseError for one that is no URL."""
    try:
        return make_url(url).get_backend_name() == "sqlite"
    except ArgumentError:
        # The text may hold a password and is not repeated.
        raise DatabaseError(
            "The database URL cannot be read; it has the form postgresql://user@host/database."
        ) from None


def shown(url: str | URL) -> str:
    """A URL for logs and messages, its passwords left out."""
    url = make_url(url)
    url = url.set(drivername=url.get_backend_name())
    hidden = {name: "***" for name in url.query if "password" in name}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def socket_folder(url: str | URL) -> str | None:
    """The folder of the Unix socket by which PostgreSQL is reached; None for any other way.

    A folder that others use as well, such as ``/tmp``, is none.
    """
    if is_sqlite(url):
        return None
    made = make_url(url)
    asked = made.query.get("host", made.host) or os.environ.get("PGHOST", "")
    host = (asked if isinstance(asked, str) else asked[0]) or _SOCKETS
    shared = host in ("/", "/tmp", "/run", "/var/run") or not host.startswith("/")
    return None if shared or not os.path.isdir(host) else host


def unreachable(url: str | URL, error: DBAPIError) -> DatabaseError:
    """What to raise where a database cannot be opened."""
    reason = " ".join(str(error.orig).split())
    if is_sqlite(url) and _is_full(make_url(url).database):
        reason = f"its disk is full ({reason}); make room and start again"
    return DatabaseError(f"The database {shown(url)} cannot be reached: {reason}")


def _is_full(path: str | None) -> bool:
    """Whether the disk of a file has no room even for the notes that opening a database needs."""
    folder = os.path.dirname(os.path.abspath(path or ""))
    if not os.path.isdir(folder):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < _FULL_BELOW


def _open_postgresql(url: URL) -> Engine:
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseError(
            f"The database {shown(url)} is of no kind that Studio knows: sqlite or postgresql."
        )
    try:
        from . import characters

        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=4,
            max_overflow=26,
            pool_pre_ping=True,
            hide_parameters=True,
            json_serializer=characters.to_json,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "studio"},
        )
    except ImportError as error:
        raise DatabaseError(
            f"The database {shown(url)} needs a driver: pip install 'studio-ext[postgresql]' "
            f"({error})"
        ) from None
    event.listen(engine, "connect", characters.prepare)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    cursor = connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What a statement may have to undo: every fourth insert made a file for it.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Switch to WAL, which a new file that another process switches too refuses without waiting."""
    end = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("one_statement"):
        execute(connection, "BEGIN" if options.get("read_only") else "BEGIN IMMEDIATE")


def write(engine: Engine) -> AbstractContextManager[Connection]:
    """A write transaction; committed at the end, rolled back on an exception."""
    return engine.begin()


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A consistent snapshot to read from, however many statements read it."""
    options: dict[str, Any] = {"read_only": True}
    if engine.dialect.name == "postgresql":
        # Its default gives each statement a snapshot of its own.
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        connection.execution_options(**options).begin()
        yield connection


@contextmanager
def glance(engine: Engine) -> Iterator[Connection]:
    """For a single statement that reads: it is a snapshot by itself, and no transaction is begun.

    Beginning and ending one costs as much again as finding a row by its key.
    """
    with engine.connect() as connection:
        options: dict[str, Any] = {"one_statement": True}
        if engine.dialect.name == "postgresql":
            options = {"isolation_level": "AUTOCOMMIT"}
        yield connection.execution_options(**options)


def lookup(engine: Engine) -> AbstractContextManager[Driven]:
    """As :func:`glance`, for prepared statements alone, each of which is a snapshot by itself.

    What SQLAlchemy's connection is beside the driver's took more than finding a row by its key.
    """
    pool = engine.pool
    return Bare(engine, pool) if isinstance(pool, LastUsed) else glance(engine)


def change(engine: Engine) -> AbstractContextManager[Driven]:
    """As :func:`write`, for prepared statements alone."""
    pool = engine.pool
    return Change(engine, pool) if isinstance(pool, LastUsed) else write(engine)


def on_end(engine: Engine, told: Ended) -> None:
    """Have somebody hear of the end of each transaction that :func:`change` makes on SQLite."""
    if isinstance(engine.pool, LastUsed):
        engine.pool.ended.append(told)


def no_more(engine: Engine, told: Ended) -> None:
    """Take back :func:`on_end`."""
    if isinstance(engine.pool, LastUsed):
        engine.pool.ended.remove(told)
