"""What SQLite and PostgreSQL do differently, once for all who write statements."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Engine,
    Float,
    Integer,
    Table,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .prepared import Driven, Prepared

#: Ids that never run out; SQLite gives only an INTEGER key its next value, of 64 bits as well.
ID = BigInteger().with_variant(Integer, "sqlite")

_CLASS = 0x53747564  # "Stud": keeps our advisory locks apart from other programs'


_TURN = bindparam("turn", type_=Integer)
_ALONE = Prepared(select(func.pg_advisory_xact_lock(_CLASS, _TURN)))
_TOGETHER = Prepared(select(func.pg_advisory_xact_lock_shared(_CLASS, _TURN)))


class now(FunctionElement[float]):
    """The time in epoch seconds by a clock that every control plane shares.

    PostgreSQL's own, as the clocks of its clients differ; SQLite's clients are on one machine.
    """

    type = Float()
    inherit_cache = True


@compiles(now, "sqlite")
def _now_sqlite(_element: now, compiler: SQLCompiler, **options: Any) -> str:
    # Asked at each execution, and finer than the milliseconds of SQLite's functions: what is due
    # now has to be due for whoever looks a moment later.
    return compiler.process(bindparam("clock_now", callable_=time.time, type_=Float), **options)


@compiles(now, "postgresql")
def _now_postgresql(_element: now, compiler: SQLCompiler, **options: Any) -> str:
    # Of the statement: the same wherever in it, and after the waits of those before it.
    return "CAST(EXTRACT(EPOCH FROM statement_timestamp()) AS DOUBLE PRECISION)"


class Turn(IntEnum):
    """What transactions do one after the other."""

    #: whoever reads the event log goes on behind the last one seen, so that no lower id may be
    #: on its way: writers share this turn, a reader has it alone for a moment
    EVENTS = 1
    #: versions of routes are given once, and become visible in their order
    ROUTES = 2
    #: who is let in next sees whoever was let in before
    ADMISSION = 3


def take_turn(connection: Driven, turn: Turn) -> None:
    """Wait until no other transaction has this turn, and have it until the end of this one.

    SQLite has one writer at a time anyhow. A transaction that takes several has to take them in
    the order of their numbers from above: ADMISSION first, EVENTS last.
    """
    if connection.dialect.name == "postgresql":
        _ALONE.one(connection, {"turn": int(turn)})


def share_turn(connection: Driven, turn: Turn) -> None:
    """As :func:`take_turn`, but together with others that share it."""
    if connection.dialect.name == "postgresql":
        _TOGETHER.one(connection, {"turn": int(turn)})


def insert_of(engine: Engine) -> Callable[[Table], Any]:
    """The database's own INSERT, which knows ON CONFLICT."""
    # Either is long to load, and only one of them is used.
    if engine.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
