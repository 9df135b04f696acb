"""EventBridge Scheduler's API by boto3, and runs that start real jobs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from schedule_requests import CREATE_JOB, STOP_JOB, schedule, training_request
from studio_plane import Studio, wait_for

from studio_ext.wire.identity import Caller


def runs(studio: Studio, name: str) -> Any:
    """Studio.ListScheduleRuns."""
    invoke = studio.plane.dispatcher.invoke
    caller = Caller.of(studio.plane.credential)
    return asyncio.run(invoke("studio", "ListScheduleRuns", {"Name": name}, caller))["Runs"]


def refused(call: Any, **params: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    told = caught.value.response
    status: int = told["ResponseMetadata"]["HTTPStatusCode"]
    return told["Error"]["Code"], status, told["Error"]["Message"]


def test_a_schedule_a_second_ahead_runs_a_job(studio: Studio) -> None:
    script = "import os; print('SM_HP_MOMENT =', os.environ['SM_HP_MOMENT'])"
    moment = datetime.now(UTC) + timedelta(seconds=1)
    told = {"moment": "<aws.scheduler.scheduled-time>"}
    request = training_request(studio, "soon", script, hyperparameters=told)
    made = schedule(
        studio,
        "soon",
        f"at({moment:%Y-%m-%dT%H:%M:%S})",
        State="ENABLED",
        Target={"Arn": CREATE_JOB, "Input": json.dumps(request)},
    )
    assert made["ScheduleArn"].endswith(":schedule/default/soon")
    wait_for(lambda: [run for run in runs(studio, "soon") if "EndTime" in run])
    (run,) = runs(studio, "soon")
    assert run["Status"] == "Succeeded", run
    assert run["Operation"] == "sagemaker:createTrainingJob"
    name = f"soon-{run['ExecutionId']}"
    assert run["Result"] == studio.config.arn(f"training-job/{name}", "000000000000")
    studio.ended(name)
    assert f"SM_HP_MOMENT = {moment:%Y-%m-%dT%H:%M:%SZ}" in studio.log(name)
    studio.scheduler.delete_schedule(Name="soon")
    assert studio.describe(name)["TrainingJobStatus"] == "Completed"


def test_what_goes_wrong_is_told_in_words(studio: Studio) -> None:
    schedule(
        studio,
        "wrong",
        "rate(1 day)",
        State="ENABLED",
        Target={"Input": json.dumps({"TrainingJobName": "no-such-job"})},
    )
    wait_for(lambda: [run for run in runs(studio, "wrong") if "EndTime" in run])
    (run,) = runs(studio, "wrong")
    assert run["Status"] == "Failed"
    assert "no-such-job" in run["ErrorMessage"] and run["ErrorCode"] == "ValidationException"
    events = studio.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "StopTrainingJob"}]
    )["Events"]
    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["userAgent"] == "scheduler.amazonaws.com"
    assert record["errorCode"] == "ValidationException"
    studio.scheduler.delete_schedule(Name="wrong")


def test_create_get_update_delete(studio: Studio) -> None:
    api = studio.scheduler
    start = datetime(2030, 1, 1, tzinfo=UTC)
    made = schedule(studio, "one", "cron(0 9 ? * MON-FRI *)", StartDate=start, Description="d")
    found = api.get_schedule(Name="one")
    assert found["Arn"] == made["ScheduleArn"]
    assert (found["GroupName"], found["State"], found["StartDate"]) == (
        "default",
        "DISABLED",
        start,
    )
    assert found["ScheduleExpressionTimezone"] == "UTC"
    assert found["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86400,
        "MaximumRetryAttempts": 185,
    }
    code, status, text = refused(lambda: schedule(studio, "one"))
    assert (code, status, text) == ("ConflictException", 409, "Schedule one already exists.")
    api.update_schedule(
        Name="one",
        ScheduleExpression="rate(2 days)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        Target={k: v for k, v in found["Target"].items() if k != "RetryPolicy"},
        State="DISABLED",
    )
    changed = api.get_schedule(Name="one")
    assert changed["ScheduleExpression"] == "rate(2 days)"
    assert "Description" not in changed and "StartDate" not in changed
    assert changed["CreationDate"] == found["CreationDate"]
    assert changed["LastModificationDate"] > found["LastModificationDate"]
    api.delete_schedule(Name="one")
    for call in (api.get_schedule, api.delete_schedule):
        code, status, text = refused(call, Name="one")
        assert (code, status) == ("ResourceNotFoundException", 404)
        assert text == "Schedule one does not exist."


def test_lists_have_filters_and_pages(studio: Studio) -> None:
    api = studio.scheduler
    api.create_schedule_group(Name="night")
    for number in range(5):
        schedule(studio, f"list-{number}")
    schedule(studio, "list-2", GroupName="night", State="ENABLED")
    schedule(studio, "lisp", GroupName="night")

    def names(**asked: Any) -> list[tuple[str, str]]:
        pages = api.get_paginator("list_schedules").paginate(
            **asked, PaginationConfig={"PageSize": 2}
        )
        return [(one["Name"], one["GroupName"]) for page in pages for one in page["Schedules"]]

    default = [(f"list-{number}", "default") for number in range(5)]
    assert names(NamePrefix="list-") == sorted([*default, ("list-2", "night")])
    assert names(GroupName="night") == [("lisp", "night"), ("list-2", "night")]
    assert names(GroupName="night", NamePrefix="list") == [("list-2", "night")]
    assert names(State="ENABLED", NamePrefix="lis") == [("list-2", "night")]
    page = api.list_schedules(NamePrefix="list", MaxResults=2)
    assert page["Schedules"][0]["Target"] == {"Arn": STOP_JOB}
    token = page["NextToken"]
    code, _, text = refused(api.list_schedules, NamePrefix="other", NextToken=token)
    assert code == "ValidationException" and "NextToken" in text
    assert refused(api.list_schedules, GroupName="none")[0] == "ResourceNotFoundException"
    for name, _ in default:
        api.delete_schedule(Name=name)
    api.delete_schedule_group(Name="night")
    wait_for(lambda: names(NamePrefix="lis") == [])


def test_groups_hold_schedules_and_take_them_along(studio: Studio) -> None:
    api = studio.scheduler
    tags = [{"Key": "team", "Value": "a"}]
    arn = api.create_schedule_group(Name="team", Tags=tags)["ScheduleGroupArn"]
    assert arn.endswith(":schedule-group/team")
    assert refused(api.create_schedule_group, Name="team")[:2] == ("ConflictException", 409)
    assert refused(api.create_schedule_group, Name="default")[0] == "ConflictException"
    for number in range(3):
        schedule(studio, f"in-{number}", GroupName="team")
    found = api.get_schedule_group(Name="team")
    assert (found["Arn"], found["State"]) == (arn, "ACTIVE")
    listed = [one["Name"] for one in api.list_schedule_groups()["ScheduleGroups"]]
    assert {"default", "team"} <= set(listed)
    api.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "c"}])
    api.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert api.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "c"}]
    api.delete_schedule_group(Name="team")
    wait_for(
        lambda: "team" not in [g["Name"] for g in api.list_schedule_groups()["ScheduleGroups"]]
    )
    assert refused(api.get_schedule, Name="in-0", GroupName="team")[1] == 404
    assert refused(api.list_tags_for_resource, ResourceArn=arn)[1] == 404
    assert refused(api.delete_schedule_group, Name="default")[0] == "ValidationException"
    assert refused(lambda: schedule(studio, "x", GroupName="team"))[1] == 404


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"ScheduleExpression": "cron(0 9 * * *)"}, "six fields"),
        ({"ScheduleExpression": "at(2020-01-01T00:00:00)"}, "in the past"),
        ({"ScheduleExpressionTimezone": "Mars/Phobos"}, "Mars/Phobos"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"StartDate": datetime(2020, 1, 1, tzinfo=UTC)}, "earlier than 5 minutes ago"),
        ({"EndDate": datetime(2020, 1, 1, tzinfo=UTC)}, "EndDate"),
        ({"Target": {"Input": "{}"}}, "TrainingJobName"),
        ({"Name": "a b"}, "'name'"),
    ],
)
def test_what_cannot_work_is_refused_with_its_field(
    studio: Studio, changes: dict[str, Any], word: str
) -> None:
    request = {"name": "bad", "expression": "rate(1 day)", **changes}
    name = request.pop("Name", request.pop("name"))
    expression = request.pop("ScheduleExpression", request.pop("expression"))
    code, status, text = refused(lambda: schedule(studio, name, expression, **request))
    assert (code, status) == ("ValidationException", 400)
    assert word in text
