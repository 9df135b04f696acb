"""Jobs that wait for room on the machine, and those that have it.

The table holds unfinished jobs alone, so that what a decision costs depends neither on how many
jobs there ever were nor, but for the number of users, on how many wait.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, tuple_, update

from .prepared import Driven, Prepared
from .tables import queue, turns

_C = queue.c
_WAITS = _C.admitted.is_(None)


@dataclass(frozen=True)
class Room:
    """What a job takes of the machine."""

    cores: float
    memory_bytes: int

    def __add__(self, other: Room) -> Room:
        return Room(self.cores + other.cores, self.memory_bytes + other.memory_bytes)

    def fits(self, limit: Room) -> bool:
        """Whether it is within a limit."""
        return self.cores <= limit.cores and self.memory_bytes <= limit.memory_bytes


NOTHING = Room(0.0, 0)


@dataclass(frozen=True)
class Place:
    """A job in the queue since ``queued``, with its room since ``admitted`` (epoch seconds)."""

    resource_id: int
    account: str
    queued: float
    room: Room
    admitted: float | None


_PLACE = (_C.resource_id, _C.account, _C.queued, _C.cores, _C.memory_bytes, _C.admitted)
_SUMS = Prepared(
    select(_C.account, func.sum(_C.cores), func.sum(_C.memory_bytes))
    .where(_C.admitted.is_not(None))
    .group_by(_C.account)
)
_SUM_ON = Prepared(
    select(func.sum(_C.cores), func.sum(_C.memory_bytes)).where(
        _C.admitted > 0.0,  # found by the index, as "is not NULL" is not
        # of no node: admitted before there were several
        or_(_C.node == bindparam("node"), _C.node.is_(None)),
    )
)
# The accounts with a job that waits, by steps from one to the next: an index holds all waiting jobs
# by account, and a step costs the same however many lie in between.
_FIRST = select(func.min(_C.account).label("account")).where(_WAITS).cte("accounts", recursive=True)
_NEXT = queue.alias("further")
_ACCOUNTS = _FIRST.union_all(
    select(
        select(func.min(_NEXT.c.account))
        .where(_NEXT.c.admitted.is_(None), _NEXT.c.account > _FIRST.c.account)
        .scalar_subquery()
    ).where(_FIRST.c.account.is_not(None))
)
_HEAD = queue.alias("head")
_HEADS = Prepared(
    select(*_PLACE).where(
        _C.resource_id.in_(
            select(
                select(_HEAD.c.resource_id)
                .where(_HEAD.c.admitted.is_(None), _HEAD.c.account == _ACCOUNTS.c.account)
                .order_by(_HEAD.c.queued, _HEAD.c.resource_id)
                .limit(1)
                .scalar_subquery()
            ).where(_ACCOUNTS.c.account.is_not(None))
        )
    )
)
_OF = Prepared(select(*_PLACE).where(_C.resource_id == bindparam("id")))
_ANY = Prepared(select(_C.resource_id).where(_WAITS).limit(1))
_BEFORE = Prepared(
    select(_C.resource_id)
    .where(
        _WAITS,
        _C.account == bindparam("account"),
        tuple_(_C.queued, _C.resource_id) < tuple_(bindparam("queued"), bindparam("id")),
    )
    .limit(1)
)
_TURNS = Prepared(select(turns.c.account, turns.c.admitted))
_ENTER = Prepared(insert(queue), [column.name for column in _PLACE])


def enter(connection: Driven, place: Place) -> None:
    """Have a job wait."""
    _ENTER.run(
        connection,
        {
            "resource_id": place.resource_id,
            "account": place.account,
            "queued": place.queued,
            "cores": place.room.cores,
            "memory_bytes": place.room.memory_bytes,
            "admitted": place.admitted,
        },
    )


def leave(connection: Connection, resource_id: int) -> None:
    """Give back the room of a job, or its place among those that wait."""
    connection.execute(delete(queue).where(_C.resource_id == resource_id))


def find(connection: Connection, resource_id: int) -> Place | None:
    """Where a job stands; None when it is not in the queue."""
    row = _OF.one(connection, {"id": resource_id})
    return None if row is None else _place(*row)


def admit(connection: Connection, place: Place, now: float, node: str) -> None:
    """Note that a job has its room, on a node."""
    at = _C.resource_id == place.resource_id
    connection.execute(update(queue).where(at).values(admitted=now, node=node))
    mine = turns.c.account == place.account
    if not connection.execute(update(turns).where(mine).values(admitted=now)).rowcount:
        connection.execute(insert(turns).values(account=place.account, admitted=now))


def last_turns(connection: Connection) -> dict[str, float]:
    """When a job of each account was admitted last."""
    return dict(_TURNS.rows(connection))


def taken(connection: Connection) -> dict[str, Room]:
    """What the admitted jobs of each account take together."""
    rows = _SUMS.rows(connection)
    return {account: Room(cores, int(memory)) for account, cores, memory in rows}


def waiting(connection: Connection) -> int:
    """How many jobs wait."""
    return int(connection.scalar(select(func.count()).select_from(queue).where(_WAITS)) or 0)


def taken_on(connection: Driven, node: str) -> Room | None:
    """What the admitted jobs of a node take together; None when it has none."""
    row = _SUM_ON.one(connection, {"node": node})
    return None if row[0] is None else Room(row[0], int(row[1]))


def heads(connection: Connection) -> list[Place]:
    """The job of each account that waits longest."""
    return [_place(*row) for row in _HEADS.rows(connection)]


def any_waits(connection: Driven) -> bool:
    """Whether there is a job that waits."""
    return _ANY.one(connection) is not None


def is_head(connection: Driven, account: str, queued: float, resource_id: int) -> bool:
    """Whether no job of an account has waited longer than one since ``queued``."""
    asked = {"account": account, "queued": queued, "id": resource_id}
    return _BEFORE.one(connection, asked) is None


def _place(
    resource_id: int,
    account: str,
    queued: float,
    cores: float,
    memory_bytes: int,
    admitted: float | None,
) -> Place:
    return Place(resource_id, account, queued, Room(cores, memory_bytes), admitted)
