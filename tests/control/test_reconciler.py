"""The reconciler, alone and beside others on the same database."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_world import make_world

from studio_ext.control import reconciler
from studio_ext.control.kinds import Kind
from studio_ext.control.reconciler import Reconciler
from studio_ext.control.world import Reconcile, World
from studio_ext.store.leases import Leases


def wait_for(check: Callable[[], Any], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def job_kind(reconcile: Reconcile) -> Kind:
    return Kind(name="job", api="Job", label="job", items="Jobs", reconcile=reconcile)


def create(world: World, name: str) -> int:
    made = world.store.resources.create(
        kind="job",
        account="111111111111",
        domain="d",
        name=name,
        arn=name,
        owner="ana",
        status="InProgress",
        spec={},
        state={"steps": 0},
        wake=True,
    )
    world.notify()
    return made.id


def step(world: World, resource_id: int, limit: int = 5) -> float | None:
    """Count in the state up to ``limit``, then be done."""
    with world.store.resources.edit(resource_id) as job:
        assert job is not None
        job.state["steps"] += 1
        if job.state["steps"] == limit:
            job.status = "Completed"
            return None
    return 0.0


def is_done(world: World, ids: list[int]) -> bool:
    found = [world.store.resources.by_id(i) for i in ids]
    return all(job is not None and job.status == "Completed" for job in found)


@pytest.fixture
def run(home: Path) -> Iterator[Callable[[Reconcile], World]]:
    """Start a reconciler of its own over the same home."""
    started: list[tuple[Reconciler, World]] = []

    def start(reconcile: Reconcile) -> World:
        world = make_world(home)
        world.add_kind(job_kind(reconcile))
        one = Reconciler(world)
        one.start()
        started.append((one, world))
        return world

    yield start
    for one, world in started:
        one.stop()
        world.store.close()


def test_steps_until_nothing_is_left(run: Callable[[Reconcile], World]) -> None:
    world = run(step)
    ids = [create(world, f"job-{number}") for number in range(20)]
    wait_for(lambda: is_done(world, ids))
    jobs = [world.store.resources.by_id(i) for i in ids]
    assert {job.state["steps"] for job in jobs if job} == {5}


def test_a_controller_that_fails_is_tried_again(
    run: Callable[[Reconcile], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "RETRY_S", 0.05)
    tries: list[int] = []

    def fail_twice(world: World, resource_id: int) -> float | None:
        tries.append(resource_id)
        if len(tries) < 3:
            raise OSError("not yet")
        return step(world, resource_id, limit=1)

    world = run(fail_twice)
    ids = [create(world, "job")]
    wait_for(lambda: is_done(world, ids))
    assert len(tries) == 3


def test_two_share_the_work_and_never_a_resource(run: Callable[[Reconcile], World]) -> None:
    busy: set[int] = set()
    who: Counter[str] = Counter()
    clashes: list[int] = []
    lock = threading.Lock()

    def by(name: str) -> Reconcile:
        def reconcile(world: World, resource_id: int) -> float | None:
            with lock:
                if resource_id in busy:
                    clashes.append(resource_id)
                busy.add(resource_id)
                who[name] += 1
            time.sleep(0.04)  # longer in all than the other one's look around takes
            delay = step(world, resource_id)
            with lock:
                busy.discard(resource_id)
            return delay

        return reconcile

    world = run(by("one"))
    run(by("two"))
    ids = [create(world, f"job-{number}") for number in range(30)]
    wait_for(lambda: is_done(world, ids))
    assert clashes == []
    assert who.total() == 150
    assert min(who.values()) > 10


def test_a_long_step_keeps_its_lease(
    run: Callable[[Reconcile], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "LEASE_S", 0.4)
    monkeypatch.setattr(reconciler, "UPKEEP_S", 0.1)
    runs: list[float] = []

    def slow(world: World, resource_id: int) -> float | None:
        runs.append(time.time())
        time.sleep(1.2)
        return step(world, resource_id, limit=1)

    world = run(slow)
    run(slow)
    ids = [create(world, "job")]
    wait_for(lambda: is_done(world, ids))
    time.sleep(0.6)
    assert len(runs) == 1


def test_more_resources_than_threads(run: Callable[[Reconcile], World]) -> None:
    """What waits for a thread is not leased, so that another control plane may take it."""
    gate = threading.Event()

    def wait(world: World, resource_id: int) -> float | None:
        gate.wait(60)
        return step(world, resource_id, limit=1)

    world = run(wait)
    ids = [create(world, f"job-{number}") for number in range(reconciler.WORKERS + 3)]
    wait_for(lambda: len(world.store.leases.claim("elsewhere:1:0.00:a", 0.0)) == 3)
    gate.set()
    wait_for(lambda: is_done(world, ids))


def _hang(home: str, url: str) -> None:
    world = make_world(Path(home), database_url=url)

    def forever(world: World, resource_id: int) -> float | None:
        with world.store.resources.edit(resource_id) as job:
            assert job is not None
            job.state["taken"] = os.getpid()
        time.sleep(600)
        return None

    world.add_kind(job_kind(forever))
    Reconciler(world).start()
    time.sleep(600)


def test_what_a_killed_one_had_is_taken_over(
    run: Callable[[Reconcile], World], world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "UPKEEP_S", 0.2)
    arguments = (str(home), world.config.database_url)
    child = multiprocessing.get_context("spawn").Process(target=_hang, args=arguments)
    child.start()
    assert child.pid is not None
    try:
        identity = create(world, "job")

        def is_taken() -> bool:
            job = world.store.resources.by_id(identity)
            return job is not None and job.state.get("taken") == child.pid

        wait_for(is_taken)
        run(step)
        time.sleep(0.5)
        assert not is_done(world, [identity])  # its holder lives
    finally:
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    wait_for(lambda: is_done(world, [identity]))


@pytest.mark.parametrize("lost", ["release", "claim"])
def test_what_was_lost_with_a_connection_is_taken_up_again(
    run: Callable[[Reconcile], World], world: World, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """A step's end that could not be written, or a claim that was, with nobody told of it."""
    monkeypatch.setattr(reconciler, "UPKEEP_S", 0.2)
    monkeypatch.setattr(reconciler, "RETRY_S", 0.1)
    whole = getattr(Leases, lost)
    failures = []

    def broken(*arguments: Any) -> Any:
        if failures:
            return whole(*arguments)
        if lost == "claim" and not whole(*arguments):
            return []
        failures.append(1)
        raise OSError("connection lost")

    monkeypatch.setattr(Leases, lost, broken)
    identity = create(world, "job")
    run(step)
    wait_for(lambda: is_done(world, [identity]))
    assert failures


def test_stop_before_start(world: World) -> None:
    Reconciler(world).stop()
