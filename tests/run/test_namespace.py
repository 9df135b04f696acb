"""The job's own ``/opt/ml``: for root, for other users, and where it cannot be had."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio_ext.files import write_json
from studio_ext.run import namespace, shim
from studio_ext.run.contract import CODE, ML, Channel
from studio_ext.run.layout import rewrite

NOBODY = 65534
WORKS = namespace.probe(Path("/tmp"))["opt_ml"]
needs_namespaces = pytest.mark.skipif(not WORKS, reason="this platform has no mount namespaces")
SYSTEM_PYTHON = "/usr/bin/python3"

WRITES = """
    import os
    path = "/opt/ml/input/data/train/x"
    real = os.path.realpath("/proc/self/cwd")
    with open(path, "a") as file:
        file.write("+changed")
    open("/opt/ml/input/data/train/new", "w").close()
    os.chmod(path, 0o777)
    print(open(path).read(), sorted(os.listdir("/opt/ml/input/data/train")))
    os.remove(path)
    print(os.listdir("/opt/ml/input/data/train"))
"""


@needs_namespaces
def test_hard_coded_paths_work_and_the_host_is_untouched(bench: Any) -> None:
    before = os.listdir("/opt")
    status = bench.run(
        """
        import json, os
        config = json.load(open("/opt/ml/input/config/hyperparameters.json"))
        print(config["depth"], open("/opt/ml/input/data/train/x").read())
        open("/opt/ml/model/m", "w").write("model")
        print(*sorted(os.listdir("/opt")))
        """,
        hyperparameters={"depth": "3"},
        channels={"train": {"x": "data"}},
    )
    assert status.failure_reason is None
    assert bench.log().splitlines() == ["3 data", " ".join(sorted({*before, "ml"}))]
    assert os.listdir("/opt") == before
    assert (bench.ml() / "model/m").read_text() == "model"


@needs_namespaces
def test_writing_to_an_input_changes_nothing_stored(bench: Any) -> None:
    status = bench.run(WRITES, channels={"train": {"x": "data"}})
    assert status.failure_reason is None
    assert bench.log().splitlines() == ["data+changed ['new', 'x']", "['new']"]
    stored = bench.stored("train", "x")
    assert stored.read_text() == "data"
    assert stored.stat().st_mode & 0o777 == 0o644
    assert stored.stat().st_nlink == 1  # the job's link is gone with the job


@needs_namespaces
def test_the_real_path_of_an_input_is_protected_too(bench: Any) -> None:
    status = bench.run(
        "import sys; open(sys.argv[2] + '/input/data/train/x', 'w').write('changed')",
        hyperparameters={
            "ml": str(bench.root / "jobs/job-0/opt/ml").replace("/opt/ml", "/opt/./ml")
        },
        channels={"train": {"x": "data"}},
    )
    assert status.failure_reason is None
    assert bench.stored("train", "x").read_text() == "data"


def in_child(check: Callable[[], None]) -> None:
    """Run a check in a process that may enter namespaces of its own."""
    child = os.fork()
    if child == 0:
        try:
            check()
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@needs_namespaces
def test_without_overlay_inputs_are_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "x").write_text("data")
    mount = namespace._mount

    def refuse_overlay(source: str, target: str, kind: str | None, *rest: Any) -> None:
        if kind == "overlay":
            raise OSError("refused")
        mount(source, target, kind, *rest)

    monkeypatch.setattr(namespace, "_mount", refuse_overlay)

    def check() -> None:
        namespace.enter()
        assert namespace.protect(data, tmp_path / "scratch") == "read-only"
        with pytest.raises(OSError, match="Read-only"):
            (data / "x").write_text("changed")
        assert (data / "x").read_text() == "data"
        namespace.unmount(data)
        (data / "x").write_text("free again")

    in_child(check)
    assert (data / "x").read_text() == "free again"


@needs_namespaces
def test_an_opt_ml_of_the_host_is_covered(tmp_path: Path) -> None:
    host, job = tmp_path / "opt/ml", tmp_path / "job"
    host.mkdir(parents=True)
    job.mkdir()
    (host / "of_the_host").touch()
    (job / "of_the_job").touch()

    def check() -> None:
        namespace.enter()
        namespace.show_as_ml(job, str(host))
        assert os.listdir(host) == ["of_the_job"]

    in_child(check)
    assert os.listdir(host) == ["of_the_host"]


@needs_namespaces
def test_a_rebuilt_parent_keeps_folders_files_and_links(tmp_path: Path) -> None:
    parent, job = tmp_path / "opt", tmp_path / "opt/studio/job"
    job.mkdir(parents=True)  # the home may lie below the very folder that is rebuilt
    (parent / "file").write_text("text")
    (parent / "link").symlink_to("file")

    def check() -> None:
        namespace.enter()
        namespace.show_as_ml(job, str(parent / "ml"))
        assert sorted(os.listdir(parent)) == ["file", "link", "ml", "studio"]
        assert (parent / "link").read_text() == "text"
        (parent / "ml/made").touch()
        assert (parent / "studio/job/made").exists()

    in_child(check)
    assert sorted(os.listdir(parent)) == ["file", "link", "studio"]
    assert (job / "made").exists()


def test_no_parent_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(namespace.Unavailable, match="there is no"):
        namespace.show_as_ml(tmp_path, str(tmp_path / "missing/ml"))


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction))]


UNSHARE = {"x86_64": 272, "aarch64": 97}


def forbid_unshare() -> None:
    """What a container engine's default seccomp profile does: unshare gives EPERM."""
    load_number, if_equal, answer = 0x20, 0x15, 0x06
    code = (_Instruction * 4)(
        _Instruction(load_number, 0, 0, 0),
        _Instruction(if_equal, 0, 1, UNSHARE[platform.machine()]),
        _Instruction(answer, 0, 0, 0x00050000 | 1),
        _Instruction(answer, 0, 0, 0x7FFF0000),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(4, code)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0


@pytest.mark.skipif(platform.machine() not in UNSHARE, reason="unknown system call numbers")
def test_fallback_without_namespaces(bench: Any) -> None:
    spec = bench.spec(
        """
        import os, sys
        with open(os.environ["SM_CHANNEL_TRAIN"] + "/x", "a") as file:
            file.write("+changed")
        print(os.environ["SM_MODEL_DIR"] == sys.argv[2], os.path.exists("/opt/ml"))
        print(os.environ["MINE"] == os.environ["SM_CHANNEL_TRAIN"])
        open(os.environ["SM_MODEL_DIR"] + "/m", "w").close()
        """,
        hyperparameters={"model": "/opt/ml/model"},
        channels={"train": {"x": "data"}},
        environment={"MINE": "/opt/ml/input/data/train"},
    )
    in_child(lambda: (forbid_unshare(), bench.runner.launch(spec))[0])
    status = bench.finish(spec.id)
    assert status.failure_reason is None
    first, *rest = bench.log().splitlines()
    assert first.startswith("WARNING: this job cannot have a /opt/ml of its own: mount namespaces")
    assert str(bench.ml()) in first
    assert rest == ["True False", "True"]
    assert set(status.packs) == {"model.tar.gz"}
    assert bench.stored("train", "x").read_text() == "data"
    config = json.loads((bench.ml() / "input/config/hyperparameters.json").read_text())
    assert config["model"] == str(bench.ml() / "model")


def _readable_by_others(path: str) -> bool:
    here = Path(path).resolve()
    if not here.stat().st_mode & 0o004:
        return False
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in here.parents)


