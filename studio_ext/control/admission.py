"""The queue of jobs: first come first served, within the cores and memory of the machine."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from ..config import Config
from ..store.resources import resources
from .world import World

_SIZE = re.compile(r"\.(?:(\d*)xlarge|metal|large|medium|small|nano|micro)$")


def virtual_cpus(instance_type: str) -> int:
    """vCPUs that AWS's naming gives an instance size: large 2, xlarge 4, Nxlarge 4N."""
    match = _SIZE.search(instance_type)
    if match is None or "xlarge" not in match[0]:
        return 2
    return 4 * int(match[1] or 1)


def cores_of(config: Config, instance_type: str) -> float:
    """Cores that a job on an instance type takes here.

    As many as its vCPUs, but at most half the machine's, so that two jobs can run side by side.
    """
    most = max(1.0, config.max_cores // 2)
    return min(float(virtual_cpus(instance_type)), most)


def admit(world: World, resource_id: int, cores: float, kinds: list[str]) -> bool:
    """Take ``cores`` for a job if it is its turn and they are free; noted in its state.

    The check and the note are one transaction, so control planes never overcommit together.
    """
    query = (
        select(resources.c.id, resources.c.state)
        .where(
            resources.c.kind.in_(kinds),
            resources.c.status.in_(["InProgress", "Stopping"]),
        )
        .order_by(resources.c.created, resources.c.id)
    )
    with world.store.read() as connection:
        if not _turn([(row.id, row.state) for row in connection.execute(query)], resource_id, cores, world.config.max_cores):
            return False
    with world.store.begin() as connection:
        jobs = [(row.id, row.state) for row in connection.execute(query)]
        if not _turn(jobs, resource_id, cores, world.config.max_cores):
            return False
        mine = dict(jobs)[resource_id]
        if "cores" not in mine:
            mine = {**mine, "cores": cores, "admitted": time.time()}
            at = resources.c.id == resource_id
            connection.execute(update(resources).where(at).values(state=mine))
    return True


def _turn(
    jobs: Sequence[tuple[int, dict[str, Any]]], mine: int, cores: float, limit: float
) -> bool:
    """Whether a job may run, among the unfinished ones in the order they came."""
    used = sum(state.get("cores", 0.0) for _, state in jobs)
    for job_id, state in jobs:
        if job_id == mine:
            return "cores" in state or not used or used + cores <= limit
        if "cores" not in state:
            return False
    return False
