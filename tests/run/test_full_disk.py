"""A full disk makes a job wait or fail with that reason; it never takes its supervisor along."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.files import drop_unfinished, write_atomic
from studio_ext.run import journal as journals
from studio_ext.run import logs
from studio_ext.run.contract import CODE
from studio_ext.run.journal import Journal
from studio_ext.run.layout import JobFolder
from studio_ext.run.runners.process import ProcessRunner
from tests.faults.disk import CannotMount
from tests.faults.disk import Disk as SmallDisk


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
    thread.join(60)
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


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        small = SmallDisk(tmp_path / "disk", 16 << 20)
    except CannotMount as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield small
    small.close()


@pytest.fixture
def cramped(bench: Any, small: SmallDisk) -> Any:
    """A bench whose jobs lie on a small disk."""
    bench.runner = ProcessRunner(small.folder / "jobs", bench.root / "environments")
    yield bench
    for job in bench.started:
        bench.runner.remove(job)
    bench.started.clear()


WAITING = """
import os, sys, time
print("ready", flush=True)
while not os.path.exists(GATE):
    time.sleep(0.02)
"""


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('print("more" * 5000, flush=True)', "disk is full"),
        ('open("/opt/ml/model/weights", "w").write("x" * 100_000)', "disk is full"),
        ("pass", "No space left"),  # there is no room to pack its model
    ],
    ids=["print", "write", "pack"],
)
def test_a_job_on_a_full_disk_fails_and_says_so(
    cramped: Any, small: SmallDisk, script: str, reason: str
) -> None:
    gate = cramped.root / "gate"
    begin = 'open("/opt/ml/model/part", "w").write("x" * 1000)\n'
    text = begin + WAITING.replace("GATE", repr(str(gate))) + script
    spec = cramped.spec(text)
    cramped.runner.launch(spec)
    cramped.until(lambda: "ready" in cramped.log())
    small.fill()
    gate.touch()
    cramped.until(lambda: cramped.status(spec.id).phase in ("Uploading", "Done"))
    small.free()
    status = cramped.finish(spec.id)
    assert status.outcome == "Failed" and reason in status.failure_reason


def test_a_supervisor_whose_own_log_has_no_room_tells_what_went_wrong(bench: Any) -> None:
    spec = bench.spec("pass", archives=[("/gone.tar.gz", CODE)])
    folder = bench.runner.log_path(spec.id).parent
    folder.mkdir(parents=True)
    (folder / "shim.log").symlink_to("/dev/full")
    bench.runner.launch(spec)
    status = bench.finish(spec.id)
    assert status.outcome == "Failed" and "gone.tar.gz" in status.failure_reason


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
