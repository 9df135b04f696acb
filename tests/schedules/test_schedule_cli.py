"""``studio schedules``, against a Studio that runs them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from schedule_requests import CREATE_JOB, schedule, training_request
from studio_plane import Studio, wait_for

from studio_ext import cli

Said = Callable[..., str]


@pytest.fixture
def said(studio: Studio, environment: None, capsys: pytest.CaptureFixture[str]) -> Said:
    """What ``studio schedules`` prints."""

    def run(*words: str, status: int = 0) -> str:
        assert cli.main(["schedules", *words, "--home", studio.config.home]) == status
        captured = capsys.readouterr()
        return captured.err if status else captured.out

    return run


def test_a_schedule_is_shown_run_paused_resumed_and_deleted(studio: Studio, said: Said) -> None:
    request = json.dumps(training_request(studio, "shown", "print('trained')"))
    target = {"Arn": CREATE_JOB, "Input": request}
    schedule(studio, "shown", "cron(0 6 1 1 ? 2090)", Target=target, State="ENABLED")
    header, line = said("list").splitlines()
    assert header.split() == ["NAME", "GROUP", "WHEN", "RUNS", "NEXT", "LAST"]
    assert line.split()[:2] == ["shown", "default"] and "cron(0 6 1 1 ? 2090) UTC" in line
    assert "sagemaker:createTrainingJob" in line and "2090-01-01" in line
    told = said("show", "shown")
    assert json.loads(told[told.index("{") :]) == json.loads(request)
    assert said("runs", "shown").startswith("shown has not run yet.\nNext: 2090-01-01")

    before = studio.scheduler.get_schedule(Name="shown")
    assert said("pause", "shown") == "shown is paused.\n"
    paused = studio.scheduler.get_schedule(Name="shown")
    changes = ("State", "LastModificationDate", "ResponseMetadata")
    assert paused["State"] == "DISABLED"
    assert {k: v for k, v in paused.items() if k not in changes} == {
        k: v for k, v in before.items() if k not in changes
    }
    assert "paused" in said("list") and "Next" not in said("runs", "shown")

    execution = said("run", "shown").split()[3].rstrip(";")  # paused as it is
    wait_for(lambda: "Succeeded" in said("runs", "shown"))
    assert f"training-job/shown-{execution}" in said("runs", "shown")
    studio.ended(f"shown-{execution}")
    assert "trained" in studio.log(f"shown-{execution}")

    assert said("resume", "shown").startswith("shown goes on. Next: 2090-01-01")
    assert said("delete", "shown") == "shown is gone; what it has started goes on.\n"
    assert said("list") == "No schedules.\n"
    assert "Schedule shown does not exist" in said("runs", "shown", status=1)


def test_a_failed_run_says_why(studio: Studio, said: Said) -> None:
    schedule(studio, "why")
    said("run", "why")
    wait_for(lambda: "Failed" in said("runs", "why"))
    assert "there is no training job none" in said("runs", "why")
    said("delete", "why")


def test_schedules_do_not_run_schedules(studio: Studio) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:studio:runSchedule"
    with pytest.raises(ClientError, match="runs schedules"):
        schedule(studio, "round", Target={"Arn": arn, "Input": json.dumps({"Name": "round"})})
