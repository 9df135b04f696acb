"""SQLite's connections: the one used last is given first, with SQLAlchemy's around it or bare.

A write by one connection has every other read its pages anew, so the calls of one request go
through one, as long as no other works meanwhile. Bare, because what SQLAlchemy puts around the
driver's (a proxy with a finalizer, a queue with three conditions, listeners by class and by
instance) was half of the Python that the handler of a CreateTrainingJob executed.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from .prepared import execute

#: Connections that stay open while nobody uses them.
KEPT = 10

#: Hears of the end of a transaction: its seconds, and whether it was committed.
Ended = Callable[[float, bool], None]


class LastUsed(Pool):
    """As many connections as threads at work need at once; SQLAlchemy's pool is a queue.

    ``ended`` hear of bare transactions; SQLAlchemy tells its own by events of the engine.
    """

    def __init__(self, creator: Callable[..., Any], **options: Any) -> None:
        super().__init__(creator, **options)
        self._idle: deque[ConnectionPoolEntry] = deque()
        self._disposed = False
        self.ended: list[Ended] = []

    def _do_get(self) -> ConnectionPoolEntry:
        try:
            return self._idle.pop()
        except IndexError:
            return self._create_connection()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if self._disposed or len(self._idle) >= KEPT or record.dbapi_connection is None:
            record.close()
        else:
            self._idle.append(record)

    lend, take_back = _do_get, _do_return_conn

    def recreate(self) -> LastUsed:
        """A pool like this one, without its connections."""
        made = LastUsed(
            self._creator,
            recycle=self._recycle,
            echo=self.echo,
            logging_name=self._orig_logging_name,
            reset_on_return=self._reset_on_return,
            pre_ping=self._pre_ping,
            _dispatch=self.dispatch,
            dialect=self._dialect,
        )
        made.ended = self.ended
        return made

    def dispose(self) -> None:
        """Close what nobody uses, and the others as they come back."""
        self._disposed = True
        while self._idle:
            self._idle.pop().close()

    def status(self) -> str:
        """For SQLAlchemy's messages."""
        return f"LastUsed: {len(self._idle)} connections wait"


class Bare:
    """A driver's connection for prepared statements that read, each a snapshot by itself."""

    __slots__ = ("_lost", "_pool", "connection", "dialect")

    connection: ConnectionPoolEntry

    def __init__(self, engine: Engine, pool: LastUsed) -> None:
        self._pool = pool
        self.dialect = engine.dialect
        self._lost = False

    def __enter__(self) -> Self:
        try:
            self.connection = self._pool.lend()
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                None, None, error, sqlite3.Error, hide_parameters=True, dialect=self.dialect
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lost:
            self.connection.close()
        else:
            self._pool.take_back(self.connection)

    def invalidate(self, exception: BaseException | None = None) -> None:
        """Have the connection closed when it is given back."""
        self._lost = True


class Change(Bare):
    """A write transaction of prepared statements: committed at the end, rolled back on an
    exception. It has the write lock from the start (BEGIN IMMEDIATE)."""

    __slots__ = ("_begun",)

    def __enter__(self) -> Self:
        self._begun = time.perf_counter()
        super().__enter__()
        try:
            execute(self, "BEGIN IMMEDIATE")
        except BaseException:
            super().__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        committed = False
        try:
            if kind is None:
                execute(self, "COMMIT")
                committed = True
        finally:
            if not committed:
                self._roll_back()
            super().__exit__(kind, error, trace)
            seconds = time.perf_counter() - self._begun
            for tell in self._pool.ended:
                tell(seconds, committed)

    def _roll_back(self) -> None:
        """SQLite may have done so itself, as on a full disk; what cannot be is closed."""
        driver = self.connection.dbapi_connection
        try:
            if isinstance(driver, sqlite3.Connection) and driver.in_transaction:
                driver.execute("ROLLBACK")
        except sqlite3.Error:
            self._lost = True
