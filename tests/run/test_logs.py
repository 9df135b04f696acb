"""Reading logs: times, carriage returns, broken text, long lines."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from studio_ext.run.logs import MAX_LINE, Indexer, LogReader


class Log:
    """A log written in steps, each at its own time."""

    def __init__(self, folder: Path) -> None:
        self.log, self.index = folder / "log", folder / "log.index"
        self.log.touch()

    def write(self, data: bytes, milliseconds: int) -> None:
        with open(self.log, "ab") as log:
            log.write(data)
        with open(self.index, "ab") as index:
            index.write(struct.pack("<QQ", self.log.stat().st_size, milliseconds))

    def reader(self, ended: bool = True) -> LogReader:
        return LogReader(self.log, self.index, ended)

    def texts(self, ended: bool = True) -> list[str]:
        return [line.text for line in self.reader(ended).read()]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_lines_carry_the_time_of_their_first_byte(log: Log) -> None:
    log.write(b"one\ntwo", 1000)
    log.write(b" and a half\nthree\n", 1200)
    lines = log.reader().read()
    assert [(line.timestamp_ms, line.text) for line in lines] == [
        (1000, "one"),
        (1000, "two and a half"),
        (1200, "three"),
    ]
    assert [(line.offset, line.end) for line in lines] == [(0, 4), (4, 19), (19, 25)]


def test_reading_goes_on_where_it_ended(log: Log) -> None:
    log.write(b"".join(b"%d\n" % number for number in range(100)), 1)
    seen: list[str] = []
    offset = 0
    while lines := log.reader().read(offset, limit=7):
        seen += [line.text for line in lines]
        offset = lines[-1].end
    assert seen == [str(number) for number in range(100)]


def test_an_unfinished_line_waits_for_its_end(log: Log) -> None:
    log.write(b"whole\npart", 1)
    assert log.texts(ended=False) == ["whole"]
    assert log.texts(ended=True) == ["whole", "part"]


def test_bytes_after_the_last_sample_have_the_files_time(log: Log) -> None:
    log.write(b"known\n", 1000)
    with open(log.log, "ab") as file:
        file.write(b"the supervisor died\n")
    last = log.reader().read()[-1]
    assert last.timestamp_ms == int(log.log.stat().st_mtime * 1000)


def test_redrawn_lines_show_their_last_state(log: Log) -> None:
    log.write(b"\r10%\r50%\r100%\nwindows\r\n\r\n", 1)
    assert log.texts() == ["100%", "windows", ""]


def test_a_long_progress_bar_is_seen_while_it_moves(log: Log) -> None:
    for second in range(13):
        log.write(b"\r%d s" % second, 1000 * second)
    assert log.texts(ended=False) == ["4 s", "9 s"]
    assert log.texts(ended=True) == ["4 s", "9 s", "12 s"]
    log.write(b"\n", 13_000)
    assert log.texts() == ["4 s", "9 s", "12 s"]


def test_text_that_is_not_utf8(log: Log) -> None:
    log.write("höher\n".encode() + b"\xff\xfe bad\n", 1)
    assert log.texts() == ["höher", "\ufffd\ufffd bad"]


def test_very_long_lines_are_split_between_characters(log: Log) -> None:
    text = "a" + "é" * MAX_LINE
    log.write(text.encode() + b"\nnext\n", 1)
    lines = log.texts()
    assert lines[-1] == "next"
    assert "".join(lines[:-1]) == text
    assert all(len(line.encode()) <= MAX_LINE for line in lines)
    log.write(b"x" * (3 * MAX_LINE + 5) + b"\n", 2)
    assert [len(line) for line in log.texts()[4:]] == [MAX_LINE] * 3 + [5]


def test_binary_lines_do_not_stall(log: Log) -> None:
    log.write(b"\xff" * (2 * MAX_LINE) + b"\n", 1)
    assert sum(len(text) for text in log.texts()) == 2 * MAX_LINE


@pytest.mark.parametrize("count", [0, 1, 3, 500, 20_000, 40_000])
def test_tail(log: Log, count: int) -> None:
    log.write(b"".join(b"line %06d and some more text\n" % n for n in range(30_000)), 1)
    lines = [line.text for line in log.reader().tail(count)]
    first = max(0, 30_000 - count)
    assert lines == [f"line {n:06d} and some more text" for n in range(first, 30_000)]


def test_offset_of_a_time(log: Log) -> None:
    log.write(b"a\nb\n", 1000)
    log.write(b"c\n", 2000)
    reader = log.reader()
    assert [reader.offset_at(moment) for moment in (0, 1000, 1001, 2000, 2001)] == [0, 0, 4, 4, 6]


def test_no_log_and_a_torn_index(tmp_path: Path) -> None:
    assert LogReader(tmp_path / "none", tmp_path / "none.index", True).read() == []
    assert LogReader(tmp_path / "none", tmp_path / "none.index", True).tail(5) == []
    log = Log(tmp_path)
    log.write(b"a\n", 5)
    with open(log.index, "ab") as index:
        index.write(b"torn")
    assert log.reader().read()[0].timestamp_ms == 5


def test_the_indexer_notes_growth_only(tmp_path: Path) -> None:
    indexer = Indexer(tmp_path / "log", tmp_path / "log.index")
    indexer.sample()
    (tmp_path / "log").write_bytes(b"abc\n")
    indexer.sample()
    indexer.sample()
    assert (tmp_path / "log.index").stat().st_size == 16
    assert LogReader(tmp_path / "log", tmp_path / "log.index", True).read()[0].text == "abc"
