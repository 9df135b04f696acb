"""The AWS command line, connected by ``eval "$(studio env)"`` alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import script_runs
from boto3_jobs import ended, train
from studio_process import Studio


@pytest.fixture
def aws(studio: Studio) -> Any:
    """Run ``aws ARGUMENTS``; what it printed, or its error where it is to fail."""
    python = script_runs.sdk_python()
    command = python.with_name("aws") if python else None
    if command is None or not command.exists():
        pytest.skip("no AWS CLI: `make test` installs it, or set STUDIO_SDK_PYTHON")

    def call(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [str(command), *arguments],
            env={**studio.environment, "AWS_PAGER": ""},
            capture_output=True,
            text=True,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout

    return call


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of each file by its path in the folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_caller_identity(aws: Any) -> None:
    found = json.loads(aws("sts", "get-caller-identity"))
    assert found["Account"] == "000000000000"
    assert found["Arn"].startswith("arn:aws:")


def test_folders_go_to_s3_and_come_back(aws: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "a.txt").write_text("first")
    (source / "deep" / "b c.csv").write_text("1,2\n" * 1000)
    (source / "deep" / "er" / "empty").write_bytes(b"")
    # Above the 8 MiB from which the CLI uploads and downloads in parts.
    (source / "large.bin").write_bytes(bytes(range(256)) * 4 * 1024 * 12)

    aws("s3", "mb", "s3://cli-bucket")
    aws("s3", "cp", "--recursive", str(source), "s3://cli-bucket/copied/")
    listed = aws("s3", "ls", "--recursive", "s3://cli-bucket/copied/")
    names = {line.split(maxsplit=3)[3]: int(line.split()[2]) for line in listed.splitlines()}
    assert names == {f"copied/{name}": len(body) for name, body in files_of(source).items()}
    assert "PRE deep/" in aws("s3", "ls", "s3://cli-bucket/copied/")
    assert "cli-bucket" in aws("s3", "ls")

    aws("s3", "cp", "--recursive", "s3://cli-bucket/copied/", str(tmp_path / "back"))
    assert files_of(tmp_path / "back") == files_of(source)

    (source / "a.txt").unlink()
    aws("s3", "sync", "--delete", str(source), "s3://cli-bucket/copied/")
    assert "a.txt" not in aws("s3", "ls", "s3://cli-bucket/copied/")
    aws("s3", "rb", "--force", "s3://cli-bucket")
    assert "cli-bucket" not in aws("s3", "ls")


def test_training_jobs_are_listed_page_by_page(studio: Studio, aws: Any) -> None:
    names = [f"cli-listed-{number}" for number in range(3)]
    for name in names:
        train(studio, name, "print('done')")
    for name in names:
        ended(studio, name)
    listed = ["sagemaker", "list-training-jobs", "--name-contains", "cli-listed"]
    order = ["--sort-by", "Name", "--sort-order", "Ascending"]
    found = json.loads(aws(*listed, *order, "--page-size", "1"))["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in found] == names
    assert {job["TrainingJobStatus"] for job in found} == {"Completed"}
    assert json.loads(aws(*listed, "--status-equals", "Failed"))["TrainingJobSummaries"] == []
    names_only = ["--query", "TrainingJobSummaries[].TrainingJobName", "--output", "text"]
    text = aws(*listed, *order, *names_only)
    assert text.split() == names


def test_errors_are_the_services_own(aws: Any) -> None:
    error = aws("sagemaker", "describe-training-job", "--training-job-name", "none", fails=True)
    assert "(ValidationException) when calling the DescribeTrainingJob operation" in error
    error = aws("s3", "cp", "s3://no-such-bucket-here/x", "-", fails=True)
    assert "404" in error
