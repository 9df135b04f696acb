"""A model server whose worker hangs in a stop, or whose disk is full."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from model_servers import ECHO, Instance, is_alive, wait_for

from studio_ext.config import Config
from studio_ext.hosting.modelserver.beat import READY, Beat
from studio_ext.hosting.modelserver.workers import Command, WorkerProcess
from tests.faults.disk import CannotMount, Disk


def test_a_worker_that_stays_stopped_is_replaced(serve: Callable[..., Instance]) -> None:
    instance = serve({"name": "model", "code/inference.py": ECHO})
    (worker,) = instance.wait()["workers"]
    os.kill(worker["pid"], signal.SIGSTOP)
    wait_for(lambda: not is_alive(worker["pid"]))
    wait_for(lambda: [w for w in instance.status["workers"] if w["ready"] and w != worker])
    assert instance.ask(b"{}", content_type="application/json")[0]["status"] == 200


def test_a_worker_that_is_let_go_soon_is_left_alone(serve: Callable[..., Instance]) -> None:
    instance = serve({"name": "model", "code/inference.py": ECHO})
    (worker,) = instance.wait()["workers"]
    for _ in range(3):
        os.kill(worker["pid"], signal.SIGSTOP)
        signal.sigtimedwait([], 0.5)
        os.kill(worker["pid"], signal.SIGCONT)
    assert instance.ask(b"{}", content_type="application/json")[0]["status"] == 200
    assert [w["pid"] for w in instance.status["workers"]] == [worker["pid"]]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    try:
        disk = Disk(tmp_path / "disk", 4 << 20)
    except CannotMount as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield disk
    disk.close()


def test_no_page_without_room_is_touched(disk: Disk) -> None:
    """A mapped page that the disk has no room for would kill by SIGBUS."""
    known = Beat(disk.folder / "known", create=True)
    known.ready()
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        Beat(disk.folder / "new", create=True)
    again = Beat(disk.folder / "known", create=True)  # its room is its own
    assert again.state != READY
    again.ready()
    assert known.state == READY


def test_a_worker_that_cannot_be_started_is_started_later(tmp_path: Path) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    gone = Command(sys.executable, "script", "/", {}, tmp_path / "gone", log, 60, 60)
    worker = WorkerProcess(gone, str(tmp_path / "socket"), tmp_path / "beat")
    worker.step()
    assert worker.failures == 1 and "cannot be started" in str(worker.failure)
    worker.step()
    assert worker.failures == 2
    (tmp_path / "gone").mkdir()
    wait_for(lambda: (worker.step(), worker.pid)[1])
    worker.terminate()
    wait_for(worker.has_ended)
    os.close(log)


TALKATIVE = """
import json, sys
def model_fn(model_dir):
    return "model"
def transform_fn(model, body, content_type, accept):
    print("asked", body, flush=True)
    print("asked", body, file=sys.stderr, flush=True)
    if "fail" in body:
        raise ValueError("on purpose")
    return "answer", accept
"""


def test_predictions_do_not_need_room_for_what_they_print(
    serve: Callable[..., Instance], disk: Disk, config: Config
) -> None:
    config.home = str(disk.folder / "home")
    config.make_folders()
    instance = serve({"name": "model", "code/inference.py": TALKATIVE})
    (worker,) = instance.wait()["workers"]
    disk.fill()
    for body, status in ((b"x" * 5000, 200), (b"fail" * 2000, 500), (b"x" * 5000, 200)):
        assert instance.ask(body, content_type="text/csv")[0]["status"] == status
    disk.free()
    assert instance.ask(b"seen", content_type="text/csv")[0]["status"] == 200
    assert "asked seen" in instance.log
    assert [w["pid"] for w in instance.status["workers"]] == [worker["pid"]]
