"""The controller: what is due is invoked once, on a clock that the tests turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from studio_ext.config import Config
from studio_ext.control.kinds import Kind
from studio_ext.control.world import World
from studio_ext.schedules import controller as controlling
from studio_ext.schedules.operations import Schedules
from studio_ext.seen import context
from studio_ext.store import Store
from studio_ext.store.resources import NameTaken
from studio_ext.wire.dispatch import Call, Registry
from studio_ext.wire.errors import ApiError, ResourceInUse, ValidationException
from studio_ext.wire.identity import Caller
from studio_ext.wire.models import service_model

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/StudioExecutionRole"
CREATE = "arn:aws:scheduler:::aws-sdk:sagemaker:createEndpointConfig"
VARIANT = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large"}
NAMED = {"EndpointConfigName": "made-<aws.scheduler.execution-id>", "ProductionVariants": [VARIANT]}
ANA = Caller("", "default", "default", ROLE, ACCOUNT)


class Killed(BaseException):
    """Ends whatever runs, as kill -9 does: nothing below catches it."""


class Bench:
    """Schedules whose clock stands still, and a target that makes resources as operations do."""

    def __init__(self, home: Path) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
        config, nothing = Config(home=str(home)), None
        self.world = World(config, Store(config), nothing, lambda _: {})  # type: ignore[arg-type]
        self.world.add_kind(Kind("thing", "Thing", "thing", "Things"))
        self.store = self.world.store
        self.store.now = lambda: self.now  # type: ignore[method-assign]
        self.asked: list[tuple[str, dict[str, Any], Caller]] = []
        self.trouble: list[BaseException] = []
        self.registry = Registry()
        for name in ("CreateEndpointConfig", "StopTrainingJob", "DescribeModel"):
            self.registry.add("sagemaker", name, lambda _call, _params: {})
        self.schedules = Schedules(self.world, self.registry, self.invoke)

    def invoke(
        self, service: str, operation: str, params: dict[str, Any], caller: Caller, request_id: str
    ) -> dict[str, Any]:
        """What the dispatcher does; errors in ``trouble`` come first, Killed after it was done."""
        self.asked.append((f"{service}.{operation}", params, caller))
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble is not None and not isinstance(trouble, Killed):
            raise trouble
        name = str(params.get("EndpointConfigName", "stopped"))
        with context.acting(request_id, direct=True):
            try:
                made = self.store.resources.create(
                    kind="thing",
                    account=caller.account_id,
                    domain=caller.domain,
                    name=name,
                    arn=f"arn:{name}",
                    owner=caller.user_profile,
                    status=None,
                    spec={},
                )
            except NameTaken:
                raise ResourceInUse(f"{name} exists already.") from None
        if trouble is not None:
            raise trouble
        return {"EndpointConfigArn": made.arn}

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        method = {
            "CreateSchedule": self.schedules.create,
            "UpdateSchedule": self.schedules.update,
            "ListScheduleRuns": self.schedules.runs,
            "RunSchedule": self.schedules.run,
        }[operation]
        service = "studio" if operation in ("ListScheduleRuns", "RunSchedule") else "scheduler"
        model = service_model(service).operation_model(operation)
        return method(Call(service, model, ANA, "us-east-1", "r"), params)

    def create(self, expression: str, name: str = "s", **changes: Any) -> int:
        """A schedule; its id."""
        self.call("CreateSchedule", **asked(expression, name, **changes))
        found = self.store.resources.get("schedule", ACCOUNT, f"{name}/default")
        assert found is not None
        return found.id

    def look(self, resource_id: int) -> float | None:
        """Reconcile until it wants to rest; for how long."""
        kind = self.world.kinds["schedule"]
        assert kind.reconcile is not None
        for _ in range(20):
            rest = kind.reconcile(self.world, resource_id)
            if rest != 0.0:
                return rest
        raise AssertionError("it never rests")

    def runs(self, name: str = "s") -> list[dict[str, Any]]:
        """The runs of a schedule, the newest first."""
        found: list[dict[str, Any]] = self.call("ListScheduleRuns", Name=name)["Runs"]
        return found

    def made(self) -> int:
        """How many resources runs have made."""
        return sum(self.store.resources.count_by_status("thing", ACCOUNT).values())


def asked(expression: str, name: str = "s", **changes: Any) -> dict[str, Any]:
    target = {"Arn": CREATE, "RoleArn": ROLE, "Input": json.dumps(NAMED)}
    target |= changes.pop("Target", {})
    return {
        "Name": name,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
        **changes,
    }


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "home")
    yield bench
    bench.store.close()


def test_a_rate_runs_at_once_and_then_each_time(bench: Bench) -> None:
    one = bench.create("rate(5 minutes)")
    assert bench.look(one) == 300
    for _ in range(3):
        bench.now += 299
        assert bench.look(one) == 1
        bench.now += 1
        assert bench.look(one) == 300
    runs = bench.runs()
    assert [run["Status"] for run in runs] == ["Succeeded"] * 4
    assert [bench.now - run["ScheduledTime"] for run in runs] == [0, 300, 600, 900]
    assert len({run["ExecutionId"] for run in runs}) == 4
    name, params, caller = bench.asked[0]
    assert name == "sagemaker.CreateEndpointConfig"
    assert params["EndpointConfigName"] == f"made-{runs[-1]['ExecutionId']}"
    assert runs[-1]["Result"] == f"arn:made-{runs[-1]['ExecutionId']}"
    assert (caller.account_id, caller.user_profile, caller.scope) == (ACCOUNT, "default", None)
    assert bench.call("ListScheduleRuns", Name="s")["NextTime"] == bench.now + 300


def test_what_was_missed_runs_once_with_the_latest_time(bench: Bench) -> None:
    one = bench.create("cron(0 * * * ? *)")
    assert bench.look(one) == 3600
    first = bench.now + 3600
    bench.now += 50 * 3600 + 100
    assert bench.look(one) == 3500
    (run,) = bench.runs()
    assert run["ScheduledTime"] == first + 49 * 3600
    assert run["MissedSince"] == first
    bench.now += 3500
    bench.look(one)
    assert "MissedSince" not in bench.runs()[0]


@pytest.mark.parametrize("action", ["NONE", "DELETE"])
def test_a_one_time_schedule_runs_once_and_may_go_then(bench: Bench, action: str) -> None:
    one = bench.create("at(2026-11-21T13:00:00)", ActionAfterCompletion=action)
    assert bench.look(one) == 3600
    bench.now += 3600
    assert bench.look(one) is None
    bench.now += 9e6
    assert bench.look(one) is None
    assert bench.made() == 1
    assert (bench.store.resources.by_id(one) is None) == (action == "DELETE")


def test_an_end_date_completes_a_schedule(bench: Bench) -> None:
    one = bench.create("rate(1 hour)", EndDate=bench.now + 4000, ActionAfterCompletion="DELETE")
    assert bench.look(one) == 3600
    bench.now += 3600
    assert bench.look(one) is None
    assert bench.made() == 2 and bench.store.resources.by_id(one) is None


#: Every line of the controller's at which a run may be cut off, by what is called there.
LINES = ["edit-before", "edit-after", "invoke-before", "invoke-after"]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("line", LINES)
def test_killed_anywhere_a_run_is_neither_lost_nor_doubled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, line: str, number: int
) -> None:
    one = bench.create("rate(1 hour)")
    cut = Cut(bench, monkeypatch, line, number)
    try:
        bench.look(one)
    except Killed:
        assert cut.done
    monkeypatch.undo()
    bench.store.now = lambda: bench.now  # type: ignore[method-assign]
    assert bench.look(one) == 3600
    assert bench.made() == 1
    (run,) = bench.runs()
    assert run["Status"] == "Succeeded"
    assert run["Result"] == f"arn:made-{run['ExecutionId']}"


class Cut:
    """Kills what runs before or after the n-th write, or the invocation."""

    def __init__(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, line: str, number: int
    ) -> None:
        self.done = False
        what, _, when = line.partition("-")
        counted = 0

        def count() -> bool:
            nonlocal counted
            counted += 1
            self.done |= counted == number + 1
            return counted == number + 1

        if what == "invoke":
            original: Callable[..., Any] = bench.invoke

            def invoke(*arguments: Any) -> Any:
                hit = count()
                if hit and when == "before":
                    raise Killed
                answer = original(*arguments)
                if hit:
                    raise Killed
                return answer

            monkeypatch.setattr(bench.schedules.controller, "_invoke", invoke)
            return
        resources = bench.store.resources
        edit = resources.edit

        def cut(*arguments: Any, **options: Any) -> Any:
            hit = count()
            if hit and when == "before":
                raise Killed
            return _Killing(edit(*arguments, **options)) if hit else edit(*arguments, **options)

        monkeypatch.setattr(resources, "edit", cut)


class _Killing:
    """A transaction after whose end nothing is done."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *told: Any) -> None:
        self._inner.__exit__(*told)
        raise Killed


