"""Files of lines: shared by processes, rotated, on a full disk."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.seen import context, lines, logs
from studio_ext.seen.lines import LineFile, event


def _append(path: Path, name: str, count: int) -> None:
    file = LineFile(path, most_bytes=20_000, kept=200)
    for number in range(count):
        time.sleep(0.001)
        file.write(f"{name} {number} {'x' * 50}".encode())
    file.close()


def test_processes_share_a_file_that_rotates(tmp_path: Path) -> None:
    """Every line of four writers is whole, in order for each, and there once."""
    path = tmp_path / "log"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(path, f"w{n}", 500)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found: dict[str, set[int]] = {f"w{n}": set() for n in range(4)}
    files = sorted(tmp_path.glob("log*"))
    for file in files:
        for line in file.read_text().splitlines():
            name, number, rest = line.split()
            assert rest == "x" * 50 and int(number) not in found[name]
            found[name].add(int(number))
    assert all(numbers == set(range(500)) for numbers in found.values())
    # The size is looked at now and then: what comes until then is all that a file is longer by.
    assert len(files) > 2


def test_only_so_many_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = LineFile(tmp_path / "log", most_bytes=100, kept=2)
    monkeypatch.setattr(lines, "_LOOK_S", 0.0)
    for number in range(100):
        file.write(f"{number:020d}".encode())
    assert {path.name for path in tmp_path.glob("log*")} == {"log", "log.1", "log.2"}
    file.close()


def test_a_deleted_file_is_made_again(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "log")
    file.write(b"before")
    (tmp_path / "log").unlink()
    time.sleep(0.3)
    file.write(b"after")
    assert (tmp_path / "log").read_text() == "after\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
    file.close()


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    handler = logs.to_file(tmp_path / "control.log")
    yield tmp_path / "control.log"
    logs.end(handler)


def test_records_are_json_with_their_request(logged: Path) -> None:
    log = logging.getLogger("studio_ext.somewhere")
    with context.acting("r-1"):
        log.info("said %s", 'with "quotes"\nand lines', extra={"job": "training-1"})
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("failed")
    first, second = (json.loads(line) for line in logged.read_text().splitlines())
    assert first["message"] == 'said with "quotes"\nand lines'
    assert (first["level"], first["logger"]) == ("INFO", "studio_ext.somewhere")
    assert (first["request_id"], first["job"]) == ("r-1", "training-1")
    assert first["time"].endswith("Z") and first["time"] <= second["time"]
    assert "ValueError: why" in second["exc_info"] and "request_id" not in second


def test_a_console_gets_words(capsys: pytest.CaptureFixture[str]) -> None:
    console = logs.to_console(sys.stderr)
    with context.acting("0123456789"):
        logging.getLogger("studio_ext.x").info("plain")
    logs.end(console)
    said = capsys.readouterr().err
    assert "INFO    plain  [01234567]\n" in said


_FULL = """
import logging, os, sys
from pathlib import Path
from studio_ext.seen import logs
folder = Path(sys.argv[1])
assert os.system(f"mount -t tmpfs -o size=64k tmpfs {folder}") == 0
logs.to_file(folder / "log")
log = logging.getLogger("studio_ext.x")
log.info("first")
ballast = open(folder / "ballast", "wb", buffering=0)
try:
    while True:
        ballast.write(b"x" * 512)
except OSError:
    pass
for number in range(200):
    log.info("lost %d %s", number, "x" * 500)
os.unlink(folder / "ballast")
ballast.close()
log.info("last")
sys.stdout.write((folder / "log").read_text())
"""


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    result = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", _FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in result.stderr and not result.stdout:
        pytest.skip(f"no namespaces here: {result.stderr}")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("cannot be written: [Errno 28]") == 1
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    messages = []
    for line in lines:
        try:
            messages.append(json.loads(line)["message"])
        except ValueError:  # the one that the disk had only room for in part
            messages.append("torn")
    kept = [text for text in messages if text.startswith("lost")]
    gap = next(text for text in messages if "lines are missing here" in text)
    assert messages[0] == "first" and messages[-1] == "last"
    assert int(gap.split()[0]) == 200 - len(kept)
    assert messages.count("torn") <= 1


def test_an_event_of_a_supervisor(tmp_path: Path) -> None:
    event(tmp_path / "shim.log", "studio.shim", "began", request_id="r", job="training-1")
    event(tmp_path / "no" / "such" / "folder", "studio.shim", "lost")
    line = json.loads((tmp_path / "shim.log").read_text())
    assert (line["message"], line["request_id"], line["job"]) == ("began", "r", "training-1")
    assert os.stat(tmp_path / "shim.log").st_mode & 0o777 == 0o600


def test_what_is_said_is_what_a_record_would_give(
    logged: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("studio_ext.somewhere")
    # pytest's own handler takes records alone, and then there is one.
    logs.say(log, "50 % of it", resource="arn:x", resource_id=7)
    monkeypatch.setattr(logging.getLogger("studio_ext"), "propagate", False)
    console = logs.to_console(sys.stderr)
    with context.acting("0123456789"):
        logs.say(log, "50 % of it", resource="arn:x", resource_id=7)
    logs.end(console)
    by_record, said = (json.loads(line) for line in logged.read_text().splitlines())
    assert said.pop("request_id") == "0123456789"
    del by_record["time"], said["time"]
    assert said == by_record
    assert "INFO    50 % of it  [01234567]\n" in capsys.readouterr().err
