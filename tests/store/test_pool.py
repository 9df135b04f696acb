"""Transactions of prepared statements: whole or not at all, on connections that are used again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.database import change, lookup, no_more, on_end, write
from studio_ext.store.pool import KEPT, LastUsed
from studio_ext.store.prepared import Prepared, execute
from studio_ext.store.tables import turns

INSERT = Prepared(insert(turns), ["account", "admitted"])
COUNT = Prepared(select(func.count()).select_from(turns))
OF = Prepared(select(turns.c.admitted).where(turns.c.account == bindparam("account")))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store.engine
    store.close()


def count(engine: Engine) -> int:
    with lookup(engine) as connection:
        return int(COUNT.one(connection)[0])


def test_a_change_is_whole_or_not_at_all(engine: Engine) -> None:
    with change(engine) as connection:
        INSERT.run(connection, {"account": "a", "admitted": 1.5})
    with pytest.raises(IntegrityError), change(engine) as connection:
        INSERT.run(connection, {"account": "b", "admitted": 2.0})
        INSERT.run(connection, {"account": "a", "admitted": 3.0})
    with pytest.raises(RuntimeError, match="stop"), change(engine) as connection:
        INSERT.run(connection, {"account": "c", "admitted": 4.0})
        raise RuntimeError("stop")
    with lookup(engine) as connection:
        assert OF.one(connection, {"account": "a"})[0] == 1.5
        assert OF.one(connection, {"account": "b"}) is None
    with write(engine) as connection:  # SQLAlchemy's finds no transaction left on the connection
        INSERT.run(connection, {"account": "d", "admitted": 5.0})
    assert count(engine) == 2


def test_changes_of_many_threads_wait_for_each_other(engine: Engine) -> None:
    def work(number: int) -> None:
        for item in range(10):
            with change(engine) as connection:
                INSERT.run(connection, {"account": f"{number}-{item}", "admitted": 0.0})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(KEPT + 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(engine) == 10 * len(threads)


def test_the_end_of_a_change_is_told(engine: Engine) -> None:
    if not isinstance(engine.pool, LastUsed):
        pytest.skip("PostgreSQL's transactions are SQLAlchemy's")
    heard: list[bool] = []

    def hear(seconds: float, committed: bool) -> None:
        assert seconds >= 0
        heard.append(committed)

    on_end(engine, hear)
    with change(engine) as connection:
        INSERT.run(connection, {"account": "a", "admitted": 1.0})
    with pytest.raises(IntegrityError), change(engine) as connection:
        INSERT.run(connection, {"account": "a", "admitted": 1.0})
    engine.dispose()  # whoever listens goes on with the new connections
    with change(engine) as connection:
        INSERT.run(connection, {"account": "b", "admitted": 1.0})
    no_more(engine, hear)
    with change(engine) as connection:
        INSERT.run(connection, {"account": "c", "admitted": 1.0})
    assert heard == [True, False, True]


def test_a_lost_connection_is_not_given_again(engine: Engine) -> None:
    if not isinstance(engine.pool, LastUsed):
        pytest.skip("PostgreSQL's connections are SQLAlchemy's")
    with lookup(engine) as connection:
        lost = connection.connection.dbapi_connection
        connection.invalidate()
    with lookup(engine) as connection:
        assert connection.connection.dbapi_connection is not lost
        kept = connection.connection.dbapi_connection
        assert execute(connection, "SELECT 1").fetchone()[0] == 1
    with lookup(engine) as connection:
        assert connection.connection.dbapi_connection is kept
