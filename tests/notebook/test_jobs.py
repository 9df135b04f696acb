"""Lists, logs and stopping, against a server that speaks AWS's protocols."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from studio_ext.notebook import jobs, logs, session

ROLE = "arn:aws:iam::000000000000:role/StudioExecutionRole"
_names = (f"job-{number}" for number in itertools.count())


@pytest.fixture
def api(live_home: Path, environment: None) -> jobs.Api:
    session.apply(live_home)
    return jobs.Api()


@pytest.fixture
def job(api: jobs.Api) -> str:
    return create_job(api)


def create_job(api: jobs.Api) -> str:
    name = next(_names)
    api.sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "i", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://b/"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    return name


def write_log(api: jobs.Api, group: str, stream: str, *lines: str, at: float = 0) -> None:
    for create, names in (
        (api.logs.create_log_group, {"logGroupName": group}),
        (api.logs.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
    ):
        try:
            create(**names)
        except api.logs.exceptions.ResourceAlreadyExistsException:
            continue
    now = int((time.time() + at) * 1000)
    api.logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": now + i, "message": line} for i, line in enumerate(lines)],
    )


def test_training_jobs_are_listed_newest_first_up_to_a_limit(api: jobs.Api) -> None:
    names = [create_job(api) for _ in range(3)]
    rows = jobs.listed(api, limit=2)
    assert len(rows) == 2
    assert {row["name"] for row in rows} <= set(names)
    assert set(rows[0]) == {"name", "kind", "status", "duration", "created"}
    assert jobs.listed(api, status="Failed") == []


def test_describe_tells_jobs_from_endpoints_and_from_nothing(api: jobs.Api, job: str) -> None:
    kind, description = jobs.describe(api, job)
    assert (kind, description["TrainingJobName"]) == (jobs.TRAINING, job)
    with pytest.raises(jobs.NoSuchName, match="nothing-like-it"):
        jobs.describe(api, "nothing-like-it")


class Namesakes:
    """A job that has ended and an endpoint of the same name, deleted at the second look."""

    def __init__(self, api: jobs.Api) -> None:
        self.exceptions, self.looks = api.sagemaker.exceptions, 0

    def describe_training_job(self, **query: str) -> dict[str, Any]:
        return {"TrainingJobStatus": "Completed"} | query

    def describe_endpoint(self, **query: str) -> dict[str, Any]:
        self.looks += 1
        if self.looks > 1:
            detail = {"Code": "ValidationException", "Message": 'Could not find endpoint "both".'}
            raise self.exceptions.ClientError({"Error": detail}, "DescribeEndpoint")
        return {"EndpointStatus": "InService"} | query


def test_an_endpoint_is_followed_until_it_is_deleted(
    api: jobs.Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(api, jobs.TRAINING.group, "both/algo-1-1", "trained")
    write_log(api, f"{jobs.ENDPOINT.group}both", "AllTraffic/i-1", "served")
    monkeypatch.setattr(api, "sagemaker", Namesakes(api))
    assert list(logs.log_lines(api, "both", follow=True, poll_s=0)) == ["trained"]
    served = logs.log_lines(api, "both", only=jobs.ENDPOINT, follow=True, poll_s=0)
    assert list(served) == ["served"]
    with pytest.raises(jobs.NoSuchName, match="No endpoint is called 'both'"):
        jobs.describe(api, "both", jobs.ENDPOINT)


def test_a_name_that_cannot_be_is_no_name(api: jobs.Api) -> None:
    with pytest.raises(jobs.NoSuchName, match="two words"):
        jobs.describe(api, "two words")


def test_stopping_a_job_that_has_ended_says_so(api: jobs.Api, job: str) -> None:
    assert jobs.stop(api, job) == f"{job} has ended already: Completed."


def test_a_log_is_read_once_and_then_only_what_is_new(api: jobs.Api, job: str) -> None:
    reader = logs.LogReader(api, jobs.TRAINING, job)
    assert reader.read() == []
    write_log(api, jobs.TRAINING.group, f"{job}/algo-1-1", "one", "two")
    write_log(api, jobs.TRAINING.group, "another/algo-1-1", "not ours")
    assert reader.read() == ["one", "two"]
    assert reader.read() == []
    write_log(api, jobs.TRAINING.group, f"{job}/algo-1-1", "three", at=1)
    assert reader.read() == ["three"]


def test_streams_are_merged_by_time(api: jobs.Api, job: str) -> None:
    write_log(api, jobs.TRAINING.group, f"{job}/algo-1-1", "first", at=-20)
    write_log(api, jobs.TRAINING.group, f"{job}/algo-2-1", "second", at=-10)
    write_log(api, jobs.TRAINING.group, f"{job}/algo-1-1", "third")
    assert list(logs.log_lines(api, job)) == ["first", "second", "third"]


def test_following_ends_with_the_job(
    api: jobs.Api, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(api, jobs.TRAINING.group, f"{job}/algo-1-1", "early")
    statuses = iter(["InProgress", "InProgress", "Completed"])
    describe = api.sagemaker.describe_training_job

    def described(**query: Any) -> dict[str, Any]:
        status = next(statuses)
        if status == "Completed":  # written after the job was last seen running
            write_log(api, jobs.TRAINING.group, f"{job}/algo-1-1", "late", at=1)
        return describe(**query) | {"TrainingJobStatus": status}

    monkeypatch.setattr(api.sagemaker, "describe_training_job", described)
    assert list(logs.log_lines(api, job, follow=True, poll_s=0)) == ["early", "late"]
    assert next(statuses, None) is None


@pytest.mark.parametrize(
    ("line", "hyperparameters", "expected"),
    [
        ("[0]#011train-auc:0.7", {"num_round": "50"}, (1, 50)),
        ("[49]\ttrain-auc:0.9\tvalidation-auc:0.8", {"num_round": "50"}, (50, 50)),
        ("[2026-11-21 05:00:00] starting", {}, None),
        ("[12]", {}, None),
        ("Epoch 3/10, loss 0.2", {}, (3, 10)),
        ("epoch: 4 loss: 0.1", {"epochs": '"8"'}, (4, 8)),
        ("epoch=4", {}, (4, None)),
        ("nothing to see", {"epochs": "8"}, None),
    ],
)
def test_progress_is_read_from_the_log(
    line: str, hyperparameters: dict[str, str], expected: tuple[int, int | None] | None
) -> None:
    assert logs.progress(line, hyperparameters) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0s"), (59, "59s"), (61, "1m 01s"), (3725, "1h 02m")]
)
def test_duration(seconds: int, expected: str) -> None:
    start = datetime.now(UTC)
    assert jobs.duration(start, start + timedelta(seconds=seconds)) == expected


def test_table_aligns_its_columns() -> None:
    rows = [{"name": "a", "status": "Completed"}, {"name": "long-name", "status": "x"}]
    assert jobs.table(rows, "none").splitlines() == [
        "NAME       STATUS",
        "a          Completed",
        "long-name  x",
    ]
    assert jobs.table([], "none") == "none"
