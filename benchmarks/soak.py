"""A day of rest and of monitoring, time compressed: does anything grow?

Every loop that runs for ever does the rounds of so many hours, one after the other without the
pauses in between: the reconciler's look at what is due and its upkeep, the keeper's, subscribers'
of events, an endpoint's metrics of every second and users' own, jobs that note progress, a schedule
that runs each minute, credentials that expire, chores. Memory, threads, descriptors, files and rows
are counted.

``python -m benchmarks.soak [--hours 24]``
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

import psutil
from sqlalchemy import func, select

from studio_ext.config import Config
from studio_ext.control import reconciler
from studio_ext.plane import KEEP_S, ControlPlane
from studio_ext.schedules.kinds import DEFAULT_GROUP, SCHEDULE, key
from studio_ext.store import chores, retention
from studio_ext.store.credentials import access_keys
from studio_ext.store.metrics import Sample, metric_points, metric_samples
from studio_ext.store.tables import events
from studio_ext.wire.identity import Caller

from .studios import new_home

EVENTS_POLL_S = 0.5
METRICS = ("Invocations", "InvocationsPerInstance", "ModelLatency", "OverheadLatency")
SNAPSHOTS = 12


@dataclass(frozen=True)
class Snapshot:
    """What there was after so many hours."""

    hours: float
    rss_mb: float
    threads: int
    descriptors: int
    files: int
    points: int
    samples: int
    events: int
    keys: int
    runs: int


def snapshot(plane: ControlPlane, hours: float, runs: int) -> Snapshot:
    """Count everything."""
    gc.collect()
    process = psutil.Process()
    with plane.store.read() as connection:
        rows = [
            int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in (metric_points, metric_samples, events, access_keys)
        ]
    files = sum(path.is_file() for path in plane.config.path.rglob("*"))
    rss = process.memory_info().rss / (1 << 20)
    return Snapshot(hours, rss, process.num_threads(), process.num_fds(), files, *rows, runs)


class Day:
    """The loops of a control plane that is not started, run by hand."""

    def __init__(self, home: Path) -> None:
        self.plane = ControlPlane(Config(home=str(home)))
        self._now = time.time()  # what is stored goes into the future
        self._chores = chores.Chores(self.plane.store)
        self._last = 0
        account = self.plane.config.account_id
        self._endpoint = f"{account}/endpoint/soak"
        self._custom = f"{account}/custom/soak"
        self._job = self.plane.store.resources.create(
            kind="other",
            account=account,
            domain="default",
            name="soak",
            arn="soak",
            owner="default",
            status="InProgress",
            spec={},
        ).id
        self._schedule = self._scheduled()

    def _scheduled(self) -> int:
        """The id of a schedule whose clock is that of the soak."""
        request = {
            "Name": "soak",
            "ScheduleExpression": "cron(* * * * ? *)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:stopTrainingJob",
                "RoleArn": self.plane.config.role_arn,
                "Input": '{"TrainingJobName": "none"}',
            },
        }
        caller = Caller.of(self.plane.credential)
        schedules = self.plane.schedules
        schedules.controller.clock = lambda _world: self._now
        asyncio.run(self.plane.dispatcher.invoke("scheduler", "CreateSchedule", request, caller))
        name = key(DEFAULT_GROUP, "soak")
        found = self.plane.store.resources.get(SCHEDULE, caller.account_id, name)
        assert found is not None
        return found.id

    def runs(self) -> int:
        """How many runs the schedule remembers."""
        found = self.plane.store.resources.by_id(self._schedule)
        assert found is not None
        return len(found.state.get("runs", []))

    def minute(self) -> None:
        """A minute of everything; only the clock of what is stored is put forward."""
        store = self.plane.store
        reconciling = self.plane.reconciler
        store.leases.wake(self._schedule)
        for tick in range(round(60 / reconciler.POLL_S)):
            reconciling._claim()
            if tick % round(reconciler.UPKEEP_S / reconciler.POLL_S) == 0:
                reconciling._next_upkeep = 0.0
                reconciling._upkeep()
        for _ in range(round(60 / EVENTS_POLL_S)):
            for event in store.resources.events_after(self._last):
                self._last = event.id
        for _ in range(round(60 / KEEP_S)):
            self.plane._announce()
        points = [
            (name, "v", self._now + second, None, 1.0) for second in range(60) for name in METRICS
        ]
        store.metrics.append(self._endpoint, points)
        samples = [Sample("m", "", self._now + s, 1.0, 1.0, 1.0, 1.0, "") for s in range(0, 60, 10)]
        store.metrics.add_samples(self._custom, samples)
        for number in range(10):
            with store.resources.edit(self._job, progress=number % 2 == 0) as job:
                assert job is not None
                job.state["step"] = [self._now, number]
        store.credentials.issue("soak", lifetime_s=0.01)
        self._now += 60

    def tidy(self) -> None:
        """The chores of an hour."""
        self._chores._next = 0.0
        with mock.patch.object(chores.time, "time", return_value=self._now):
            for _ in range(chores.PARTS + 5):
                self._chores.step()

    def close(self) -> None:
        """End."""
        self.plane.stop()


def run(hours: float) -> Iterator[Snapshot]:
    """Snapshots on the way, evenly spaced; chores are done before each."""
    with new_home() as home, mock.patch.multiple(retention, KEEP_EVENTS=100, KEEP_EVENTS_S=60.0):
        day = Day(home)
        try:
            minutes = round(hours * 60)
            marks = {round(minutes * n / SNAPSHOTS) for n in range(1, SNAPSHOTS + 1)}
            for minute in range(1, minutes + 1):
                day.minute()
                if minute in marks or minute % 60 == 0:
                    day.tidy()
                if minute in marks:
                    yield snapshot(day.plane, minute / 60, day.runs())
        finally:
            day.close()


def growth(snapshots: list[Snapshot]) -> dict[str, float]:
    """By how much each count grew from the middle of the time to its end."""
    middle, last = asdict(snapshots[len(snapshots) // 2]), asdict(snapshots[-1])
    return {name: last[name] - middle[name] for name in middle if name != "hours"}


def main() -> int:
    """Run and report; the exit status says whether nothing grew without bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24)
    options = parser.parse_args()
    found = []
    for one in run(options.hours):
        found.append(one)
        print(*(f"{name}={value:g}" for name, value in asdict(one).items()), flush=True)
    grown = growth(found)
    print("second half:", grown)
    fine = grown["rss_mb"] < 10 and all(
        grown[name] <= 2 for name in ("threads", "descriptors", "files", "keys", "events")
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
