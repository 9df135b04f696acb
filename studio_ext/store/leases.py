"""Who drives which resource: wake-up times and leases, so that several control planes share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Float,
    Integer,
    and_,
    bindparam,
    case,
    null,
    or_,
    select,
    update,
)

from .database import change, glance, lookup, write
from .portable import insert_of, now
from .prepared import Prepared
from .tables import nodes, resources

#: A node that was not seen at work for this long is taken for gone.
NODE_S = 60.0
_FREE = {"lease_holder": None, "lease_until": None}
_FREE_HERE = (
    or_(resources.c.lease_holder.is_(None), resources.c.lease_until <= now()),
    or_(resources.c.node.is_(None), resources.c.node == bindparam("node")),
)
_DUE = (
    select(resources.c.id)
    .where(resources.c.wake_at <= now(), *_FREE_HERE)
    .order_by(resources.c.wake_at)
    .limit(bindparam("most", type_=Integer))
)
_DUE_NOW = Prepared(_DUE)
_SOONEST = Prepared(
    select(resources.c.wake_at - now())
    .where(resources.c.wake_at > 0.0, *_FREE_HERE)
    .order_by(resources.c.wake_at)
    .limit(1)
)
_DUE_LOCKED = Prepared(_DUE.with_for_update(skip_locked=True))
_WAKE = Prepared(update(resources).where(resources.c.id == bindparam("one")).values(wake_at=now()))
_UNTIL = now() + bindparam("lease", type_=Float)
_TAKE = Prepared(
    update(resources)
    .where(resources.c.id == bindparam("one"))
    .values(lease_holder=bindparam("holder"), lease_until=_UNTIL, wake_at=_UNTIL)
)


def _giving_back(later: ColumnElement[Any]) -> Prepared:
    mine = and_(resources.c.id == bindparam("one"), resources.c.lease_holder == bindparam("holder"))
    asked = resources.c.wake_at < resources.c.lease_until
    wake_at = case((asked, resources.c.wake_at), else_=later)
    return Prepared(update(resources).where(mine).values(**_FREE, wake_at=wake_at))


_GIVE_BACK = _giving_back(null())
_GIVE_BACK_UNTIL = _giving_back(now() + bindparam("delay", type_=Float))


class Leases:
    """A resource is due when its ``wake_at`` has come and nobody holds a lease on it.

    A claimed resource is due again when its lease runs out: then its holder was killed. A
    ``wake_at`` before the lease's end is a wake-up that was asked for meanwhile. What was placed
    on a node (a home, whose processes run it) is due there alone. Times are by the clock that all
    control planes share.
    """

    def __init__(self, engine: Engine, node: str) -> None:
        self._engine = engine
        self.node = node
        self._insert = insert_of(engine)

    def claim(self, holder: str, lease_s: float, limit: int = 100) -> list[int]:
        """Ids of at most ``limit`` due resources, leased to ``holder``; the longest due first."""
        asked = {"most": limit, "node": self.node}
        with lookup(self._engine) as connection:
            if _DUE_NOW.one(connection, asked) is None:
                return []
        taken = {"holder": holder, "lease": lease_s}
        with change(self._engine) as connection:
            ids = [int(row[0]) for row in _DUE_LOCKED.rows(connection, asked)]
            for one in ids:
                _TAKE.run(connection, {**taken, "one": one})
        return ids

    def due_in(self) -> float | None:
        """In how many seconds the next resource that nobody works on is due; None: none is."""
        with lookup(self._engine) as connection:
            found = _SOONEST.one(connection, {"node": self.node})
        return None if found is None else float(found[0])

    def renew(self, held: Collection[int], holder: str, lease_s: float) -> None:
        """Prolong leases of steps that take long (a large upload); wake-ups asked for stay."""
        at = and_(resources.c.id.in_(held), resources.c.lease_holder == holder)
        until = now() + lease_s
        asked = resources.c.wake_at < resources.c.lease_until
        values = {
            "lease_until": until,
            "wake_at": case((asked, resources.c.wake_at), else_=until),
        }
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(**values))

    def release(self, resource_id: int, holder: str, delay: float | None) -> None:
        """Give a lease back and say in how many seconds to look again."""
        values = {"one": resource_id, "holder": holder, "delay": delay}
        with change(self._engine) as connection:
            (_GIVE_BACK if delay is None else _GIVE_BACK_UNTIL).run(connection, values)

    def release_lost(self, holder: str, running: Collection[int]) -> None:
        """Take back the leases of ``holder`` that it does not know of.

        Their end, or the answer that they were claimed, was lost with a connection.
        """
        mine = select(resources.c.id).where(resources.c.lease_holder == holder)
        with glance(self._engine) as connection:
            lost = set(connection.scalars(mine)) - set(running)
        if lost:
            at = and_(resources.c.id.in_(lost), resources.c.lease_holder == holder)
            with write(self._engine) as connection:
                connection.execute(update(resources).where(at).values(**_FREE, wake_at=now()))

    def release_dead(self, is_dead: Callable[[str], bool]) -> None:
        """Take the leases of holders that are known to be gone, without waiting for their end."""
        holders = select(resources.c.lease_holder).where(resources.c.lease_holder.is_not(None))
        with glance(self._engine) as connection:
            dead = [holder for holder in set(connection.scalars(holders)) if is_dead(holder)]
        if not dead:
            return
        at = resources.c.lease_holder.in_(dead)
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(**_FREE, wake_at=now()))

    def place(self, resource_id: int) -> bool:
        """Have a resource run on this node; False when another one has it."""
        at = resources.c.id == resource_id
        mine = update(resources).where(at, resources.c.node.is_(None)).values(node=self.node)
        with write(self._engine) as connection:
            connection.execute(mine)
            return connection.scalar(select(resources.c.node).where(at)) == self.node

    def beat(self, home: str) -> bool:
        """Say that this node is at work; whether others are as well."""
        mine = nodes.c.node == self.node
        others = select(nodes.c.node).where(~mine, nodes.c.seen > now() - NODE_S).limit(1)
        with write(self._engine) as connection:
            if not connection.execute(update(nodes).where(mine).values(seen=now())).rowcount:
                connection.execute(
                    self._insert(nodes)
                    .values(node=self.node, home=home, seen=now())
                    .on_conflict_do_nothing()
                )
            return connection.scalar(others) is not None

    def wake(self, resource_id: int) -> None:
        """Have the controller of a resource look at it now."""
        with change(self._engine) as connection:
            _WAKE.run(connection, {"one": resource_id})
