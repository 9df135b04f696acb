"""Making data files objects: the one place where an object's row is written."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import IntegrityError

from ..database import write
from ..portable import insert_of
from .base import UNCONDITIONAL, Attributes, Condition, ObjectInfo
from .datafiles import DataFiles
from .errors import NoSuchBucket, PreconditionFailed
from .rows import at, attribute_values, check
from .tables import objects
from .writing import Written

_OLD = (
    select(objects.c.data, objects.c.etag)
    .where(at(bindparam("bucket"), bindparam("key")))
    .with_for_update()
)


class Placer:
    """Writes object rows; the replaced data file goes after the commit."""

    def __init__(self, engine: Engine, files: DataFiles) -> None:
        self._engine = engine
        self._files = files
        insert = insert_of(engine)(objects)
        # Built once: building them takes longer than running them.
        self._create = insert.on_conflict_do_nothing().returning(objects.c.key)
        self._replace = insert.on_conflict_do_update(
            index_elements=[objects.c.bucket, objects.c.key],
            set_={column.name: insert.excluded[column.name] for column in objects.c},
        )

    def place(
        self,
        bucket: str,
        key: str,
        written: Written,
        attributes: Attributes,
        condition: Condition = UNCONDITIONAL,
        **columns: Any,
    ) -> ObjectInfo:
        """Make ``written`` the object at once, in a transaction of its own."""
        try:
            with write(self._engine) as connection:
                info, replaced = self.place_in(
                    connection, bucket, key, written, attributes, condition, **columns
                )
        except IntegrityError as error:  # the bucket was deleted meanwhile
            raise NoSuchBucket(bucket) from error
        self._files.remove(replaced)
        self._files.settle(written.data)
        return info

    def place_in(
        self,
        connection: Connection,
        bucket: str,
        key: str,
        written: Written,
        attributes: Attributes,
        condition: Condition = UNCONDITIONAL,
        *,
        checksum_type: str | None = None,
        **columns: Any,
    ) -> tuple[ObjectInfo, list[str]]:
        """As :meth:`place` inside a transaction; also the data files to remove after it.

        Raises IntegrityError when there is no such bucket.
        """
        old = connection.execute(_OLD, {"bucket": bucket, "key": key}).one_or_none()
        check(condition, old.etag if old else None, key)
        values = {
            "bucket": bucket,
            "key": key,
            "data": written.data,
            "size": written.size,
            "etag": written.etag,
            "checksums": written.checksums,
            "modified": time.time(),
            "checksum_type": checksum_type,
            "upload": None,
            "parts": None,
            **attribute_values(attributes),
            **columns,
        }
        if not condition.if_none_match:
            connection.execute(self._replace, values)
        elif connection.execute(self._create, values).one_or_none() is None:
            # PostgreSQL: created by another transaction since the look above
            raise PreconditionFailed("If-None-Match")
        info = ObjectInfo(
            bucket,
            key,
            written.size,
            written.etag,
            values["modified"],
            attributes,
            written.checksums,
            checksum_type,
        )
        return info, [old.data] if old else []
