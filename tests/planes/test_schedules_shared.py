"""Schedules on two control planes of one database, one of which is killed at their time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import postgresql
import pytest
from planes import ROLE, SKLEARN, Plane
from studio_process import wait_for

from studio_ext.config import Config
from studio_ext.control.world import World
from studio_ext.schedules.operations import Schedules
from studio_ext.store import Store
from studio_ext.wire.dispatch import Dispatcher, Registry
from studio_ext.wire.identity import Caller

SCHEDULES = 24
AHEAD_S = 4
CREATE = "arn:aws:scheduler:::aws-sdk:sagemaker:createModel"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def url() -> str:
    """An empty database."""
    return postgresql.server().new(empty=True)


@pytest.fixture
def planes(url: str, tmp_path: Path) -> Iterator[list[Plane]]:
    made = [Plane(tmp_path / "home", STUDIO_DATABASE_URL=url) for _ in range(2)]
    yield [plane.start() for plane in made]
    for plane in made:
        plane.clean_up()


class Told:
    """What Studio.ListScheduleRuns says, read on the database beside the planes."""

    def __init__(self, home: Path, url: str) -> None:
        config, nothing = Config(home=str(home), database_url=url), None
        self.store = Store(config)
        world = World(config, self.store, nothing, lambda _: {})  # type: ignore[arg-type]
        registry = Registry()
        Schedules(world, registry, lambda *_: {}).register(registry)
        self._dispatcher = Dispatcher(registry, self.store.credentials, config.region)
        self._caller = Caller("", "default", "default", ROLE, "000000000000")

    def runs(self, name: str) -> list[dict[str, Any]]:
        invoke = self._dispatcher.invoke
        found = asyncio.run(invoke("studio", "ListScheduleRuns", {"Name": name}, self._caller))
        runs: list[dict[str, Any]] = found["Runs"]
        return runs

    def close(self) -> None:
        self._dispatcher.close()
        self.store.close()


def test_each_time_is_run_once_though_one_is_killed(planes: list[Plane], url: str) -> None:
    first = planes[0]
    told = Told(first.home, url)
    moment = int(told.store.now()) + AHEAD_S
    at = f"at({datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S})"
    names = [f"s-{number}" for number in range(SCHEDULES)]
    for number, name in enumerate(names):
        request = {
            "ModelName": f"{name}-<aws.scheduler.execution-id>",
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {"Image": SKLEARN},
        }
        planes[number % 2].client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=at,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": CREATE, "RoleArn": ROLE, "Input": json.dumps(request)},
        )

    def made() -> list[str]:
        found = planes[1].client("sagemaker").list_models(MaxResults=100)["Models"]
        return [one["ModelName"].rpartition("-")[0] for one in found]

    assert not made() or told.store.now() >= moment
    wait_for(lambda: len(made()) >= SCHEDULES // 4, "some runs")
    first.kill()
    wait_for(
        lambda: all("EndTime" in (told.runs(name) or [{}])[0] for name in names), "every run", 120
    )
    first.start()
    time.sleep(1.0)  # for what would be done twice
    assert sorted(made()) == sorted(names)
    for name in names:
        (run,) = told.runs(name)
        assert run["Status"] == "Succeeded", run
        assert run["Result"].endswith(f"{name}-{run['ExecutionId']}")
    told.close()
