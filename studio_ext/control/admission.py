"""The queue of jobs: who may start, within the cores and the memory of the machine.

The rule: of each user profile the job that waits longest stands for it, and of those the one goes
next whose profile runs least (by cores), of equals the one whose profile had its last turn longest
ago. Who queues 200 jobs so does not keep another's single job waiting for more than one of them to
end. Nobody goes past who is
next, so that a big job does not starve behind small ones: what ends is kept free for it until it
fits. A job that needs more than there is runs alone.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache

from sqlalchemy import Connection, select, update

from ..config import Config
from ..store import queue
from ..store.portable import Turn, take_turn
from ..store.prepared import Driven
from ..store.queue import Place, Room
from ..store.resources import Resource
from ..store.tables import resources
from .world import World

_SIZE = re.compile(r"\.(?:(\d*)xlarge|metal|large|medium|small|nano|micro)$")
_FAMILY = re.compile(r"^ml\.([a-z]+)\d")
GIB = 1 << 30
#: GiB for each vCPU in AWS's families; those not named have 4.
_GIB = {"c": 2, "r": 8, "x": 16, "p": 8}
_ORDINARY_VCPUS = 4


def virtual_cpus(instance_type: str) -> int:
    """vCPUs that AWS's naming gives an instance size: large 2, xlarge 4, Nxlarge 4N."""
    match = _SIZE.search(instance_type)
    if match is None or "xlarge" not in match[0]:
        return 2
    return 4 * int(match[1] or 1)


def room_of(config: Config, instance_type: str) -> Room:
    """What a job on an instance type takes here.

    As many cores as its vCPUs, but at most half the machine's, so that two jobs can run side by
    side. As much memory as the type has; an ordinary one (up to xlarge) at most half of what there
    is, a larger one at most all, so that a job that needs it gets it by asking.
    """
    cpus, memory = _size(instance_type)
    most = config.max_memory_bytes // (2 if cpus <= _ORDINARY_VCPUS else 1)
    return Room(
        cores=min(float(cpus), max(1.0, config.max_cores // 2)),
        memory_bytes=min(memory, most, config.max_job_memory_bytes),
    )


@lru_cache(maxsize=256)
def _size(instance_type: str) -> tuple[int, int]:
    """vCPUs and bytes of memory of an instance type."""
    cpus, family = virtual_cpus(instance_type), _FAMILY.match(instance_type)
    return cpus, cpus * _GIB.get(family[1] if family else "", 4) * GIB


def admit(world: World, resource: Resource, room: Room) -> bool:
    """Take room for a job if it is its turn and there is enough here; noted in its state.

    From then on the job is this node's: a home's limits are those of its machine.

    The check and the note are one transaction, so control planes never overcommit together.
    Whoever is refused is woken by :func:`wake_next` when its turn may have come.
    """
    with world.store.read() as connection:
        place = queue.find(connection, resource.id)
        waits = place is not None and place.admitted is None
        if waits and not _is_next(world, connection, resource.id):
            return False
    with world.store.begin() as connection:
        take_turn(connection, Turn.ADMISSION)
        place = queue.find(connection, resource.id)
        if place is None:
            place = Place(resource.id, resource.account, resource.created, room, None)
            queue.enter(connection, place)
        if place.admitted is None:
            if not _is_next(world, connection, resource.id):
                return False
            queue.admit(connection, place, time.time(), world.store.node)
        _note(connection, resource.id, place.room, world.store.node)
    wake_next(world)
    return True


def _note(connection: Connection, resource_id: int, room: Room, node: str) -> None:
    at = resources.c.id == resource_id
    state = connection.execute(select(resources.c.state).where(at).with_for_update()).scalar_one()
    if "cores" not in state:
        taken = {"cores": room.cores, "memory_bytes": room.memory_bytes, "admitted": time.time()}
        connection.execute(update(resources).where(at).values(state={**state, **taken}, node=node))


def will_wait(world: World, room: Room) -> bool:
    """Whether a job that comes now has to wait, as far as one can tell."""
    with world.store.lookup() as connection:
        return queue.any_waits(connection) or not _fits(world, connection, room)


def wake_next(world: World) -> None:
    """Have the job whose turn it is ask again; to be called when room may have become free."""
    with world.store.read() as connection:
        found = _next(world, connection)
    if found is not None:
        world.store.leases.wake(found.resource_id)
        world.notify()


def entered(world: World, resource: Resource) -> None:
    """To be called when a job has been accepted: it may be the one whose turn it is.

    Not so behind another one of its account, which stands for it: whoever lets that one in looks
    who is next, and sees this one.
    """
    with world.store.lookup() as connection:
        stands = queue.is_head(connection, resource.account, resource.created, resource.id)
    if stands:
        wake_next(world)


def _is_next(world: World, connection: Connection, resource_id: int) -> bool:
    found = _next(world, connection)
    return found is not None and found.resource_id == resource_id


def _next(world: World, connection: Connection) -> Place | None:
    """The job whose turn it is, if there is room for it on this node."""
    heads = queue.heads(connection)
    if not heads:
        return None
    taken, last = queue.taken(connection), queue.last_turns(connection)

    def turn(job: Place) -> tuple[float, float, float, int]:
        cores = taken.get(job.account, queue.NOTHING).cores
        return cores, last.get(job.account, 0.0), job.queued, job.resource_id

    first = min(heads, key=turn)
    return first if _fits(world, connection, first.room) else None


def _fits(world: World, connection: Driven, room: Room) -> bool:
    here = queue.taken_on(connection, world.store.node)
    limit = Room(world.config.max_cores, world.config.max_memory_bytes)
    return here is None or (here + room).fits(limit)
