"""The queue of jobs for the machine's cores and memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event

from studio_ext.config import Config
from studio_ext.control import admission
from studio_ext.control.admission import GIB
from studio_ext.control.world import World
from studio_ext.store.queue import Room
from studio_ext.store.resources import Resource

ANA, BEN, EVA = "111111111111", "222222222222", "333333333333"


def create(world: World, name: str, cores: float = 1, memory: int = 0, of: str = ANA) -> Resource:
    return world.store.resources.create(
        kind="training-job",
        account=of,
        domain="d",
        name=name,
        arn=name,
        owner="ana",
        status="InProgress",
        spec={},
        room=Room(cores, memory),
    )


def admit(world: World, job: Resource) -> bool:
    return admission.admit(world, job, Room(0, 0))  # what it takes was noted when it was created


def end(world: World, job: Resource) -> None:
    with world.store.resources.edit(job.id, leaves_queue=True) as edited:
        assert edited is not None
        edited.status = "Completed"


def start_all(world: World, jobs: list[Resource]) -> list[str]:
    """Let every job ask until none is admitted any more; the names of who got in, in order."""
    started: list[str] = []
    while True:
        new = [job for job in jobs if job.name not in started and admit(world, job)]
        if not new:
            return started
        started += [job.name for job in new]


@pytest.mark.parametrize(
    ("instance_type", "cpus", "gigabytes"),
    [
        ("ml.m5.large", 2, 8),
        ("ml.m5.xlarge", 4, 16),
        ("ml.c5.18xlarge", 72, 144),
        ("ml.r5.2xlarge", 8, 64),
        ("ml.p4d.24xlarge", 96, 768),
        ("ml.t3.medium", 2, 8),
        ("ml.g4dn.metal", 2, 8),
        ("local", 2, 8),
    ],
)
def test_room_by_instance_type(instance_type: str, cpus: int, gigabytes: int) -> None:
    def room(cores: float, memory: int) -> Room:
        config = Config(max_cores=cores, max_memory_bytes=memory * GIB)
        return admission.room_of(config, instance_type)

    assert admission.virtual_cpus(instance_type) == cpus
    assert room(1000, 10_000) == Room(cpus, gigabytes * GIB)
    assert room(4, 10_000).cores == 2
    assert room(1, 10_000).cores == 1
    small = room(4, 12).memory_bytes
    assert small == min(gigabytes, 6 if cpus <= 4 else 12) * GIB


def test_the_most_that_a_job_gets_can_be_set() -> None:
    config = Config(max_memory_bytes=100 * GIB, max_job_memory_bytes=GIB)
    assert admission.room_of(config, "ml.m5.large").memory_bytes == GIB


def test_first_come_first_served(world: World) -> None:
    a, b, c, d = (create(world, name, 2 if name != "d" else 1) for name in "abcd")
    assert not admit(world, b)  # a comes first
    assert admit(world, a)
    assert admit(world, a)  # asked again, as after a crash
    assert admit(world, b)
    assert not admit(world, c)
    end(world, a)
    assert not admit(world, d)  # c does
    assert admit(world, c)
    noted = world.store.resources.by_id(c.id)
    assert noted is not None and noted.state["cores"] == 2


def test_a_stopping_job_has_its_room_until_it_ends(world: World) -> None:
    a, b = create(world, "a", 4), create(world, "b")
    assert admit(world, a)
    with world.store.resources.edit(a.id) as edited:
        assert edited is not None
        edited.status = "Stopping"
    assert not admit(world, b)
    end(world, a)
    assert admit(world, b)


def test_one_that_needs_more_than_there_is_runs_alone(world: World) -> None:
    a, b = create(world, "a", 100), create(world, "b", 100)
    assert admit(world, a)
    assert not admit(world, b)
    end(world, a)
    assert admit(world, b)


def test_memory_is_kept_as_cores_are(world: World) -> None:
    world.config.max_memory_bytes = 10 * GIB
    a, b, c = (create(world, name, 1, 4 * GIB) for name in "abc")
    assert admit(world, a) and admit(world, b)
    assert not admit(world, c)
    end(world, a)
    assert admit(world, c)


def test_many_jobs_of_one_user_do_not_keep_another_waiting(world: World) -> None:
    many = [create(world, f"ana-{number}") for number in range(50)]
    assert start_all(world, many) == ["ana-0", "ana-1", "ana-2", "ana-3"]
    single = create(world, "ben", of=BEN)
    assert not admit(world, single)
    end(world, many[0])
    assert start_all(world, [*many[1:], single]) == ["ana-1", "ana-2", "ana-3", "ben"]


def test_nor_where_one_job_runs_at_a_time(world: World) -> None:
    many = [create(world, f"ana-{number}", 4) for number in range(50)]
    start_all(world, many)
    single = create(world, "ben", 4, of=BEN)
    end(world, many[0])
    assert start_all(world, [*many[1:], single]) == ["ben"]


def test_users_take_turns_by_what_they_run(world: World) -> None:
    jobs = [
        create(world, f"{name}-{number}", of=account)
        for name, account in (("ana", ANA), ("ben", BEN), ("eva", EVA))
        for number in range(20)
    ]
    running = start_all(world, jobs)
    assert running == ["ana-0", "ben-0", "eva-0", "ana-1"]
    order = list(running)
    by_name = {job.name: job for job in jobs}
    while running:
        end(world, by_name.pop(running.pop(0)))
        new = [name for name in start_all(world, list(by_name.values())) if name not in running]
        running += new
        order += new
    assert len(order) == 60
    for name in ("ana", "ben", "eva"):
        of_one = [job for job in order if job.startswith(name)]
        assert of_one == sorted(of_one, key=lambda job: int(job[4:]))  # first come, first served
    early = order[:30]
    assert {name: sum(job.startswith(name) for job in early) for name in ("ben", "eva")} == {
        "ben": 10,
        "eva": 10,
    }


def test_a_big_job_does_not_starve_behind_small_ones(world: World) -> None:
    first = [create(world, f"small-{number}", of=BEN) for number in range(4)]
    start_all(world, first)
    big = create(world, "big", 4)
    later = [create(world, f"later-{number}", of=BEN) for number in range(20)]
    for ended in first:
        assert not admit(world, big)
        assert start_all(world, later) == []  # what ends is kept free for the big one
        end(world, ended)
    assert admit(world, big)


def test_a_job_of_before_the_queue_enters_it_when_it_asks(world: World) -> None:
    job = world.store.resources.create(
        kind="training-job",
        account=ANA,
        domain="d",
        name="old",
        arn="old",
        owner="ana",
        status="InProgress",
        spec={},
    )
    assert admission.admit(world, job, Room(4, 0))
    assert not admit(world, create(world, "next"))


def test_only_whose_turn_it_is_is_woken(world: World) -> None:
    jobs = [create(world, f"job-{number}", 4) for number in range(5)]
    assert admit(world, jobs[0])
    assert world.store.leases.claim("p", 60) == []  # none would fit
    end(world, jobs[0])
    admission.wake_next(world)
    assert world.store.leases.claim("p", 60) == [jobs[1].id]
    end(world, jobs[1])
    admission.wake_next(world)
    assert world.store.leases.claim("p", 60) == [jobs[2].id]


@pytest.fixture
def statements(world: World) -> Callable[[Callable[[], object]], int]:
    """How many steps SQLite's machine takes for something."""

    def count(act: Callable[[], object]) -> int:
        steps = 0

        def tick() -> int:
            nonlocal steps
            steps += 1
            return 0

        def watch(connection: object, *_: object) -> None:
            connection.connection.set_progress_handler(tick, 1)  # type: ignore[attr-defined]

        event.listen(world.store.engine, "begin", watch)
        try:
            act()
        finally:
            event.remove(world.store.engine, "begin", watch)
        return steps

    return count


def test_what_a_decision_costs_does_not_grow_with_the_queue(
    world: World, statements: Callable[[Callable[[], object]], int]
) -> None:
    if world.store.engine.dialect.name != "sqlite":
        pytest.skip("SQLite's steps are counted")
    jobs = [create(world, f"job-{number}", 4) for number in range(10)]
    admit(world, jobs[0])
    few = statements(lambda: admit(world, jobs[1]))
    jobs += [create(world, f"more-{number}", 4) for number in range(300)]
    many = statements(lambda: admit(world, jobs[1]))
    assert few and many <= few * 1.2
