"""``studio doctor`` on homes that are really broken, one thing at a time."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from studio_ext import cli, doctor
from studio_ext.config import Config
from studio_ext.doctor import Finding, installed, machine, room
from studio_ext.run.processes import MARKER
from studio_ext.store import Store


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a database and keys; nothing runs on it."""
    config = Config(home=str(tmp_path / "home"))
    store = Store(config)
    store.credentials.default()
    store.close()
    return config.path


#: What takes time, and is looked at by the tests that are about it.
SLOW = (machine.job_isolation, installed.plugin, installed.kernels, installed.jupyter)
QUICK = [check for check in doctor.CHECKS if check not in SLOW]


def found(home: Path, subject: str, checks: Any = QUICK, **settings: Any) -> list[Finding]:
    """What is not well about a subject."""
    examined = doctor.examine(Config(home=str(home), **settings), checks)
    return [f for f in examined if f.subject == subject and f.level != "OK"]


def only(home: Path, subject: str, checks: Any = QUICK, **settings: Any) -> Finding:
    """The one finding about a subject; it says what it means and what mends it."""
    (finding,) = found(home, subject, checks, **settings)
    assert finding.meaning and finding.mend
    return finding


#: Set-ups that need namespaces: what breaks the home (or the machine), by a shell's commands.
BROKEN = {
    "full": "mount -t tmpfs -o size=300k tmpfs $HOME; head -c 280k /dev/zero > $HOME/ballast",
    "inodes": "mount -t tmpfs -o nr_inodes=20 tmpfs $HOME",
    "read-only": "mount -t tmpfs -o ro tmpfs $HOME",
    "noexec": "mount -t tmpfs -o noexec tmpfs $HOME",
    "files": "prlimit --pid $PPID --nofile=200:200",
    # Limits of namespaces count in each user namespace: in this one they can be set to nothing.
    "namespaces": "for k in mnt user; do echo 0 > /proc/sys/user/max_${k}_namespaces; done",
}
_BREAK = """
import json, os, sys
from studio_ext import doctor
from studio_ext.config import Config
found = {}
for name, command in json.loads(sys.argv[1]).items():
    os.system(f"({command}) 2>/dev/null")
    found[name] = {
        f.subject: [f.level, f.text, f.meaning, f.mend]
        for f in doctor.examine(Config(home=os.environ["HOME"]))
    }
    if "mount" in command:
        os.system("umount $HOME")
print(json.dumps(found))
"""


#: Findings by set-up and subject: level, text, meaning, what mends it.
Broken = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """Findings in each of the broken set-ups, from one process in namespaces of its own."""
    home = tmp_path_factory.mktemp("broken")
    result = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", _BREAK, json.dumps(BROKEN)],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in result.stderr and not result.stdout:
        pytest.skip(f"no namespaces here: {result.stderr}")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended in the end."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def listening() -> socket.socket:
    """A socket that accepts connections and answers nothing."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def test_a_sound_home(home: Path) -> None:
    bad = [f for f in doctor.examine(Config(home=str(home))) if f.level == "FAIL"]
    assert bad == []


# --- the home and the room on it


@pytest.mark.parametrize(
    ("how", "subject", "level", "text", "mend"),
    [
        ("full", "disk", "FAIL", "MiB free at ", "du -xh"),
        ("inodes", "disk inodes", "FAIL", "files can still be made", "df -i"),
        ("read-only", "home", "FAIL", "cannot be written: Read-only file system", "STUDIO_HOME"),
        ("noexec", "file system", "WARN", "no programs may be run from", "remount,exec"),
        ("files", "open files", "FAIL", "a process may have only 200", "ulimit -n"),
        ("namespaces", "/opt/ml", "WARN", "not available", "sysctl user.max_user_namespaces="),
    ],
)
def test_broken_set_ups(
    broken: dict[str, dict[str, list[str]]],
    how: str,
    subject: str,
    level: str,
    text: str,
    mend: str,
) -> None:
    found = broken[how][subject]
    assert found[0] == level and text in found[1] and found[2] and mend in found[3]
    # Nothing else of what was not broken is found to be.
    others = {case: broken[case].get(subject, ["OK"])[0] for case in BROKEN if case != how}
    order = list(BROKEN)
    before = order[: order.index(how)]
    assert all(others[case] != "FAIL" for case in before), others


@pytest.mark.sqlite
def test_a_home_across_a_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = SimpleNamespace(mountpoint=str(home.resolve()), fstype="nfs4", opts="rw")
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [mount])
    assert "SQLite" in only(home, "file system").meaning
    assert found(home, "file system")[0].level == "FAIL"


def test_a_file_where_the_home_should_be(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert only(tmp_path / "home", "home").level == "FAIL"


@pytest.mark.sqlite
def test_modes_are_told_and_mended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.chmod(0o755)
    for name in ("credentials.json", "studio.db"):
        (home / name).chmod(0o644)
    assert only(home, "home").mend == f"chmod 700 {home}"
    assert only(home, "credentials").level == "FAIL"
    assert "access key" in only(home, "secrets").meaning
    assert cli.main(["doctor", "--home", str(home)]) == 1
    assert cli.main(["doctor", "--fix", "--home", str(home)]) == 0
    assert "FIXED credentials" in capsys.readouterr().out
    assert not found(home, "home") and not found(home, "secrets")
    assert (home / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_no_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.psutil, "virtual_memory", lambda: SimpleNamespace(available=1 << 26))
    assert only(home, "memory").level == "FAIL"


# --- the machine


@pytest.mark.sqlite
def test_a_clock_that_was_set_back(home: Path) -> None:
    with closing(sqlite3.connect(home / "studio.db")) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(events)")]
        known = {"at": time.time() + 3600, "resource_id": 1}
        values = {name: known.get(name, "x") for name in columns if name != "id"}
        marks = ", ".join(f":{name}" for name in values)
        database.execute(f"INSERT INTO events ({', '.join(values)}) VALUES ({marks})", values)
    finding = only(home, "clock")
    assert finding.level == "FAIL" and "set back" in finding.text


# --- who runs


def _announce(home: Path, name: str, **entry: Any) -> Path:
    path = home / "run" / name
    path.write_text(json.dumps({"host": "127.0.0.1", **entry}))
    return path


def test_a_port_that_is_taken(home: Path) -> None:
    with listening() as taken:
        port = taken.getsockname()[1]
        finding = only(home, "port", port=port)
        assert f"taken by pid {os.getpid()} (" in finding.text and finding.level == "FAIL"
        # The port of before is somebody else's now.
        _announce(home, "control.json", port=port, pid=_dead_pid())
        assert f"by pid {os.getpid()}" in only(home, "control plane").text


def test_addresses_of_the_dead(home: Path) -> None:
    paths = [_announce(home, f"{name}.json", port=1, pid=_dead_pid()) for name in
             ("control", "gateway")]  # fmt: skip
    assert only(home, "control plane").mend == f"studio serve --home {home}"
    assert only(home, "gateway").meaning == "Endpoints cannot be invoked."
    assert cli.main(["doctor", "--fix", "--home", str(home)]) == 0
    assert not any(path.exists() for path in paths)


def test_a_gateway_that_does_not_answer(home: Path) -> None:
    with listening() as silent:
        _announce(home, "gateway.json", port=silent.getsockname()[1], pid=os.getpid())
        assert "does not answer" in only(home, "gateway").text


def test_a_stopped_server_is_woken(home: Path) -> None:
    with running("sleep", "60") as process:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        _announce(home, "control.json", port=1, pid=process.pid)
        assert only(home, "control plane").mend.startswith(f"kill -CONT {process.pid}")


def test_a_server_of_another_version(home: Path) -> None:
    with listening() as there:
        port = there.getsockname()[1]
        _announce(home, "control.json", port=port, pid=os.getpid(), version="0.0.1")
        finding = only(home, "control plane")
    assert f"pid {os.getpid()} runs Studio 0.0.1, installed is 0." in finding.text


def test_sockets_of_the_dead(home: Path) -> None:
    folder = Config(home=str(home)).socket_dir
    stale = folder / "x" / "0.sock"
    stale.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(stale))
    assert str(stale) in only(home, "sockets").mend
    assert cli.main(["doctor", "--fix", "--home", str(home)]) == 0
    assert not stale.exists() and not found(home, "sockets")
    stale.parent.rmdir()
    folder.rmdir()


def test_processes_without_a_supervisor(home: Path) -> None:
    folder = home / "jobs" / "training-7"
    folder.mkdir()
    with running("sleep", "60", **{MARKER: str(folder)}) as process:
        finding = only(home, "left over")
    assert "training-7" in finding.text and finding.mend == f"kill {process.pid}"


def test_a_supervisor_of_another_version(home: Path) -> None:
    folder = home / "jobs" / "training-8"
    folder.mkdir()
    (folder / "spec.json").write_text(json.dumps({"id": "training-8", "version": "0.0.1"}))
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX)"
    command = (sys.executable, "-c", f"{hold}; print('held', flush=True); time.sleep(60)")
    with running(*command, str(folder / "lock"), **{MARKER: str(folder)}) as process:
        assert process.stdout is not None and process.stdout.readline()
        finding = only(home, "supervisors")
        assert "1 jobs or model servers (training-8) runs Studio 0.0.1" in finding.text
        assert not found(home, "left over")


# --- what is remembered


@pytest.mark.sqlite
def test_a_database_of_a_newer_studio(home: Path) -> None:
    with closing(sqlite3.connect(home / "studio.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    finding = only(home, "database")
    assert finding.level == "FAIL" and "newer Studio" in finding.text


@pytest.mark.sqlite
def test_a_damaged_database(home: Path) -> None:
    with open(home / "studio.db", "r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 12))
    finding = only(home, "database file")
    assert finding.level == "FAIL" and ".recover" in finding.mend


@pytest.mark.sqlite
def test_a_database_that_is_no_database(home: Path) -> None:
    (home / "studio.db").write_bytes(b"not SQLite at all" * 100)
    assert only(home, "database file").level == "FAIL"
    assert only(home, "database").level == "FAIL"


@pytest.mark.sqlite
def test_a_locked_database(home: Path) -> None:
    hold = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(60)"
    )
    with running(sys.executable, "-c", hold, str(home / "studio.db")) as process:
        assert process.stdout is not None and process.stdout.readline()
        assert f"pid {process.pid} (" in only(home, "database file").text


def test_a_database_server_that_is_away(home: Path) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/studio"
    finding = only(home, "database", database_url=url)
    assert "cannot be reached" in finding.text and "secret" not in finding.text


def test_leases_of_the_dead(home: Path) -> None:
    holder = f"{socket.gethostname()[:30]}:{_dead_pid()}:1.00"
    store = Store(Config(home=str(home)))
    made = store.resources.create(
        kind="training-job",
        account="000000000000",
        domain="default",
        name="held",
        arn="arn:held",
        owner="default",
        status="InProgress",
        spec={},
        wake=True,
    )
    assert store.leases.claim(holder, 120.0) == [made.id]
    store.close()
    assert "1 resources are held by processes that are gone" in only(home, "leases").text


def test_an_object_store_that_is_away(home: Path) -> None:
    finding = only(home, "objects", object_store_url="s3+http://127.0.0.1:1")
    assert finding.level == "FAIL" and "curl" in finding.mend


# --- what is installed


def test_panels_of_another_version(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "_PACKAGE", tmp_path)
    assert only(home, "panels").text == "not built"
    (tmp_path / "labextension").mkdir()
    (tmp_path / "labextension" / "package.json").write_text(json.dumps({"version": "0.0.1"}))
    assert "0.0.1" in only(home, "panels").text


def test_jupyter_told_not_to_load_studio(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = {"ServerApp": {"jpserver_extensions": {"studio_ext": False}}}
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps(off))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    finding = only(home, "jupyter", SLOW)
    assert str(tmp_path) in finding.text and "enable studio_ext" in finding.mend


def test_kernels_that_do_not_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, python in (("gone", "/nowhere/bin/python"), ("fine", sys.executable)):
        folder = tmp_path / "kernels" / f"studio-{name}"
        folder.mkdir(parents=True)
        spec = {"argv": [python, "-m", "x"], "display_name": name, "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert only(home, "kernel gone", SLOW).level == "FAIL"
    assert found(home, "kernel fine", SLOW) == []


# --- the report


def test_a_check_that_fails_is_a_finding(home: Path) -> None:
    def wrong(config: Config) -> Iterator[Finding]:
        raise ZeroDivisionError("oh")
        yield

    (finding,) = doctor.examine(Config(home=str(home)), (wrong,))
    assert finding.level == "FAIL" and "ZeroDivisionError: oh" in finding.text


def test_the_report_for_programs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json", "--home", str(home)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True and len(report["findings"]) > 15
    assert {"level", "subject", "text", "meaning", "mend"} == set(report["findings"][0])


def _dead_pid() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid
