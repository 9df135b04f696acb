"""Where addresses lie: files of this machine, and objects of an S3 that boto3 speaks to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio_ext.wrangler.errors import DataError, UnsupportedError
from studio_ext.wrangler.storage import Anywhere, LocalPlaces, local


def _keys(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="tables").get("Contents", [])]


def _contents(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_text() for each in files}


def test_an_object_is_copied_once_for_each_version(s3: Any, tmp_path: Path) -> None:
    places = Anywhere(tmp_path / "cache")
    s3.put_object(Bucket="tables", Key="a/in.csv", Body=b"a\n1\n")
    first = places.read("s3://tables/a/in.csv")
    assert (first.name, first.read_text()) == ("in.csv", "a\n1\n")
    copied = first.stat().st_ino
    again = Anywhere(tmp_path / "cache").read("s3a://tables/a/in.csv")
    assert (again, again.stat().st_ino) == (first, copied)
    s3.put_object(Bucket="tables", Key="a/in.csv", Body=b"a\n2\n")
    assert places.read("s3://tables/a/in.csv").read_text() == "a\n2\n"
    assert first.read_text() == "a\n1\n"  # whoever reads the older one may go on
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_prefix_is_a_folder(s3: Any, tmp_path: Path) -> None:
    places = Anywhere(tmp_path / "cache")
    for key in ("p/x=1/a.csv", "p/x=2/b.csv", "p/", "p2/c.csv"):
        s3.put_object(Bucket="tables", Key=key, Body=key.encode())
    expected = {"x=1/a.csv": "p/x=1/a.csv", "x=2/b.csv": "p/x=2/b.csv"}
    assert _contents(places.read("s3://tables/p/")) == expected
    assert places.read("s3://tables/p") == places.read("s3://tables/p/")
    s3.delete_object(Bucket="tables", Key="p/x=1/a.csv")
    assert list(_contents(places.read("s3://tables/p/"))) == ["x=2/b.csv"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://tables/gone.csv", "s3Uri: there is no object 's3://tables/gone.csv'"),
        ("s3://no-bucket-of-this-name/x", "s3Uri: 's3://no-bucket-of-this-name/x'"),
        ("s3:///x", "names no bucket"),
        ("s3://tables/out", "has no name that a file can have"),
    ],
)
def test_what_cannot_be_read_is_said(s3: Any, tmp_path: Path, address: str, words: str) -> None:
    s3.put_object(Bucket="tables", Key="out/../../evil", Body=b"x")
    with pytest.raises(DataError, match=words):
        Anywhere(tmp_path / "cache").read(address)
    assert not (tmp_path / "evil").exists()


def test_a_folder_takes_the_place_of_what_an_earlier_run_wrote(s3: Any, tmp_path: Path) -> None:
    places = Anywhere(tmp_path / "cache")
    for key in ("o/part-00000.csv", "o/part-00001.csv", "o/k=1/part-0.csv", "o/mine.csv"):
        s3.put_object(Bucket="tables", Key=key, Body=b"old")
    with places.write("s3://tables/o/") as made:
        (made / "k=2").mkdir(parents=True)
        (made / "part-00000.csv").write_text("new")
        (made / "k=2" / "part-00000.csv").write_text("new")
    new = ["o/k=2/part-00000.csv", "o/mine.csv", "o/part-00000.csv"]
    assert _keys(s3) == new
    with pytest.raises(RuntimeError), places.write("s3://tables/file.csv") as made:
        made.write_text("half")
        raise RuntimeError
    assert _keys(s3) == new
    with places.write("s3://tables/file.csv") as made:
        made.write_text("whole")
    assert places.read("s3://tables/file.csv").read_text() == "whole"


def test_a_folders_readers_never_see_old_and_new(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Anywhere(tmp_path / "cache", s3)
    seen: list[set[str]] = []

    def contents() -> set[str]:
        keys = [key for key in _keys(s3) if not key.startswith("o/_temporary/")]
        return {s3.get_object(Bucket="tables", Key=key)["Body"].read().decode() for key in keys}

    def watched(call: Any) -> Any:
        def do(*arguments: Any) -> None:
            call(*arguments)
            seen.append(contents())

        return do

    def write(content: str) -> None:
        with places.write("s3://tables/o/") as made:
            made.mkdir()
            for number in range(3):
                (made / f"part-{number:05d}.csv").write_text(content)

    write("old")
    monkeypatch.setattr(s3, "upload_file", watched(s3.upload_file))
    monkeypatch.setattr(s3, "copy", watched(s3.copy))
    write("new")
    assert seen == [{"old"}] * 3 + [{"new"}] * 3
    monkeypatch.undo()

    def fails(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(s3, "upload_file", fails)
    with pytest.raises(KeyboardInterrupt):
        write("newer")
    assert (contents(), len(_keys(s3))) == ({"new"}, 3)


def test_a_folder_is_replaced_in_one_step(tmp_path: Path) -> None:
    places = LocalPlaces()
    target = tmp_path / "deep" / "out"
    for content in ("one", "two"):
        with places.write(target.as_uri()) as made:
            made.mkdir()
            (made / "part-00000.csv").write_text(content)
        assert _contents(target) == {"part-00000.csv": content}
    with places.write(str(target)) as made:
        made.write_text("a file now")
    assert target.read_text() == "a file now"
    assert [each.name for each in target.parent.iterdir()] == ["out"]


def test_what_a_killed_writer_left_goes_and_the_old_stays(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    code = (
        "import os, signal, sys\n"
        "from studio_ext.wrangler.storage import LocalPlaces\n"
        "with LocalPlaces().write(sys.argv[1]) as made:\n"
        "    made.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_text() == "old" and len(os.listdir(tmp_path)) == 2
    with LocalPlaces().write(str(target)) as living, LocalPlaces().write(str(target)) as made:
        made.write_text("new")
        living.write_text("newer")  # its files are not taken for abandoned ones
    assert target.read_text() == "newer"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_folders_with_other_things_are_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebook.ipynb").write_text("{}")
    with pytest.raises(DataError, match=r"notebook\.ipynb', which is no table"):
        LocalPlaces().write(str(tmp_path)).__enter__()
    (tmp_path / "many").mkdir()
    for number in range(3):
        (tmp_path / "many" / f"{number}.csv").touch()
    with monkeypatch.context() as patch:
        patch.setattr(local, "_MOST_REPLACED", 2)
        with pytest.raises(DataError, match="holds more than 2 files"):
            LocalPlaces().write(str(tmp_path / "many")).__enter__()
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DataError, match="would be replaced as a whole, and holds"):
        LocalPlaces().write("~").__enter__()
    with pytest.raises(UnsupportedError, match="no place on this machine"):
        Anywhere().read("gs://bucket/x")
