"""The job widget's state, as its view sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from studio_ext.notebook.jobs import is_missing
from studio_ext.notebook.widgets.job import JobWidget

START = datetime.now(UTC) - timedelta(seconds=75)


class Job:
    """A training job that the test moves along, behind the two clients that the widget uses."""

    def __init__(self) -> None:
        self.description: dict[str, Any] = {
            "TrainingJobName": "forest",
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Training",
            "CreationTime": START,
            "HyperParameters": {"num_round": "10"},
        }
        self.lines: list[str] = []
        self.stopped: list[str] = []
        self.broken: Exception | None = None
        self.sagemaker = self.logs = self

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        if self.broken:
            raise self.broken
        return dict(self.description)

    def stop_training_job(self, TrainingJobName: str) -> None:
        self.stopped.append(TrainingJobName)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_log_streams"
        return self

    def paginate(self, **query: str) -> list[dict[str, Any]]:
        assert query["logStreamNamePrefix"] == "forest/"
        return [{"logStreams": [{"logStreamName": "forest/algo-1-1"}]}]

    def get_log_events(self, nextToken: str = "0", **_: Any) -> dict[str, Any]:
        new = self.lines[int(nextToken) :]
        events = [{"timestamp": 0, "message": line} for line in new]
        return {"events": events, "nextForwardToken": str(len(self.lines))}

    def end(self, **changes: Any) -> None:
        self.description |= {
            "TrainingJobStatus": "Completed",
            "TrainingEndTime": START + timedelta(seconds=70),
        } | changes


@pytest.fixture
def job() -> Job:
    return Job()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def watch(job: Job) -> JobWidget:
    return JobWidget("forest", api=job, poll_s=0.01)  # type: ignore[arg-type]


def test_it_follows_a_job_to_its_end(job: Job) -> None:
    widget = watch(job)
    until(lambda: widget.status == "InProgress")
    assert (widget.secondary_status, widget.ended) == ("Training", 0)
    job.lines += [f"[{number}]#011train-auc:0.5" for number in range(4)]
    until(lambda: widget.step == 4)
    assert widget.total == 10
    assert "4/10" in repr(widget)
    job.end(FinalMetricDataList=[{"MetricName": "train:auc", "Value": 0.87654321}])
    assert widget.wait()["TrainingJobStatus"] == "Completed"
    assert widget.metrics == [{"name": "train:auc", "value": "0.876543"}]
    assert widget.ended - widget.started == 70
    assert repr(widget).startswith("Training job forest: Completed after 1m 10s")


def test_the_log_shows_its_end(job: Job) -> None:
    job.lines = [f"line {number}" for number in range(100)] + ["x" * 5000]
    job.end()
    widget = watch(job)
    widget.wait()
    assert len(widget.log) == 12
    assert widget.log[0] == "line 89"
    assert len(widget.log[-1]) == 400


def test_failure_shows_its_reason(job: Job) -> None:
    job.end(TrainingJobStatus="Failed", FailureReason="AlgorithmError: no column y")
    widget = watch(job)
    widget.wait()
    assert (widget.status, widget.message) == ("Failed", "AlgorithmError: no column y")


def test_the_button_stops_the_job(job: Job) -> None:
    widget = watch(job)
    widget._handle_custom_msg({"do": "stop"}, [])
    assert job.stopped == ["forest"]
    job.end()
    widget.wait()


def test_a_restarting_server_is_waited_for(job: Job) -> None:
    widget = watch(job)
    until(lambda: widget.status)
    job.broken = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    until(lambda: "Could not connect" in widget.error)
    job.broken = None
    job.end()
    assert widget.wait()["TrainingJobStatus"] == "Completed"
    assert widget.error == ""


def test_an_unknown_job_is_given_up(job: Job) -> None:
    detail = {"Error": {"Code": "ValidationException", "Message": "Requested resource not found."}}
    job.broken = ClientError(detail, "DescribeTrainingJob")  # type: ignore[arg-type]
    assert is_missing(job.broken)
    widget = watch(job)
    assert widget.wait() == {}
    assert "not found" in repr(widget)


def test_showing_it_again_reads_again(job: Job) -> None:
    job.end()
    widget = watch(job)
    widget.wait()
    job.description["FinalMetricDataList"] = [{"MetricName": "late", "Value": 1.0}]
    widget._repr_mimebundle_()
    until(lambda: widget.metrics)


def test_outside_a_notebook_it_is_a_line_of_text(job: Job) -> None:
    job.end()
    widget = watch(job)
    widget.wait()
    bundle: Any = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"].startswith("Training job forest: Completed")
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_closed_widget_stops_asking(job: Job) -> None:
    widget = watch(job)
    until(lambda: widget.status)
    widget.close()
    widget.wait()
    assert job.description["TrainingJobStatus"] == "InProgress"
