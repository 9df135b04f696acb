"""SQLite's write-ahead log: short under load, and nothing of it lost with a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from studio_ext.store import checkpoints
from studio_ext.store.checkpoints import Checkpoints, checkpoint
from studio_ext.store.database import open_engine, read, write

PAGE = 4096 + 24  # of the log, with its header
ROWS = 1500
WRITER = """
import os, signal, sys
from sqlalchemy import text
from studio_ext.store.database import open_engine, write
engine = open_engine(sys.argv[1])
for number in range(300):
    with write(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/t.db")
    with write(made) as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    yield made
    made.dispose()


def _log(engine: Engine) -> Path:
    return Path(f"{engine.url.database}-wal")


def _insert(engine: Engine, count: int) -> None:
    for number in range(count):
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})


def _rows(engine: Engine) -> int:
    with read(engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


def test_the_log_stays_short_while_somebody_always_writes_and_reads(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "COMMITS", 50)
    monkeypatch.setattr(checkpoint, "__defaults__", (100,))
    keeper, ended = Checkpoints(engine), threading.Event()

    def look() -> None:
        while not ended.is_set():
            _rows(engine)

    reader = threading.Thread(target=look)
    keeper.start()
    reader.start()
    try:
        _insert(engine, ROWS)
    finally:
        ended.set()
        reader.join()
        keeper.stop()
    assert _rows(engine) == ROWS
    assert _log(engine).stat().st_size < ROWS * PAGE / 2  # each commit is a page or more


def test_a_long_read_keeps_no_writer_waiting_and_the_log_begins_anew_after_it(
    engine: Engine,
) -> None:
    with read(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
        _insert(engine, 50)
        checkpoint(engine, most_pages=10)
        _insert(engine, 50)
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
    checkpoint(engine, most_pages=10)
    size = _log(engine).stat().st_size
    _insert(engine, 50)
    assert _log(engine).stat().st_size == size
    assert _rows(engine) == 150


def test_a_killed_writer_loses_nothing_that_it_committed(engine: Engine) -> None:
    # Another one has the database open, or its end would have the log emptied.
    command = [sys.executable, "-c", WRITER, str(engine.url)]
    assert subprocess.run(command, timeout=120).returncode == -signal.SIGKILL
    assert _rows(engine) == 300
    checkpoint(engine, most_pages=10)
    size = _log(engine).stat().st_size
    _insert(engine, 100)
    assert _log(engine).stat().st_size == size


def test_nobody_looks_where_nobody_writes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()

    def look(at: Engine) -> None:
        if at is engine:  # and not one that another test has left open
            looked.set()

    monkeypatch.setattr(checkpoints, "checkpoint", look)
    monkeypatch.setattr(checkpoints, "PERIOD_S", 0.01)
    keeper = Checkpoints(engine)
    keeper.start()
    try:
        _rows(engine)
        assert not looked.wait(0.2)
        _insert(engine, 1)
        assert looked.wait(60)
    finally:
        keeper.stop()
