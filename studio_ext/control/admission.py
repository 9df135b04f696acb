"""The queue of jobs: first come first served, within the cores of the machine."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select, update

from ..config import Config
from ..store.tables import resources
from .world import World

_SIZE = re.compile(r"\.(?:(\d*)xlarge|metal|large|medium|small|nano|micro)$")
_CORES = resources.c.state["cores"].as_float()


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


def admit(world: World, resource_id: int, cores: float, kinds: Sequence[str]) -> bool:
    """Take ``cores`` for a job if it is its turn and they are free; noted in its state.

    The check and the note are one transaction, so control planes never overcommit together.
    Whoever is refused is woken by :func:`wake_next` when its turn may have come.
    """
    with world.store.read() as connection:
        if not _may_run(connection, resource_id, cores, kinds, world.config.max_cores):
            return False
    with world.store.begin() as connection:
        if not _may_run(connection, resource_id, cores, kinds, world.config.max_cores):
            return False
        at = resources.c.id == resource_id
        state = connection.execute(
            select(resources.c.state).where(at).with_for_update()
        ).scalar_one()
        if "cores" not in state:
            state = {**state, "cores": cores, "admitted": time.time()}
            connection.execute(update(resources).where(at).values(state=state))
    wake_next(world, kinds)
    return True


def wake_next(world: World, kinds: Sequence[str]) -> None:
    """Have the first job that waits ask again; to be called when cores may have become free."""
    waiting = [*_unfinished(kinds), _CORES.is_(None)]
    first = select(resources.c.id).where(*waiting).order_by(resources.c.created, resources.c.id)
    with world.store.read() as connection:
        found = connection.scalar(first.limit(1))
    if found is not None:
        world.store.leases.wake(found)
        world.notify()


def _unfinished(kinds: Sequence[str]) -> list[ColumnElement[bool]]:
    return [resources.c.kind.in_(kinds), resources.c.status.in_(["InProgress", "Stopping"])]


def _may_run(
    connection: Connection, resource_id: int, cores: float, kinds: Sequence[str], limit: float
) -> bool:
    """Whether a job has its cores, or is the first that waits and finds enough of them free."""
    mine = select(_CORES, resources.c.created).where(resources.c.id == resource_id)
    found = connection.execute(mine).one_or_none()
    if found is None:
        return False
    taken, created = found
    if taken is not None:
        return True
    earlier = (resources.c.created < created) | (
        (resources.c.created == created) & (resources.c.id < resource_id)
    )
    ahead = select(resources.c.id).where(*_unfinished(kinds), _CORES.is_(None), earlier).limit(1)
    if connection.execute(ahead).first():
        return False
    used = connection.scalar(select(func.sum(_CORES)).where(*_unfinished(kinds))) or 0.0
    return not used or bool(used + cores <= limit)
