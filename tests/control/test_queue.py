"""The queue of jobs for the machine's cores."""

from __future__ import annotations

import pytest

from studio_ext.config import Config
from studio_ext.control import admission
from studio_ext.control.world import World

KINDS = ("training-job",)


def create(world: World, name: str, kind: str = "training-job") -> int:
    return world.store.resources.create(
        kind=kind,
        account="111111111111",
        domain="d",
        name=name,
        arn=name,
        owner="ana",
        status="InProgress",
        spec={},
    ).id


def end(world: World, resource_id: int, status: str = "Completed") -> None:
    with world.store.resources.edit(resource_id) as job:
        assert job is not None
        job.status = status


@pytest.mark.parametrize(
    ("instance_type", "cpus"),
    [
        ("ml.m5.large", 2),
        ("ml.m5.xlarge", 4),
        ("ml.c5.18xlarge", 72),
        ("ml.p4d.24xlarge", 96),
        ("ml.t3.medium", 2),
        ("ml.g4dn.metal", 2),
        ("local", 2),
    ],
)
def test_cores_by_instance_type(instance_type: str, cpus: int) -> None:
    assert admission.virtual_cpus(instance_type) == cpus
    assert admission.cores_of(Config(max_cores=1000), instance_type) == cpus
    assert admission.cores_of(Config(max_cores=4), instance_type) == 2
    assert admission.cores_of(Config(max_cores=1), instance_type) == 1


def test_first_come_first_served(world: World) -> None:
    a, b, c, d = (create(world, name) for name in "abcd")
    assert not admission.admit(world, b, 2, KINDS)  # a comes first
    assert admission.admit(world, a, 2, KINDS)
    assert admission.admit(world, a, 2, KINDS)  # asked again, as after a crash
    assert admission.admit(world, b, 2, KINDS)
    assert not admission.admit(world, c, 1, KINDS)
    end(world, a)
    assert not admission.admit(world, d, 1, KINDS)  # c does
    assert admission.admit(world, c, 2, KINDS)


def test_a_stopping_job_has_its_cores_until_it_ends(world: World) -> None:
    a, b = create(world, "a"), create(world, "b")
    assert admission.admit(world, a, 4, KINDS)
    end(world, a, "Stopping")
    assert not admission.admit(world, b, 1, KINDS)
    end(world, a, "Stopped")
    assert admission.admit(world, b, 1, KINDS)


def test_one_that_needs_more_than_there_is_runs_alone(world: World) -> None:
    a, b = create(world, "a"), create(world, "b")
    assert admission.admit(world, a, 100, KINDS)
    assert not admission.admit(world, b, 1, KINDS)
    end(world, a)
    assert admission.admit(world, b, 100, KINDS)


def test_kinds_that_do_not_queue_are_left_out(world: World) -> None:
    create(world, "other", kind="endpoint")
    a = create(world, "a")
    assert admission.admit(world, a, 4, KINDS)
    assert not admission.admit(world, 12345, 1, KINDS)


def test_only_the_first_that_waits_is_woken(world: World) -> None:
    jobs = [create(world, f"job-{number}") for number in range(5)]
    assert admission.admit(world, jobs[0], 4, KINDS)
    assert world.store.leases.claim("p", 60) == [jobs[1]]
    world.store.leases.release(jobs[1], "p", None)
    end(world, jobs[0])
    admission.wake_next(world, KINDS)
    assert world.store.leases.claim("p", 60) == [jobs[1]]
    end(world, jobs[1])
    admission.wake_next(world, KINDS)
    assert world.store.leases.claim("p", 60) == [jobs[2]]
