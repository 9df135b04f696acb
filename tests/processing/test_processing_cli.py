"""Processing jobs in the shell and on the home panel, beside training jobs."""

from __future__ import annotations

import asyncio

import pytest
from processing_jobs import Jobs
from studio_plane import wait_for

from studio_ext import cli
from studio_ext.wire.identity import Caller

WAITS = """
import pathlib, time
print("here I am", flush=True)
while not pathlib.Path("/opt/ml/processing/never").exists():
    time.sleep(0.05)
"""


def test_the_shell_lists_reads_and_stops_processing_jobs(
    jobs: Jobs, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> str:
        assert cli.main([*words, "--home", jobs.studio.config.home]) == 0
        return capsys.readouterr().out

    jobs.studio.run("shell-both")
    jobs.run("shell-both", "print('of the processing job')")
    jobs.start("shell-long", WAITS)
    lines = said("jobs", "--limit", "3").splitlines()
    assert lines[0].split() == ["NAME", "KIND", "STATUS", "DURATION", "CREATED"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["shell-long", "processing", "InProgress"],
        ["shell-both", "processing", "Completed"],
        ["shell-both", "training", "Completed"],
    ]
    assert "processing" not in said("jobs", "--kind", "training")
    assert "training" not in said("jobs", "--kind", "processing")
    assert "of the processing job" not in said("logs", "shell-both")
    assert said("logs", "shell-both", "-p") == "of the processing job\n"
    wait_for(lambda: said("logs", "shell-long") == "here I am\n")
    assert said("stop", "shell-long") == "shell-long is stopping.\n"
    assert said("logs", "shell-long", "--follow") == "here I am\n"
    assert jobs.describe("shell-long")["ProcessingJobStatus"] == "Stopped"
    assert said("stop", "shell-both", "-p") == "shell-both has ended already: Completed.\n"


def test_the_home_panel_counts_them(jobs: Jobs) -> None:
    jobs.run("shell-counted")
    invoke, caller = jobs.studio.plane.dispatcher.invoke, Caller.of(jobs.studio.plane.credential)
    counts = asyncio.run(invoke("studio", "GetHome", {}, caller))["Counts"]
    listed = jobs.studio.sagemaker.list_processing_jobs(MaxResults=100)["ProcessingJobSummaries"]
    completed = [job for job in listed if job["ProcessingJobStatus"] == "Completed"]
    assert counts["ProcessingJobs"]["Completed"] == len(completed)
