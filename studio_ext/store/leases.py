"""Who drives which resource: wake-up times and leases, so that several control planes share."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from sqlalchemy import Engine, Float, Integer, and_, bindparam, case, or_, select, update

from .database import read, write
from .tables import resources

_FREE = {"lease_holder": None, "lease_until": None}
_NOW = bindparam("now", type_=Float)
#: Built once: an idle control plane asks this several times a second, and little else.
_DUE = (
    select(resources.c.id)
    .where(
        resources.c.wake_at <= _NOW,
        or_(resources.c.lease_holder.is_(None), resources.c.lease_until <= _NOW),
    )
    .order_by(resources.c.wake_at)
    .limit(bindparam("most", type_=Integer))
)
_DUE_LOCKED = _DUE.with_for_update(skip_locked=True)


class Leases:
    """A resource is due when its ``wake_at`` has come and nobody holds a lease on it.

    A claimed resource is due again when its lease runs out: then its holder was killed. A
    ``wake_at`` before the lease's end is a wake-up that was asked for meanwhile.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, holder: str, lease_s: float, limit: int = 100) -> list[int]:
        """Ids of at most ``limit`` due resources, leased to ``holder``; the longest due first."""
        now = time.time()
        asked = {"now": now, "most": limit}
        with read(self._engine) as connection:
            if not connection.execute(_DUE, asked).first():
                return []
        until = now + lease_s
        values = {"lease_holder": holder, "lease_until": until, "wake_at": until}
        with write(self._engine) as connection:
            ids = list(connection.scalars(_DUE_LOCKED, asked))
            connection.execute(update(resources).where(resources.c.id.in_(ids)).values(**values))
        return ids

    def renew(self, held: Collection[int], holder: str, lease_s: float) -> None:
        """Prolong leases of steps that take long (a large upload); wake-ups asked for stay."""
        at = and_(resources.c.id.in_(held), resources.c.lease_holder == holder)
        until = time.time() + lease_s
        asked = resources.c.wake_at < resources.c.lease_until
        values = {
            "lease_until": until,
            "wake_at": case((asked, resources.c.wake_at), else_=until),
        }
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(**values))

    def release(self, resource_id: int, holder: str, wake_at: float | None) -> None:
        """Give a lease back and say when to look again (epoch seconds)."""
        at = and_(resources.c.id == resource_id, resources.c.lease_holder == holder)
        asked = resources.c.wake_at < resources.c.lease_until
        values = {**_FREE, "wake_at": case((asked, resources.c.wake_at), else_=wake_at)}
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(**values))

    def release_dead(self, is_dead: Callable[[str], bool]) -> None:
        """Take the leases of holders that are known to be gone, without waiting for their end."""
        holders = select(resources.c.lease_holder).where(resources.c.lease_holder.is_not(None))
        with read(self._engine) as connection:
            dead = [holder for holder in set(connection.scalars(holders)) if is_dead(holder)]
        if not dead:
            return
        at = resources.c.lease_holder.in_(dead)
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(**_FREE, wake_at=time.time()))

    def wake(self, resource_id: int) -> None:
        """Have the controller of a resource look at it now."""
        at = resources.c.id == resource_id
        with write(self._engine) as connection:
            connection.execute(update(resources).where(at).values(wake_at=time.time()))