def test_a_name_that_an_attempt_before_took_is_ones_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When somebody has changed meanwhile what the run had made."""
    one = bench.create("rate(1 hour)")
    bench.trouble = [Killed()]
    with pytest.raises(Killed):
        bench.look(one)
    monkeypatch.setattr(controlling, "_made_by", lambda *_: None)
    assert bench.look(one) == 3600
    (run,) = bench.runs()
    assert (run["Status"], run["Attempts"], bench.made()) == ("Succeeded", 2, 1)


def test_refusals_are_told_in_words_and_not_repeated(bench: Bench) -> None:
    one = bench.create("rate(1 hour)")
    bench.trouble = [ValidationException("ModelName: there is no m.")]
    assert bench.look(one) == 3600
    (run,) = bench.runs()
    assert (run["Status"], run["Attempts"]) == ("Failed", 1)
    assert (run["ErrorCode"], run["ErrorMessage"]) == (
        "ValidationException",
        "ModelName: there is no m.",
    )


def test_a_name_of_its_own_is_advised_when_each_run_wants_the_same(bench: Bench) -> None:
    text = json.dumps({**NAMED, "EndpointConfigName": "always-the-same"})
    one = bench.create("rate(1 hour)", Target={"Input": text})
    bench.look(one)
    bench.now += 3600
    bench.look(one)
    newest, oldest = bench.runs()
    assert (oldest["Status"], newest["Status"]) == ("Succeeded", "Failed")
    assert newest["ErrorCode"] == "ResourceInUse"
    assert "<aws.scheduler.execution-id>" in newest["ErrorMessage"]


def test_what_may_go_better_is_tried_again_later(bench: Bench) -> None:
    one = bench.create("rate(1 hour)")
    bench.trouble = [ApiError("ServiceUnavailable", "The database is away.", 503)] * 3
    waits = [bench.look(one)]
    assert bench.runs()[0]["Status"] == "Retrying"
    assert bench.runs()[0]["ErrorMessage"] == "The database is away."
    while waits[-1] != 3600 - sum(wait or 0 for wait in waits[:-1]):
        bench.now += waits[-1] or 0
        waits.append(bench.look(one))
    assert waits[:-1] == [2, 4, 8]
    (run,) = bench.runs()
    assert (run["Status"], run["Attempts"], bench.made()) == ("Succeeded", 4, 1)
    assert "ErrorMessage" not in run
    assert {params["EndpointConfigName"] for _, params, _ in bench.asked} == {
        f"made-{run['ExecutionId']}"
    }


def test_retries_end_with_the_policy_and_with_the_next_time(bench: Bench) -> None:
    away = ApiError("ServiceUnavailable", "The database is away.", 503)
    policy = {"RetryPolicy": {"MaximumRetryAttempts": 1}}
    few = bench.create("rate(1 hour)", "few", Target=policy)
    bench.trouble = [away, away]
    bench.now += bench.look(few) or 0
    bench.look(few)
    assert [(r["Status"], r["Attempts"]) for r in bench.runs("few")] == [("Failed", 2)]
    often = bench.create("rate(1 minute)", "often")
    bench.trouble = [away] * 9
    for _ in range(6):
        bench.now += bench.look(often) or 0
    first = bench.runs("often")[-1]
    assert first["Status"] == "Failed" and "the next run is due" in first["ErrorMessage"]
    bench.trouble = []
    bench.now += bench.look(often) or 0
    bench.look(often)
    assert bench.runs("often")[0]["Status"] == "Succeeded"


def test_what_is_too_old_is_not_run(bench: Bench) -> None:
    policy = {"RetryPolicy": {"MaximumEventAgeInSeconds": 60}}
    strict = bench.create("at(2026-11-21T13:00:00)", "strict", Target=policy)
    lenient = bench.create("at(2026-11-21T13:00:00)", "lenient")
    bench.now += 5 * 86400
    assert bench.look(strict) is None and bench.look(lenient) is None
    assert bench.runs("strict")[0]["ErrorCode"] == "EventTooOld"
    assert bench.runs("lenient")[0]["Status"] == "Succeeded"


def test_a_flexible_window_delays_the_run_alone(bench: Bench) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    one = bench.create("rate(1 hour)", FlexibleTimeWindow=window)
    wait = bench.look(one)
    assert wait is not None and 0 < wait < 1800
    assert bench.runs()[0]["Status"] == "Waiting" and bench.made() == 0
    bench.now += wait
    assert bench.look(one) == pytest.approx(3600 - wait)
    assert bench.made() == 1


def test_a_disabled_schedule_rests_and_misses_nothing(bench: Bench) -> None:
    one = bench.create("rate(1 hour)", State="DISABLED")
    assert bench.look(one) is None
    bench.now += 36000 - 60
    bench.call("UpdateSchedule", **asked("rate(1 hour)"))
    assert bench.look(one) == 60 and bench.made() == 0  # counted from its creation
    bench.now += 60
    assert bench.look(one) == 3600
    assert "MissedSince" not in bench.runs()[0]


def test_an_update_replaces_the_times_and_keeps_the_runs(bench: Bench) -> None:
    one = bench.create("at(2026-11-21T12:00:00)")
    assert bench.look(one) is None and bench.made() == 1
    bench.now += 5
    bench.call("UpdateSchedule", **asked("at(2026-11-21T12:00:00)", Description="again"))
    assert bench.look(one) is None and bench.made() == 1  # it has run
    bench.call("UpdateSchedule", **asked("cron(0 13 * * ? *)"))
    assert bench.look(one) == 3595
    assert len(bench.runs()) == 1
    with pytest.raises(ValidationException, match="in the past"):
        bench.call("UpdateSchedule", **asked("at(2020-01-01T00:00:00)"))


def test_only_so_many_runs_are_remembered(bench: Bench) -> None:
    one = bench.create("rate(1 minute)")
    for _ in range(30):
        bench.now += bench.look(one) or 0
    assert len(bench.runs()) == 20
    assert bench.runs()[0]["ScheduledTime"] == bench.now - 60


def test_nothing_runs_for_who_is_gone(bench: Bench) -> None:
    account = bench.store.accounts.open("default", "ben")
    ben = Caller("", "ben", "default", ROLE, account)
    model = service_model("scheduler").operation_model("CreateSchedule")
    bench.schedules.create(
        Call("scheduler", model, ben, "us-east-1", "r"), asked("rate(1 hour)", "bens")
    )
    found = bench.store.resources.get("schedule", account, "bens/default")
    assert found is not None
    bench.store.accounts.close(account)
    assert bench.look(found.id) is None and not bench.asked


def test_a_group_that_goes_takes_what_was_just_made_in_it(bench: Bench) -> None:
    one = bench.create("rate(1 hour)")
    default = bench.store.resources.get("schedule-group", ACCOUNT, "default")
    assert default is not None
    bench.store.resources.delete(default.id, "test")
    assert bench.look(one) is None
    assert bench.store.resources.by_id(one) is None and not bench.asked


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ({"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}, "universal targets"),
        ({"Arn": CREATE.replace("sagemaker", "dynamodb")}, "dynamodb is not a supported service"),
        ({"Arn": CREATE.replace("sagemaker", "scheduler")}, "scheduler is not a supported service"),
        ({"Arn": CREATE.replace("EndpointConfig", "HubContent")}, "not built here"),
        (
            {"Arn": CREATE.replace("createEndpointConfig", "describeModel")},
            "it reads, or takes a stream",
        ),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}}, "ListScheduleRuns"),
        ({"Input": "not json"}, "Target.Input: The request body is not valid JSON"),
        ({"Input": "[1]"}, "Target.Input"),
        ({"Input": "{}"}, "EndpointConfigName"),
        ({"Input": json.dumps({**NAMED, "Name": 1})}, "Name"),
        (
            {
                "Input": json.dumps(
                    {**NAMED, "EndpointConfigName": "<aws.scheduler.scheduled-time>"}
                )
            },
            "has colons",
        ),
        ({"Input": "x" * 300_000}, "262144"),
    ],
)
def test_targets_that_no_run_could_get_through_are_refused(
    bench: Bench, target: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValidationException) as caught:
        bench.create("rate(1 hour)", Target=target)
    assert word in caught.value.message
    assert "Target." in caught.value.message


def test_context_attributes_are_replaced(bench: Bench) -> None:
    tags = [
        {"Key": name, "Value": f"<aws.scheduler.{name}>"}
        for name in ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    ]
    text = json.dumps({**NAMED, "Tags": tags})
    one = bench.create("at(2026-11-21T13:00:00)", Target={"Input": text})
    bench.now += 3700
    bench.look(one)
    told = {tag["Key"]: tag["Value"] for tag in bench.asked[0][1]["Tags"]}
    assert told == {
        "schedule-arn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/s",
        "scheduled-time": "2026-11-21T13:00:00Z",
        "execution-id": bench.runs()[0]["ExecutionId"],
        "attempt-number": "1",
    }


def test_the_same_request_again_is_no_conflict(bench: Bench) -> None:
    first = bench.call("CreateSchedule", **asked("rate(1 hour)", ClientToken="t"))
    assert bench.call("CreateSchedule", **asked("rate(1 hour)", ClientToken="t")) == first
    for token in ({"ClientToken": "u"}, {}):
        with pytest.raises(ApiError) as caught:
            bench.call("CreateSchedule", **asked("rate(1 hour)", **token))
        assert (caught.value.code, caught.value.status) == ("ConflictException", 409)


def test_a_run_that_is_asked_for_takes_none_of_the_times(bench: Bench) -> None:
    one = bench.create("cron(0 13 * * ? *)")
    assert bench.look(one) == 3600
    bench.now += 60
    execution = bench.call("RunSchedule", Name="s")["ExecutionId"]
    with pytest.raises(ApiError, match="has a run that has not ended"):
        bench.call("RunSchedule", Name="s")
    assert bench.look(one) == 3540
    bench.now += 3540
    assert bench.look(one) == 86400
    newest, oldest = bench.runs()
    assert oldest["ExecutionId"] == execution != newest["ExecutionId"]
    assert oldest["ScheduledTime"] == bench.now - 3540
    assert [run["Status"] for run in (newest, oldest)] == ["Succeeded"] * 2 and bench.made() == 2


def test_a_disabled_schedule_runs_when_asked_and_tries_again(bench: Bench) -> None:
    one = bench.create("rate(1 hour)", State="DISABLED")
    bench.now += 7200
    bench.call("RunSchedule", Name="s")
    bench.trouble = [ApiError("ServiceUnavailable", "The database is away.", 503)]
    wait = bench.look(one)
    assert wait == 2 and bench.runs()[0]["Status"] == "Retrying"
    bench.now += wait
    assert bench.look(one) is None
    (run,) = bench.runs()
    assert (run["Status"], run["Attempts"], bench.made()) == ("Succeeded", 2, 1)
