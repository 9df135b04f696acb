"""A full disk makes a job wait or fail with that reason; it never takes its supervisor along."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from studio_ext.files import drop_unfinished, write_atomic
from studio_ext.run import journal as journals
from studio_ext.run import logs
from studio_ext.run.journal import Journal
from studio_ext.run.layout import JobFolder


class Disk:
    """Stands in for a disk; writes of notes fail while it is ``full``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        write_json = journals.write_json

        def write(path: Path, document: Any) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            write_json(path, document)

        monkeypatch.setattr(journals, "write_json", write)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    found = JobFolder(tmp_path / "job")
    found.root.mkdir()
    return found


def test_a_phase_that_cannot_be_noted_is_in_the_next_note(folder: JobFolder, disk: Disk) -> None:
    journal = Journal(folder)
    journal.enter("Starting")
    disk.full = True
    journal.enter("Training")
    disk.full = False
    journal.enter("Uploading")
    assert [t.status for t in journal.status.transitions] == ["Starting", "Training", "Uploading"]
    assert "Training" in folder.status.read_text()


def test_the_first_note_must_succeed(folder: JobFolder, disk: Disk) -> None:
    disk.full = True
    with pytest.raises(OSError, match="No space left"):
        Journal(folder).enter("Starting")


def test_the_outcome_waits_for_room(folder: JobFolder, disk: Disk) -> None:
    journal = Journal(folder)
    journal.enter("Training")
    disk.full = True
    thread = threading.Thread(target=journal.finish, args=[journal.status.failed("A", "because")])
    thread.start()
    time.sleep(0.3)
    assert thread.is_alive() and "because" not in folder.status.read_text()
    disk.full = False
    thread.join(10)
    assert "because" in folder.status.read_text()


def test_lines_are_dated_later_when_the_index_has_no_room(
    folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.log.write_text("one\n")
    indexer = logs.Indexer(folder.log, folder.index)
    with monkeypatch.context() as patch:
        patch.setattr(logs.os, "write", _full)
        indexer.sample()
    assert folder.index.stat().st_size == 0
    indexer.sample()
    assert folder.index.stat().st_size == 16


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_a_killed_writer_left_is_dropped(tmp_path: Path) -> None:
    write_atomic(tmp_path / "kept.json", b"{}")
    left = tmp_path / ".kept.json.abcdefgh.tmp"
    left.write_text("hal")
    drop_unfinished(tmp_path, older_than_s=60)
    assert left.exists(), "its writer may still be at it"
    os.utime(left, (1, 1))
    drop_unfinished(tmp_path, older_than_s=60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.json"]


def test_unfinished_writes_have_a_name_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("studio_ext.files.os.replace", killed)
    monkeypatch.setattr("studio_ext.files.os.unlink", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", b"x")
    monkeypatch.undo()
    assert len(list(tmp_path.iterdir())) == 1
    drop_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []
