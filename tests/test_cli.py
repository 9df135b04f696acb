"""The ``studio`` command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext import cli, doctor
from studio_ext.config import Config
from studio_ext.notebook import session

SECRET = "q'uo\"te $HOME `x` \\ end"


@pytest.fixture(scope="module")
def aws_port() -> Iterator[int]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def home(tmp_path: Path, aws_port: int) -> Path:
    """The home of a Studio that answers; a stand-in serves its port."""
    home = tmp_path / "a 'home"
    (home / "run").mkdir(parents=True)
    home.chmod(0o700)
    (home / "run" / "control.json").write_text(json.dumps({"port": aws_port, "host": "127.0.0.1"}))
    key = {"access_key_id": "AKIA", "secret_access_key": SECRET, "user_profile": "default"}
    (home / "credentials.json").write_text(json.dumps(key))
    (home / "credentials.json").chmod(0o600)
    return home


@pytest.mark.parametrize("shell", ["sh", "bash", "fish"])
def test_env_survives_the_shell(home: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    studio = f"{sys.executable} -m studio_ext.cli"
    syntax = "fish" if shell == "fish" else "posix"
    show = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    command = f'eval "$({studio} env --shell {syntax})" && {show}'
    if shell == "fish":
        command = f"{studio} env --shell fish | source; and {show}"
    foreign = {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_S3": "http://x", "AWS_SESSION_TOKEN": "t"}
    result = subprocess.run(
        [shell, "-c", command],
        env=os.environ | foreign | {"STUDIO_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    variables = json.loads(result.stdout)
    assert variables["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert variables["STUDIO_HOME"] == str(home)
    assert variables["PYTHONPATH"].split(os.pathsep)[0] == str(session.CLIENT_DIR)
    assert not foreign.keys() & variables.keys()


def test_env_without_a_server_fails_and_prints_nothing_to_evaluate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["env", "--home", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"studio serve --home {tmp_path}" in captured.err


def test_env_is_light() -> None:
    """A shell start-up file runs it: nothing heavy may be imported."""
    code = "import sys, studio_ext.cli; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    roots = {name.partition(".")[0] for name in result.stdout.split()}
    heavy = {"torch", "sklearn", "boto3", "botocore", "pandas", "numpy", "sqlalchemy", "IPython"}
    assert not heavy & roots


def test_commands_that_call_the_api(
    home: Path, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home = ["--home", str(home)]
    assert cli.main(["jobs", "--status", "Failed", *at_home]) == 0
    assert capsys.readouterr().out == "No jobs.\n"
    assert cli.main(["endpoints", *at_home]) == 0
    assert capsys.readouterr().out == "No endpoints.\n"
    assert cli.main(["logs", "nope", *at_home]) == 1
    assert (
        "No training job, no processing job and no endpoint is called 'nope'"
        in capsys.readouterr().err
    )
    assert cli.main(["stop", "nope", *at_home]) == 1
    assert os.environ["STUDIO_HOME"] == str(home)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out.startswith("studio 0.")


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_wrong_limit_is_refused(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["jobs", f"--limit={limit}"])
    assert "at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_wrong_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["serve", "--port", port])
    assert "port" in capsys.readouterr().err


def findings(home: Path) -> dict[str, tuple[str, str]]:
    """Level and all the words of what was found, by subject; the last of each."""
    lines: list[str] = []
    status = doctor.report(Config(home=str(home)), lines.append)
    examined = list(doctor.examine(Config(home=str(home))))
    assert status == any(finding.level == "FAIL" for finding in examined)
    for finding in examined:
        assert any(line.startswith(f"{finding.level:4}  {finding.subject:14} ") for line in lines)
        # What is not well is explained and can be mended.
        assert finding.level != "FAIL" or (finding.meaning and finding.mend), finding
    return {f.subject: (f.level, " ".join([f.text, f.meaning, f.mend])) for f in examined}


def test_doctor_of_a_sound_home(home: Path) -> None:
    found = findings(home)
    for subject in ("python", "home", "credentials", "control plane", "botocore", "stale files"):
        assert found[subject][0] == "OK", found[subject]


def test_doctor_finds_what_is_wrong(home: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (home / "credentials.json").chmod(0o644)
    home.chmod(0o755)
    (home / "run" / "gateway.json").write_text(json.dumps({"port": 9, "pid": os.getpid()}))
    control = json.loads((home / "run" / "control.json").read_text())
    (home / "run" / "control.json").write_text(json.dumps(control | {"pid": ended.pid}))
    left = home / ".credentials.json.a1b2"
    left.touch()
    os.utime(left, (0, 0))
    found = findings(home)
    assert found["credentials"][0] == "FAIL"
    assert "chmod 600" in found["credentials"][1]
    assert found["home"][0] == "WARN"
    assert found["gateway"][0] == "FAIL"
    assert found["gateway"][1].startswith(
        f"pid {os.getpid()} lives, but 127.0.0.1:9 does not answer "
    )
    assert "taken by another program" in found["control plane"][1]
    assert shlex.quote(str(left)) in found["stale files"][1]


def test_doctor_of_a_home_never_used(tmp_path: Path) -> None:
    found = findings(tmp_path / "new")
    assert found["home"][0] == "OK"
    assert found["control plane"][0] == "WARN"


def test_doctor_of_damaged_files(home: Path) -> None:
    for file in ("credentials.json", "run/control.json"):
        (home / file).write_text("{")
    found = findings(home)
    assert found["credentials"][0] == "FAIL"
    assert found["control plane"][0] == "FAIL"
