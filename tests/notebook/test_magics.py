"""``%studio`` in an IPython shell."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from studio_ext.notebook.magics import StudioMagics, TrainingFailed


@pytest.fixture
def shell(environment: None) -> Iterator[InteractiveShell]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "studio_ext")
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def connected(shell: InteractiveShell, live_home: Path, capsys: Any) -> InteractiveShell:
    shell.run_line_magic("studio", f"connect --home {live_home}")
    return shell


def test_connect_says_where_and_makes_boto3_work(
    shell: InteractiveShell, live_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import boto3

    boto3.setup_default_session(region_name="eu-west-1")
    shell.run_line_magic("studio", f"connect --home {live_home}")
    told = capsys.readouterr().out
    for part in ("http://127.0.0.1:", "us-east-1", "s3://sagemaker-us-east-1-", "ann"):
        assert part in told
    client = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
    assert client.get_caller_identity()["Account"]
    assert client.meta.region_name == "us-east-1"


def test_connect_without_a_server_says_what_to_type(shell: InteractiveShell, home: Path) -> None:
    with pytest.raises(UsageError, match="studio serve --home"):
        shell.run_line_magic("studio", f"connect --home '{home}'")
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("jobs", "%studio connect"),
        ("jbos", "no command 'jbos'"),
        ("logs", "arguments are required: name"),
        ("train --name x", "%%studio train"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(shell: InteractiveShell, line: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        shell.run_line_magic("studio", line)


def test_help(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for line, told in (("", "%%studio train"), ("train --help", "--requirements")):
        shell.run_line_magic("studio", line)
        assert told in capsys.readouterr().out
    described = shell.object_inspect("%studio")
    assert "%studio connect" in described["docstring"]


def test_lists(connected: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    connected.run_line_magic("studio", "endpoints")
    assert capsys.readouterr().out == "No endpoints.\n"
    with pytest.raises(UsageError, match="no endpoint is called 'nope'"):
        connected.run_line_magic("studio", "logs nope")


def train(shell: InteractiveShell, line: str, cell: str = "print(1)\n") -> None:
    shell.run_cell_magic("studio", f"train {line}", cell)


def test_a_cell_is_trained_as_a_script(
    connected: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    import boto3

    connected.user_ns["data"] = "s3://b/train.csv"
    line = "--base-name rf --train {data} --hp depth=3 leaf=2 --metric 'acc=a: ([0-9.]+)' --out d"
    connected.run_cell(f"%%studio train {line} --requirements 'rich tqdm'\nprint(1)\n")
    description = connected.user_ns["d"]
    assert description["TrainingJobName"].startswith("rf-")
    assert description["HyperParameters"]["depth"] == "3"
    assert description["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == (
        "s3://b/train.csv"
    )
    uri = description["HyperParameters"]["sagemaker_submit_directory"].strip('"')
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames() == ["train.py", "requirements.txt"]
        assert tar.extractfile("train.py").read() == b"\nprint(1)\n"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "cell", "error", "told"),
    [
        ("--name a --train data.csv", "1", UsageError, "s3://"),
        ("--name a --image sklern", "1", UsageError, "sklearn, xgboost, pytorch"),
        ("--name a --hp depth", "1", UsageError, "KEY=VALUE"),
        ("--name a", "x = 1\ndef broken(:\n", UsageError, "line 3 of the cell: invalid syntax"),
    ],
)
def test_mistakes_start_no_job(
    connected: InteractiveShell, line: str, cell: str, error: type[Exception], told: str
) -> None:
    import boto3

    client = boto3.client("sagemaker")
    before = len(client.list_training_jobs()["TrainingJobSummaries"])
    with pytest.raises(error, match=told):
        train(connected, line, cell)
    assert len(client.list_training_jobs()["TrainingJobSummaries"]) == before


def test_a_job_that_fails_fails_the_cell(
    connected: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio_ext.notebook import magics

    describe = {"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: no column y"}

    class Failing(magics.Api):
        @property
        def sagemaker(self) -> Any:  # type: ignore[override]
            client = self.client("sagemaker")
            client.describe_training_job = lambda **_: describe
            return client

    monkeypatch.setattr(magics, "Api", Failing)
    with pytest.raises(TrainingFailed, match="AlgorithmError: no column y"):
        train(connected, "--base-name bad --out d")
    assert connected.user_ns["d"] is describe
    describe |= {"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}
    del describe["FailureReason"]
    with pytest.raises(TrainingFailed, match="Training stopped: MaxRuntimeExceeded"):
        train(connected, "--base-name slow")
    train(connected, "--base-name bad --no-wait")


@pytest.mark.parametrize(
    ("line", "expected", "absent"),
    [
        ("%studio ", "connect", "train"),
        ("%studio lo", "logs", "jobs"),
        ("%%studio ", "train", "jobs"),
        ("%%studio train --re", "--requirements", "--name"),
        ("%%studio train --image ", "pytorch", "--name"),
        ("%studio jobs --st", "--status", "--limit"),
    ],
)
def test_completion(shell: InteractiveShell, line: str, expected: str, absent: str) -> None:
    _, matches = shell.complete(None, line, len(line))
    assert expected in matches
    assert absent not in matches


def test_job_names_are_completed(connected: InteractiveShell) -> None:
    train(connected, "--name complete-me --no-wait")
    event = type("Event", (), {"line": "%studio logs comp"})
    magics = connected.magics_manager.registry["StudioMagics"]
    assert isinstance(magics, StudioMagics)
    assert magics.complete(connected, event) == ["complete-me"]
