"""A command that sees nothing of some folders: as root, as another user, where it cannot be had."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_namespace import (
    NOBODY,
    SYSTEM_PYTHON,
    UNSHARE,
    _readable_by_others,
    forbid_unshare,
    needs_namespaces,
)

from studio_ext.run import isolate

LOOKS = """
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
home, outside = sys.argv[1:]
def look(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return type(error).__name__
print(json.dumps({
    "home": look(home),
    "uncovered": libc.umount2(home.encode(), 2) == 0,
    "again": look(home),
    "up": look("../.."),
    "root": look(f"/proc/{outside}/root{home}"),
    "own": open("own", "w").write("x"),
}))
"""
FOUND = {
    "home": ["work"],
    "uncovered": False,
    "again": ["work"],
    "up": ["work"],
    "root": "PermissionError",
    "own": 1,
}


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a secret, and one to work in, that an ordinary user can reach."""
    folder = Path("/tmp") / f"studio-isolate-{os.getpid()}"
    (folder / "work/one").mkdir(parents=True)
    (folder / "studio.db").write_text("SECRET")
    yield folder
    shutil.rmtree(folder)


def look(home: Path, python: str, user: int | None) -> dict[str, object]:
    """What a command of the user's finds."""
    command = [python, *isolate.prefix([home, home / "missing"])[1:]]
    done = subprocess.run(
        [*command, python, "-I", "-S", "-c", LOOKS, str(home), str(os.getpid())],
        cwd=home / "work/one",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@needs_namespaces
def test_nothing_is_seen(home: Path) -> None:
    assert look(home, sys.executable, None) == FOUND
    assert sorted(os.listdir(home)) == ["studio.db", "work"]
    assert os.listdir(home / "work/one") == ["own"]


@needs_namespaces
def test_a_home_behind_a_link(home: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(home)
    assert look(link, sys.executable, None) == FOUND


@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.skipif(
    not (os.path.exists(SYSTEM_PYTHON) and _readable_by_others(isolate.__file__)),
    reason="another user could not read the interpreter or the package",
)
def test_an_ordinary_user(home: Path) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    assert look(home, SYSTEM_PYTHON, NOBODY) == FOUND


@pytest.mark.skipif(platform.machine() not in UNSHARE, reason="unknown system call numbers")
def test_it_is_told_where_there_are_no_namespaces(home: Path) -> None:
    """The command runs all the same, as jobs do."""
    done = subprocess.run(
        [*isolate.prefix([home]), sys.executable, "-I", "-S", "-c", "print('ran')"],
        cwd=home / "work/one",
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=forbid_unshare,
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("WARNING: this code can read all that Studio keeps on this machine")
    assert "mount namespaces are not allowed here" in first and second == "ran"
