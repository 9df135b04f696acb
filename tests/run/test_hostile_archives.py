"""Archives made to do harm, and output that would take more along than the job's own."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio_ext.run import packs, unpacking
from studio_ext.run.unpacking import InputError, extract

MB = 1 << 20


def go_on() -> None:
    """A check that never ends anything."""


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **more: Any) -> Any:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    for key, value in more.items():
        setattr(found, key, value)
    return found


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for information, data in members:
            information.size = len(data)
            tar.addfile(information, io.BytesIO(data))
    return path


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


SYM, LINK = tarfile.SYMTYPE, tarfile.LNKTYPE


def _deep_links() -> list[tuple[tarfile.TarInfo, bytes]]:
    """Links whose resolution is longer than a path may be: what CVE-2025-4517 is made of."""
    steps = "abcdefghijklmnop"
    found, place = [], ""
    for step in steps:
        folder = "d" * 247
        found.append((member(place + folder, tarfile.DIRTYPE), b""))
        found.append((member(place + step, SYM, folder), b""))
        place += folder + "/"
    chain = "/".join(steps)
    long = "l" * 254
    found.append((member(f"{chain}/{long}", SYM, "../" * len(steps)), b""))
    found.append((member("escape", SYM, f"{chain}/{long}/../../../outside"), b""))
    found.append((member("flag", LINK, "escape/canary"), b""))
    found.append((member("flag"), b"overwritten"))
    return found


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([(member("a", SYM, "b"), b""), (member("b", SYM, "a"), b"")], id="loop"),
        pytest.param([(member("s", SYM, "d"), b""), (member("s/evil"), b"x")], id="behind-a-link"),
        pytest.param(
            [
                (member("a/b/c", tarfile.DIRTYPE), b""),
                (member("a/b/c/s", SYM, "../../../d"), b""),
                (member("d", tarfile.DIRTYPE), b""),
                (member("t", SYM, "a/b/c/s/../../outside"), b""),
            ],
            id="words-stay-inside",
        ),
        pytest.param(
            [(member("s", SYM, "/"), b""), (member("h", LINK, "s/etc/passwd"), b"")],
            id="hard-link-through-a-link",
        ),
        pytest.param([(member("h", LINK, "/etc/passwd"), b"")], id="hard-link-absolute"),
        pytest.param(
            [(member("x", SYM, "../outside/canary"), b""), (member("x"), b"!")], id="twice"
        ),
        pytest.param([(member("b", tarfile.BLKTYPE), b"")], id="block-device"),
        pytest.param([(member("f", tarfile.FIFOTYPE), b"")], id="fifo"),
        pytest.param([(member("n", pax_headers={"path": "a\0b"}), b"x")], id="nul"),
        pytest.param([(member("n", pax_headers={"path": "../../evil"}), b"x")], id="pax-path"),
        pytest.param(
            [(member("n", pax_headers={"linkpath": "/etc"}, kind=SYM), b"")], id="pax-link"
        ),
        pytest.param(_deep_links(), id="links-longer-than-a-path"),
    ],
)
def test_nothing_leaves_the_folder(tmp_path: Path, members: list[Any]) -> None:
    canary = tmp_path / "outside" / "canary"
    canary.parent.mkdir()
    canary.write_text("untouched")
    before = files(tmp_path)
    packed = archive(tmp_path / "a.tar.gz", *members)
    with pytest.raises(InputError, match=r"the archive a\.tar\.gz cannot be extracted: ") as found:
        extract(packed, tmp_path / "code", go_on)
    assert str(tmp_path) not in str(found.value), "the text shows where things are on this machine"
    left = {name for name in files(tmp_path) if not name.startswith("code")}
    assert left == before | {"a.tar.gz"}
    assert canary.read_text() == "untouched"


def test_modes_that_give_rights_are_taken_off(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.tar.gz", (member("tool", mode=0o6777, uid=0), b"#!"))
    extract(packed, tmp_path / "code", go_on)
    mode = (tmp_path / "code/tool").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH | stat.S_IWGRP)


def test_the_last_of_several_members_of_a_name_counts(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.tar.gz", (member("x"), b"first"), (member("x"), b"last"))
    extract(packed, tmp_path / "code", go_on)
    assert (tmp_path / "code/x").read_bytes() == b"last"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_ends_at_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 4 * MB)
    monkeypatch.setattr(unpacking, "MAX_RATIO", 10)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        information = member("zeros")
        information.size = 64 * MB
        tar.addfile(information, io.BytesIO(bytes(64 * MB)))
    (tmp_path / "a.tar.gz").write_bytes(pack(raw.getvalue()))
    with pytest.raises(InputError, match="it is a bomb and holds more than 4194304 bytes"):
        extract(tmp_path / "a.tar.gz", tmp_path / "code", go_on)
    assert sum(path.stat().st_size for path in (tmp_path / "code").rglob("*")) == 0


def test_a_sparse_file_counts_with_all_its_holes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 4 * MB)
    sparse = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes"}
    sparse["GNU.sparse.realsize"] = str(1 << 50)
    holes = member("holes", pax_headers=sparse)
    packed = archive(tmp_path / "a.tar.gz", (holes, b"1\n0\n0\n".ljust(512, b"\0")))
    with pytest.raises(InputError, match="bomb"):
        extract(packed, tmp_path / "code", go_on)


def header(name: str, kind: bytes, size: int) -> bytes:
    """A raw tar header that claims a size."""
    found = member(name, kind)
    found.size = size
    return found.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_header_is_not_read_whole_whatever_it_claims(tmp_path: Path, kind: bytes) -> None:
    """A gigabyte of zeros is a megabyte of archive."""
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(header("big", kind, 1 << 30))
        file.write(bytes(MB))
    tracemalloc.start()
    with pytest.raises(InputError, match="it has a header that is too large"):
        extract(path, tmp_path / "code", go_on)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MB


def test_a_negative_size_does_not_go_round_in_circles(tmp_path: Path) -> None:
    """CVE-2025-8194: the next header would be found before this one, for ever."""
    path = tmp_path / "a.tar"
    wrong = bytearray(header("x", b"5", 0))
    wrong[124:136] = b"\xff" * 10 + (-1024 & 0xFFFF).to_bytes(2, "big")
    wrong[148:156] = b" " * 8
    wrong[148:156] = b"%06o\0 " % sum(wrong)
    path.write_bytes(header("first", b"0", 0) + bytes(wrong) + bytes(1024))
    with pytest.raises(InputError):
        extract(path, tmp_path / "code", go_on)


def test_many_members_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_FILES", 1000)
    packed = archive(tmp_path / "a.tar.gz", *[(member(f"f{n}"), b"") for n in range(1001)])
    with pytest.raises(InputError, match="more than 1000 files"):
        extract(packed, tmp_path / "code", go_on)


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"\x1f\x8b" + b"\xff" * 600, b"BZh9garbage"])
def test_what_is_no_archive_is_a_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "train.py").write_bytes(data)
    extract(tmp_path / "train.py", tmp_path / "code", go_on)
    assert (tmp_path / "code/train.py").read_bytes() == data


def test_every_cut_of_an_archive_is_refused_or_shorter(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.tar.gz", (member("f"), os.urandom(3000))).read_bytes()
    for cut in range(20, len(whole) - 1, 97):
        path = tmp_path / f"{cut}.tar.gz"
        path.write_bytes(whole[:cut])
        try:
            extract(path, tmp_path / str(cut), go_on)
        except InputError as error:
            assert f"the archive {cut}.tar.gz cannot be extracted" in str(error)


# --- packing


def packed(
    source: Path, own: tuple[Path, ...] = ()
) -> tuple[dict[str, tarfile.TarInfo], list[str]]:
    said: list[str] = []
    target = source.parent / "out.tar.gz"
    packs.pack(source, target, True, said.append, own)
    with tarfile.open(target) as tar:
        return {item.name: item for item in tar}, said


def test_links_out_of_the_job_are_packed_as_links(tmp_path: Path) -> None:
    model = tmp_path / "job/ml/model"
    model.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    (model / "passwd").symlink_to("/etc/passwd")
    (model / "secret").symlink_to(secret)
    (model / "folder").symlink_to("/etc")
    (model / "proc").symlink_to("/proc/self/environ")
    found, said = packed(model, (tmp_path / "job/ml",))
    assert {name: item.linkname for name, item in found.items()} == {
        "passwd": "/etc/passwd",
        "secret": str(secret),
        "folder": "/etc",
        "proc": "/proc/self/environ",
    }
    assert all(item.issym() for item in found.values())
    assert sorted(text.split()[1] for text in said) == sorted(found)
    assert b"hunter2" not in gzip.decompress((tmp_path / "job/ml/out.tar.gz").read_bytes())


def test_names_that_are_no_text_are_packed(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in (b"\xff\xfe", "e\u0301".encode(), b"a\nb", b"-rf", b"x" * 255):
        Path(os.fsdecode(os.path.join(os.fsencode(model), name))).write_text("x")
    found, _ = packed(model)
    assert len(found) == 5
    extract(model.parent / "out.tar.gz", tmp_path / "again", go_on)
    assert sorted(os.listdir(os.fsencode(tmp_path / "again"))) == sorted(
        os.listdir(os.fsencode(model))
    )
