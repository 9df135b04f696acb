"""Trouble of the machine has an error of its own; a bug has not."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, exc, text

from studio_ext.control.trouble import explain


def test_a_full_disk() -> None:
    error = explain(OSError(errno.ENOSPC, "No space left on device"))
    assert error is not None
    assert (error.code, error.status) == ("InsufficientStorage", 507)
    assert "disk" in error.message and "full" in error.message


def test_a_full_disk_below_the_database(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'small.db'}")
    with pytest.raises(exc.OperationalError) as raised, engine.begin() as connection:
        connection.execute(text("PRAGMA max_page_count = 2"))
        connection.execute(text("CREATE TABLE t (x)"))
        connection.execute(text("INSERT INTO t VALUES (zeroblob(100000))"))
    error = explain(raised.value)
    assert error is not None and error.status == 507


def test_a_busy_database_is_to_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "busy.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN IMMEDIATE")
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.01})
    with pytest.raises(exc.OperationalError) as raised, engine.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
    error = explain(raised.value)
    assert error is not None
    assert (error.code, error.status) == ("ServiceUnavailable", 503)
    assert "busy" in error.message
    other.close()


def test_the_cause_counts() -> None:
    try:
        try:
            raise OSError(errno.EDQUOT, "Quota exceeded")
        except OSError as cause:
            raise RuntimeError("the archive") from cause
    except RuntimeError as error:
        assert explain(error) is not None


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        OSError(errno.ENOENT, "No such file"),
        exc.ProgrammingError("x", {}, Exception("no such table")),
    ],
)
def test_a_bug_stays_a_bug(error: Exception) -> None:
    assert explain(error) is None
