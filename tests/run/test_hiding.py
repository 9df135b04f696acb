"""What a job cannot see: the rest of the home, and how it fares when it tries to look."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_namespace import NOBODY, SYSTEM_PYTHON, _readable_by_others, needs_namespaces

from studio_ext.files import write_json
from studio_ext.run import shim
from studio_ext.run.contract import CODE, Channel

TRIES = """
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
home, victim = os.environ["STUDIO_TEST_HOME"], os.environ["VICTIM"]
NEWUSER, NEWNS, DETACH = 0x10000000, 0x00020000, 2

def attempt(do):
    try:
        return repr(do())
    except OSError as error:
        return type(error).__name__

def uncover():
    if libc.umount2(home.encode(), DETACH):
        raise OSError(ctypes.get_errno(), "umount2")
    return "uncovered"

def uncover_in_a_namespace():
    reader, writer = os.pipe()
    if os.fork() == 0:
        told = "no namespace"
        if libc.unshare(NEWUSER | NEWNS) == 0:
            told = attempt(uncover) + " " + attempt(lambda: os.listdir(home))
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)
    return os.fdopen(reader).read()

print(json.dumps({
    "home": sorted(os.listdir(home)),
    "secret": attempt(lambda: open(home + "/studio.db").read()),
    "neighbour": attempt(lambda: os.listdir(home + "/jobs/neighbour")),
    "uncover": attempt(uncover),
    "again": sorted(os.listdir(home)),
    "nested": attempt(uncover_in_a_namespace),
    "environ": attempt(lambda: open("/proc/" + victim + "/environ").read()),
    "root": attempt(lambda: os.listdir("/proc/" + victim + "/root" + home)),
    "shim": attempt(lambda: os.listdir("/proc/%d/root%s" % (os.getppid(), home))),
    "plant": attempt(lambda: open(home + "/planted", "w").close()),
}))
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder that an ordinary user can reach."""
    folder = Path("/tmp") / f"studio-hiding-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(
    not (os.path.exists(SYSTEM_PYTHON) and _readable_by_others(shim.__file__)),
    reason="another user could not read the interpreter or the package",
)
def test_an_ordinary_users_job_cannot_look(bench: Any, home: Path) -> None:
    """Its capabilities are gone by the time it runs, and what covers the rest stays."""
    script = home / "source" / "train.py"
    spec = bench.spec("pass", python=SYSTEM_PYTHON)
    bench.started.remove(spec.id)
    job = home / "jobs" / spec.id
    for folder in (job, home / "jobs" / "neighbour", script.parent, home / "environments"):
        folder.mkdir(parents=True)
    (home / "studio.db").write_text("SECRET")
    script.write_text(TRIES)
    victim = subprocess.Popen(["/bin/sleep", "60"], env={"TOKEN": "SECRET"}, user=NOBODY)
    try:
        document = spec.to_json()
        spec.channels.append(Channel("code", CODE, [(str(script), "train.py")], writable=True))
        document = {
            **spec.to_json(),
            "archives": [],
            "hidden": [str(home)],
            "environment": {"STUDIO_TEST_HOME": str(home), "VICTIM": str(victim.pid)},
        }
        write_json(job / "spec.json", document, mode=0o644)
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        command = [SYSTEM_PYTHON, "-I", "-S", shim.__file__, job, home / "environments"]
        subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], check=True)
        runner = type(bench.runner)(home / "jobs", home / "environments")
        bench.until(lambda: runner.observe(spec.id).phase == "Done")
        status = runner.observe(spec.id)
        lines = [line.text for line in runner.read_log(spec.id)]
    finally:
        victim.kill()
        victim.wait()
    assert status.failure_reason is None, lines
    found = json.loads(lines[-1])
    assert "SECRET" not in lines[-1]
    assert found.pop("home") == found.pop("again") == ["environments", "jobs"]
    assert found.pop("nested") in (
        "'no namespace'",
        "\"OSError ['environments', 'jobs']\"",
        "\"OSError ['jobs', 'environments']\"",
        "\"PermissionError ['environments', 'jobs']\"",
        "\"PermissionError ['jobs', 'environments']\"",
    )
    assert found.pop("neighbour") == found.pop("secret") == "FileNotFoundError"
    assert found.pop("plant") == "OSError"  # the cover is read-only
    assert set(found) == {"uncover", "environ", "root", "shim"}
    assert set(found.values()) == {"PermissionError"}


@needs_namespaces
def test_nothing_of_the_cover_is_left(bench: Any, tmp_path: Path) -> None:
    """Outputs are packed and folders cleaned as ever, and the host never sees the cover."""
    (tmp_path / "private").write_text("x")
    status = bench.run(
        """
        import os, sys
        print(os.path.exists(os.environ["SEEN"]), open("/opt/ml/input/data/train/x").read())
        open("/opt/ml/model/m", "w").write("model")
        """,
        channels={"train": {"x": "data"}},
        hidden=[str(tmp_path), str(tmp_path / "not-there")],
        environment={"SEEN": str(tmp_path / "private")},
    )
    assert status.failure_reason is None
    assert bench.log().splitlines() == ["False data"]
    assert status.packs["model.tar.gz"]["size"] > 0
    assert (tmp_path / "private").read_text() == "x"
    root = bench.runner.jobs / bench.started[-1]
    assert not (root / "scratch").exists()
