"""Databases under test do what the faults say, and their damage is seen."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import databases
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from studio_ext.config import Config
from studio_ext.store import Store
from tests.faults.backing import CannotHold, Postgresql, Sqlite, backing, damage

BUCKET, WAIT_S = "kept", 0.5


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Sqlite | Postgresql]:
    made = backing(databases.kind(tmp_path), tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def store(database: Sqlite | Postgresql, tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path / "home"), database_url=database.url))
    yield store
    store.close()


@pytest.mark.parametrize("readers", [False, True])
def test_who_writes_waits_until_the_lock_is_let_go(
    database: Sqlite | Postgresql, store: Store, readers: bool
) -> None:
    let_go = database.hold(readers)
    threading.Timer(WAIT_S, let_go).start()
    begun = time.monotonic()
    with store.begin() as connection:
        connection.execute(text("DELETE FROM queue"))
    assert time.monotonic() - begun > WAIT_S / 2


def test_a_crash_loses_nothing_that_was_committed_and_a_cut_is_felt(
    database: Sqlite | Postgresql, store: Store
) -> None:
    if not isinstance(database, Postgresql):
        pytest.skip("SQLite has no server")
    for number in range(20):
        store.objects.create_bucket(f"{BUCKET}-{number}")
    database.stop()
    with pytest.raises(OperationalError):
        store.objects.list_buckets()
    with pytest.raises(CannotHold):
        database.hold(readers=True)
    assert not database.cut()
    database.start()
    assert len(store.objects.list_buckets()) == 20
    with pytest.raises(OperationalError), store.begin() as connection:
        assert database.cut()
        connection.execute(text("SELECT 1"))


def test_damage_is_seen(database: Sqlite | Postgresql, store: Store) -> None:
    store.objects.create_bucket(BUCKET)
    with store.begin() as connection:
        assert list(damage(connection)) == []
    spoil = _spoil_server if isinstance(database, Postgresql) else _spoil_file
    spoil(database)
    with store.begin() as connection:
        found = list(damage(connection))
    assert found and "buckets" in found[0], found


def _spoil_file(database: Sqlite) -> None:
    """An object in a bucket that is gone."""
    with sqlite3.connect(database.path) as connection:  # without foreign keys
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(objects)")]
        marks = ", ".join("1" for _ in columns)
        connection.execute(f"INSERT INTO objects ({', '.join(columns)}) VALUES ({marks})")


def _spoil_server(database: Postgresql) -> None:
    """Rubbish in the table's file, where its first row lies."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        found = connection.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('buckets')"
        ).fetchone()
    assert found is not None
    database.stop()
    with Path(found[0]).open("r+b") as file:
        file.seek(8192 - 200)
        file.write(b"\xff" * 200)
    database.start()
