"""Whose a bucket is: asked at every request, so it is remembered for some seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError

from ..database import read, write
from .base import BucketInfo
from .errors import BucketExists
from .tables import buckets

#: For how long another process may go by what was.
FRESH_S = 2.0
_MOST = 10_000


class Ownership:
    """Owners and policies of buckets, whichever store holds the objects. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[float, BucketInfo]] = {}

    def remembers(self, name: str) -> bool:
        """Whether :meth:`get` answers without asking the database."""
        return self._remembered(name) is not None

    def _remembered(self, name: str) -> BucketInfo | None:
        found = self._known.get(name)
        return found[1] if found and time.monotonic() - found[0] < FRESH_S else None

    def get(self, name: str) -> BucketInfo | None:
        """The bucket, or None when it is not known."""
        remembered = self._remembered(name)
        if remembered is not None:
            return remembered
        with read(self._engine) as connection:
            row = connection.execute(select(buckets).where(buckets.c.name == name)).one_or_none()
        if row is None:
            self._known.pop(name, None)
            return None
        if len(self._known) > _MOST:
            self._known.clear()
        info = BucketInfo(*row)
        self._known[name] = (time.monotonic(), info)
        return info

    def all(self) -> list[BucketInfo]:
        """Every known bucket."""
        with read(self._engine) as connection:
            return [BucketInfo(*row) for row in connection.execute(select(buckets))]

    def claim(self, info: BucketInfo) -> None:
        """Note the owner of a new bucket; BucketExists when there is one of that name."""
        try:
            with write(self._engine) as connection:
                connection.execute(buckets.insert().values(vars(info)))
        except IntegrityError as error:
            raise BucketExists(info.name) from error
        self.forget(info.name)

    def release(self, name: str) -> None:
        """The bucket is gone."""
        with write(self._engine) as connection:
            connection.execute(delete(buckets).where(buckets.c.name == name))
        self.forget(name)

    def set_policy(self, name: str, policy: Mapping[str, Any] | None) -> None:
        """Replace a bucket's policy; None takes it away."""
        values = {"policy": dict(policy) if policy is not None else None}
        with write(self._engine) as connection:
            connection.execute(update(buckets).where(buckets.c.name == name).values(**values))
        self.forget(name)

    def forget(self, name: str) -> None:
        """Ask again next time."""
        self._known.pop(name, None)
