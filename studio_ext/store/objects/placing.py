"""Making data files objects: the one place where an object's row is written."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import IntegrityError

from ..database import write
from ..portable import insert_of
from ..prepared import Prepared
from .base import UNCONDITIONAL, Attributes, Condition, ObjectInfo
from .datafiles import DataFiles
from .errors import NoSuchBucket
from .rows import at, attribute_values, check
from .tables import objects
from .writing import Written

_OLD = Prepared(
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
        names, key = objects.c.keys(), [objects.c.bucket, objects.c.key]
        self._create = Prepared(insert.on_conflict_do_nothing(index_elements=key), names)
        replaced = {name: insert.excluded[name] for name in names}
        self._replace = Prepared(
            insert.on_conflict_do_update(index_elements=key, set_=replaced), names
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
        replaced = self._write(connection, values, condition)
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
        return info, replaced

    def _write(
        self, connection: Connection, values: dict[str, Any], condition: Condition
    ) -> list[str]:
        """Write a row if the condition holds; the data file that it replaces, if there is one."""
        may_be_new = condition.if_match is None
        if may_be_new:
            check(condition, None, values["key"])
            if self._create.run(connection, values):
                return []
        data, etag = _OLD.one(connection, values) or (None, None)
        check(condition, etag, values["key"])
        self._replace.run(connection, values)
        return [data] if data else []
