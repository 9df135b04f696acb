"""Inputs that are hostile or odd, and archives of results."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from studio_ext.run import inputs, packs, unpacking
from studio_ext.run.contract import CODE


def go_on() -> None:
    """A check that never ends anything."""


def make_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for information, data in members:
            information.size = len(data)
            tar.addfile(information, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    information = tarfile.TarInfo(name)
    information.type, information.linkname = kind, link
    return information


@pytest.mark.parametrize(
    "members",
    [
        [(member("../evil"), b"x")],
        [(member("a/../../evil"), b"x")],
        [(member("evil", tarfile.SYMTYPE, "/etc/passwd"), b"")],
        [(member("evil", tarfile.SYMTYPE, "../../outside"), b"")],
        [(member("link", tarfile.SYMTYPE, ".."), b""), (member("link/evil"), b"x")],
        [(member("evil", tarfile.LNKTYPE, "../outside"), b"")],
        [(member("evil", tarfile.CHRTYPE), b"")],
        [(member("n/" * 600 + "evil"), b"x")],
    ],
)
def test_archives_cannot_leave_their_folder(tmp_path: Path, members: list[Any]) -> None:
    (tmp_path / "outside").write_text("untouched")
    archive = make_tar(tmp_path / "a.tar.gz", *members)
    with pytest.raises(inputs.InputError):
        inputs.extract(archive, tmp_path / "code", go_on)
    assert sorted(os.listdir(tmp_path)) == ["a.tar.gz", "code", "outside"]
    assert (tmp_path / "outside").read_text() == "untouched"


def test_absolute_names_stay_inside(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", (member("/abs/file"), b"x"))
    inputs.extract(archive, tmp_path / "code", go_on)
    assert (tmp_path / "code/abs/file").read_bytes() == b"x"


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1 << 20)
    archive = make_tar(tmp_path / "a.tar.gz", (member("zeros"), bytes(8 << 20)))
    with pytest.raises(inputs.InputError, match="bomb"):
        inputs.extract(archive, tmp_path / "code", go_on)
    monkeypatch.setattr(unpacking, "MAX_FILES", 2)
    archive = make_tar(tmp_path / "b.tar.gz", *[(member(str(n)), b"") for n in range(3)])
    with pytest.raises(inputs.InputError, match="more than 2 files"):
        inputs.extract(archive, tmp_path / "more", go_on)


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", (member("f"), os.urandom(100_000)))
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(inputs.InputError, match=r"a\.tar\.gz cannot be extracted"):
        inputs.extract(archive, tmp_path / "code", go_on)


def test_a_plain_file_is_code_too(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()")
    inputs.extract(tmp_path / "train.py", tmp_path / "code", go_on)
    assert (tmp_path / "code/train.py").read_text() == "print()"


def test_extraction_can_be_ended(tmp_path: Path) -> None:
    def end() -> None:
        raise InterruptedError

    archive = make_tar(tmp_path / "a.tar.gz", (member("f"), b"x"))
    with pytest.raises((InterruptedError, inputs.InputError)):
        inputs.extract(archive, tmp_path / "code", end)
    assert not (tmp_path / "code/f").exists()


def test_inputs_are_hard_links_unless_copied(tmp_path: Path) -> None:
    source = tmp_path / "object"
    source.write_text("data")
    inputs.materialise([(str(source), "a/b")], tmp_path / "one", copy=False, check=go_on)
    inputs.materialise([(str(source), "a/b")], tmp_path / "two", copy=True, check=go_on)
    assert (tmp_path / "one/a/b").samefile(source)
    assert not (tmp_path / "two/a/b").samefile(source)
    inputs.detach(tmp_path / "one")
    assert not (tmp_path / "one/a/b").samefile(source)
    assert (tmp_path / "one/a/b").read_text() == "data"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "", ".", "..", "/"])
def test_input_names_cannot_leave_the_channel(tmp_path: Path, name: str) -> None:
    (tmp_path / "object").touch()
    files = [(str(tmp_path / "object"), name)]
    with pytest.raises(inputs.InputError, match="no usable file name"):
        inputs.materialise(files, tmp_path / "data", copy=False, check=go_on)


@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a", "a")])
def test_a_key_that_is_also_a_prefix(tmp_path: Path, names: tuple[str, str], copy: bool) -> None:
    (tmp_path / "object").touch()
    files = [(str(tmp_path / "object"), name) for name in names]
    with pytest.raises(inputs.InputError, match="one input is a file and another a folder"):
        inputs.materialise(files, tmp_path / "data", copy=copy, check=go_on)


def test_packs_are_the_same_each_time(tmp_path: Path) -> None:
    model = tmp_path / "model"
    for name in ("b", "a/z", "a/c"):
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_text(name)
    said: list[str] = []
    first = packs.pack(model, tmp_path / "1.tar.gz", False, said.append)
    second = packs.pack(model, tmp_path / "2.tar.gz", False, said.append)
    assert first is not None and second is not None
    assert (first["md5"], first["size"]) == (second["md5"], second["size"])
    with tarfile.open(tmp_path / "1.tar.gz") as tar:
        assert tar.getnames() == ["a", "b", "a/c", "a/z"]
        assert {(item.uid, item.uname) for item in tar} == {(0, "")}
    assert said == []


def test_packs_follow_links_to_the_jobs_own_files_and_keep_links_within(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (tmp_path / "outside").write_text("weights")
    (model / "real").write_text("real")
    os.link(model / "real", model / "second")
    (model / "within").symlink_to(model / "real")
    (model / "out").symlink_to(tmp_path / "outside")
    (model / "broken").symlink_to("nowhere/else")
    (model / "away").symlink_to("/proc/self/no-such-file")
    os.mkfifo(model / "pipe")
    said: list[str] = []
    packs.pack(model, tmp_path / "m.tar.gz", False, said.append, [tmp_path])
    with tarfile.open(tmp_path / "m.tar.gz") as tar:
        names = tar.getnames()
        for name in names:
            if name != "away":
                tar.extract(name, tmp_path / "copy", filter="data")
    assert names == ["away", "broken", "out", "real", "second", "within"]
    copy = tmp_path / "copy"
    assert (copy / "out").read_text() == "weights"
    assert (copy / "second").read_text() == "real"
    assert os.readlink(copy / "within") == "real"
    assert [text.split()[:2] for text in said] == [["WARNING:", "away"], ["pipe", "is"]]


def test_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    target = tmp_path / "m.tar.gz"
    assert packs.pack(tmp_path / "model", target, False, print) is None
    assert packs.pack(tmp_path / "missing", target, False, print) is None
    assert not target.exists()
    kept = packs.pack(tmp_path / "model", target, True, print)
    assert kept is not None
    with tarfile.open(target) as tar:
        assert tar.getnames() == []


def test_a_hostile_archive_fails_the_job_clearly(bench: Any) -> None:
    spec = bench.spec("print('ran')")
    evil = make_tar(bench.root / "evil.tar.gz", (member("../../../../evil"), b"x"))
    spec.archives.append((str(evil), CODE))
    bench.runner.launch(spec)
    status = bench.finish(spec.id)
    assert status.failure_reason.startswith("ClientError: the archive evil.tar.gz cannot be")
    assert not (bench.runner.jobs / "evil").exists()
