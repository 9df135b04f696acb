"""Making data files objects: the one place where an object's row is written."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError

from ..database import write
from ..portable import insert_of
from .base import UNCONDITIONAL, Attributes, Condition, ObjectInfo
from .datafiles import DataFiles
from .errors import NoSuchBucket, PreconditionFailed
from .rows import OBJECT_COLUMNS, at, attribute_values, bucket_of, check, info_of
from .tables import objects
from .writing import Written


class Placer:
    """Writes object rows; the replaced data file goes after the commit."""

    def __init__(self, engine: Engine, files: DataFiles) -> None:
        self._engine = engine
        self._files = files
        insert = insert_of(engine)(objects)
        # Built once: building them takes longer than running them.
        self._create = insert.on_conflict_do_nothing().returning(*OBJECT_COLUMNS)
        self._replace = insert.on_conflict_do_update(
            index_elements=[objects.c.bucket, objects.c.key],
            set_={column.name: insert.excluded[column.name] for column in objects.c},
        ).returning(*OBJECT_COLUMNS)

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
        except IntegrityError as error:  # PostgreSQL: the bucket was deleted meanwhile
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
        **columns: Any,
    ) -> tuple[ObjectInfo, list[str]]:
        """As :meth:`place` inside a transaction; also the data files to remove after it."""
        bucket_of(connection, bucket)
        old = connection.execute(
            select(objects.c.data, objects.c.etag).where(at(bucket, key)).with_for_update()
        ).one_or_none()
        check(condition, old.etag if old else None, key)
        values = {
            "bucket": bucket,
            "key": key,
            "data": written.data,
            "size": written.size,
            "etag": written.etag,
            "checksums": written.checksums,
            "modified": time.time(),
            "checksum_type": None,
            "upload": None,
            "parts": None,
            **attribute_values(attributes),
            **columns,
        }
        statement = self._create if condition.if_none_match else self._replace
        row = connection.execute(statement, values).one_or_none()
        if row is None:  # PostgreSQL: created by another transaction since the look above
            raise PreconditionFailed("If-None-Match")
        return info_of(row), [old.data] if old else []