@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.skipif(
    not (os.path.exists(SYSTEM_PYTHON) and _readable_by_others(shim.__file__)),
    reason="another user could not read the interpreter or the package",
)
def test_an_ordinary_user(bench: Any, tmp_path: Path) -> None:
    spec = bench.spec(WRITES + "    print(os.getuid(), 'CapEff:\\t0000000000000000' in "
                      "open('/proc/self/status').read())\n",
                      channels={"train": {"x": "data"}}, python=SYSTEM_PYTHON)  # fmt: skip
    script = (str(tmp_path / "source" / spec.id / "train.py"), "train.py")
    spec.channels.append(Channel("code", CODE, [script], writable=True))
    spec.archives.clear()  # the system's Python may be too old to extract them safely
    home = Path("/tmp") / f"studio-test-{os.getpid()}"
    try:
        shutil.copytree(tmp_path, home)
        moved = rewrite_paths(spec.to_json(), str(tmp_path), str(home))
        (home / "jobs" / spec.id).mkdir(parents=True)
        write_json(home / "jobs" / spec.id / "spec.json", moved, mode=0o644)
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        job = home / "jobs" / spec.id
        subprocess.run(
            [SYSTEM_PYTHON, "-I", "-S", shim.__file__, job, home / "environments"],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            check=True,
        )
        runner = type(bench.runner)(home / "jobs", home / "environments")
        bench.until(lambda: runner.observe(spec.id).phase == "Done")
        status = runner.observe(spec.id)
        assert status.failure_reason is None
        lines = [line.text for line in runner.read_log(spec.id)]
        assert lines == ["data+changed ['new', 'x']", "['new']", f"{NOBODY} True"]
        stored = home / bench.stored("train", "x").relative_to(tmp_path)
        assert (stored.read_text(), stored.stat().st_nlink) == ("data", 1)
        assert not (job / "scratch").exists()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def rewrite_paths(value: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(value).replace(old, new))


def test_rewriting_paths() -> None:
    value = {"a": ["/opt/ml/model", "x=/opt/ml", "/opt/mlx", "/home/opt/ml", "s3://b/opt/ml"]}
    assert rewrite(value, "/j") == {
        "a": ["/j/model", "x=/j", "/opt/mlx", "/home/opt/ml", "s3://b/opt/ml"]
    }
    assert rewrite(value, ML) is value


def test_probe_tells_what_works(tmp_path: Path) -> None:
    answer = namespace.probe(tmp_path)
    assert set(answer) == {"opt_ml", "inputs", "reason"}
    assert answer["opt_ml"] == (not answer["reason"])
    assert sys.platform != "linux" or answer["inputs"] in ("overlay", "read-only", "copy")
