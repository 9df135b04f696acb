"""The database of a home under test, what can befall it, and whether it is whole."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import databases
import postgresql
import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from studio_ext.store import tables
from studio_ext.store.objects import tables as object_tables

#: Seconds to wait for a lock that is to be held.
LOCK_S = 20
_EVERY = ", ".join(
    table.name for table in (tables.resources, tables.queue, tables.events, object_tables.objects)
)


class CannotHold(Exception):
    """Nobody could be made to wait; the text says why."""


class Sqlite:
    """The file in a home."""

    def __init__(self, home: Path) -> None:
        self.path = home / "studio.db"
        self.url = f"sqlite:///{self.path}"

    def hold(self, readers: bool) -> Callable[[], None]:
        """Have the write lock until the result is called; ``readers`` never wait for it."""
        try:
            connection = sqlite3.connect(
                self.path, timeout=LOCK_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise CannotHold(str(error)) from error
        return connection.close

    def close(self) -> None:
        """It goes with its home."""


class Postgresql:
    """A database on a server of its own, that can crash without losing what it committed."""

    def __init__(self, below: Path | None = None, **settings: str) -> None:
        # The server ends with the thread that started it, which therefore lives as long.
        self._thread = ThreadPoolExecutor(1)
        # A crash of processes alone loses no page that was written, synced or not; but commits
        # have to be written when they are answered.
        settings = {"synchronous_commit": "on", **settings}
        self._server = self._thread.submit(postgresql.OwnServer, settings, below).result()
        self.url = self._server.new()

    def hold(self, readers: bool) -> Callable[[], None]:
        """Lock tables in a session that then does nothing, until the result is called.

        Whoever writes waits; with ``readers`` whoever reads does, too.
        """
        mode = "ACCESS EXCLUSIVE" if readers else "EXCLUSIVE"
        end = time.monotonic() + LOCK_S
        while True:
            try:
                connection = psycopg.connect(self.url, application_name="busy")
                connection.execute(f"LOCK TABLE {_EVERY} IN {mode} MODE".encode())
                return connection.close
            except psycopg.errors.DeadlockDetected as error:
                connection.close()
                if time.monotonic() > end:
                    raise CannotHold(str(error)) from error
            except psycopg.OperationalError as error:  # the server is down
                raise CannotHold(str(error)) from error

    def cut(self) -> bool:
        """End every connection to it; False if it is down."""
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                return bool(connection.execute(query.encode()).fetchall())
        except psycopg.OperationalError:
            return False

    def runs(self) -> bool:
        """Whether it has not ended, by itself or otherwise."""
        return self._server.runs()

    def stop(self) -> None:
        """As ``pg_ctl stop -m immediate``: nothing is written any more."""
        self._server.stop()

    def start(self) -> None:
        """Start it again; it recovers from its log. Returns when it takes connections."""
        self._thread.submit(self._server.start).result()

    def close(self) -> None:
        """The server and all its data are gone."""
        self._server.remove()
        self._thread.shutdown()


def backing(kind: str, home: Path) -> Sqlite | Postgresql:
    """A database for a home, of one of ``databases.KINDS``; to be closed."""
    assert kind in databases.KINDS, kind
    return Postgresql() if kind == "postgresql" else Sqlite(home)


def damage(connection: Connection) -> Iterator[str]:
    """What a database says is wrong with itself."""
    if connection.dialect.name == "sqlite":
        integrity = connection.execute(text("PRAGMA integrity_check")).scalars()
        yield from (line for line in integrity if line != "ok")
        yield from map(str, connection.execute(text("PRAGMA foreign_key_check")))
        return
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS amcheck"))
    names = "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    ours = f"{names} LEFT JOIN pg_am a ON a.oid = c.relam WHERE n.nspname = 'public'"
    for name in connection.execute(text(f"{ours} AND c.relkind = 'r'")).scalars().all():
        yield from _said(connection, name, "SELECT * FROM verify_heapam(:name)")
    for name in connection.execute(text(f"{ours} AND a.amname = 'btree'")).scalars().all():
        # Fails where an index is damaged, or lacks a row of its table; returns nothing.
        yield from _said(connection, name, "SELECT 1 WHERE bt_index_check(:name, true) IS NULL")


def _said(connection: Connection, name: str, check: str) -> list[str]:
    try:
        with connection.begin_nested():
            return [f"{name}: {row}" for row in connection.execute(text(check), {"name": name})]
    except DBAPIError as error:
        return [f"{name}: {error}"]
