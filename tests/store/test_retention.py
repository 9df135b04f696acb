"""What grows with time alone stays within bounds, and says the same about the past."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from studio_ext.config import Config
from studio_ext.store import Store, retention
from studio_ext.store.metrics import Sample, metric_points, metric_samples
from studio_ext.store.retention import DAY, HOUR
from studio_ext.store.statistics import Bucket, Meaning, Measure, Statistics, Window
from studio_ext.store.tables import events

NOW = 2_000_000_000.0
ENDPOINT = "111111111111/endpoint/e"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path)))
    yield store
    store.close()


def count(store: Store, table: object) -> int:
    with store.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]


def invoked(store: Store, start: float, seconds: int) -> None:
    """An endpoint invoked every second, as its gateway notes it."""
    chance = random.Random(1)
    points = []
    for second in range(seconds):
        at, number = start + second, chance.randint(1, 9)
        for name, value in (
            ("Invocations", number),
            ("InvocationsPerInstance", number),
            ("ModelLatency", chance.random() * 1000),
            ("Invocation5XXErrors", chance.randint(0, 1)),
        ):
            points.append((name, "v", at, None, float(value)))
    store.metrics.append(ENDPOINT, points)


def read(store: Store, name: str, meaning: Meaning, start: float, end: float) -> list[Bucket]:
    measure = Measure(ENDPOINT, name, "v", meaning, "Invocations")
    return Statistics(store.engine).buckets(measure, Window(start, end, HOUR))


@pytest.mark.parametrize(("age", "period"), [(4 * HOUR, 60), (20 * DAY, 300), (100 * DAY, 3600)])
def test_seconds_become_periods_with_the_same_sums_and_means(
    store: Store, age: float, period: int
) -> None:
    start = (NOW - age) // 3600 * 3600 - 2 * HOUR
    invoked(store, start, 2 * 3600)
    asked = [("Invocations", Meaning.SUM), ("ModelLatency", Meaning.MEAN)]
    before = [read(store, name, meaning, start, start + 2 * HOUR) for name, meaning in asked]
    retention.tidy(store.engine, NOW)
    after = [read(store, name, meaning, start, start + 2 * HOUR) for name, meaning in asked]
    assert count(store, metric_points) == 2 * 3600 // period * 4
    for one, other in zip(before, after, strict=True):
        assert [b.start for b in one] == [b.start for b in other]
        for fine, coarse in zip(one, other, strict=True):
            assert coarse.total == pytest.approx(fine.total)
            assert coarse.count == pytest.approx(fine.count)
    retention.tidy(store.engine, NOW)
    assert count(store, metric_points) == 2 * 3600 // period * 4


def test_what_is_new_and_the_curves_of_jobs_stay(store: Store) -> None:
    invoked(store, NOW - HOUR, 600)
    old = NOW - 1000 * DAY
    store.metrics.append("1/training-job/j", [("loss", "", old, step, 1.0) for step in range(100)])
    store.metrics.append("1/custom/x", [("gone", "", old, None, 1.0)])
    before = count(store, metric_points)
    retention.tidy(store.engine, NOW)
    assert count(store, metric_points) == before - 1
    assert len(store.metrics.series("1/training-job/j")[0].points) == 100


def test_samples_of_users_are_put_together(store: Store) -> None:
    start = (NOW - DAY) // 60 * 60
    samples = [
        Sample("m", "", start + second, 2.0, second * 2.0, second - 1.0, second + 1.0, "Seconds")
        for second in range(120)
    ]
    store.metrics.add_samples("1/custom/x", samples)
    retention.tidy(store.engine, NOW)
    with store.read() as connection:
        rows = connection.execute(select(metric_samples).order_by("timestamp")).all()
    assert [(r.timestamp, r.count, r.total, r.minimum, r.maximum) for r in rows] == [
        (start, 120.0, sum(range(60)) * 2.0, -1.0, 60.0),
        (start + 60, 120.0, sum(range(60, 120)) * 2.0, 59.0, 120.0),
    ]


def test_old_events_go_but_never_the_last_ones(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "KEEP_EVENTS", 50)
    monkeypatch.setattr(retention, "BATCH", 30)
    ages = [8 * DAY] * 200 + [DAY] * 20
    rows = [
        {
            "at": NOW - age,
            "resource_id": 1,
            "kind": "k",
            "account": "1",
            "domain": "d",
            "name": "n",
            "change": "updated",
            "actor": "a",
        }
        for age in ages
    ]
    with store.begin() as connection:
        connection.execute(insert(events), rows)
    retention.tidy(store.engine, NOW)
    assert count(store, events) == 50
    retention.tidy(store.engine, NOW + 100 * DAY)
    assert count(store, events) == 50
    assert store.resources.last_event() == 220
