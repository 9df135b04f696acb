"""Listing by seeking in the index: the cost follows the answer, not the bucket."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from .base import Listing, Summary
from .tables import objects as t

_COLUMNS: list[ColumnElement[Any]] = [
    t.c.key,
    t.c.size,
    t.c.etag,
    t.c.modified,
    t.c.storage_class,
    t.c.owner,
    t.c.checksums,
    t.c.checksum_type,
]
_FIRST_BATCH, _LAST_BATCH = 16, 1001


def after_all(prefix: str) -> str | None:
    """The least string above every one that starts with ``prefix``; None when there is none.

    Strings compare by code point, which is the order of their UTF-8 bytes.
    """
    while prefix:
        point = ord(prefix[-1]) + 1
        if point <= sys.maxunicode:
            if 0xD800 <= point <= 0xDFFF:  # surrogates are no characters of their own
                point = 0xE000
            return prefix[:-1] + chr(point)
        prefix = prefix[:-1]
    return None


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """What ``key`` is rolled up to, or None when it stands for itself."""
    if not delimiter or not key.startswith(prefix):
        return None
    end = key.find(delimiter, len(prefix))
    return None if end < 0 else key[: end + len(delimiter)]


def list_page(
    connection: Connection,
    bucket: str,
    prefix: str,
    delimiter: str,
    start_after: str,
    limit: int,
) -> Listing:
    """One page; see :meth:`~.base.ObjectStore.list`."""
    found: list[Summary] = []
    prefixes: list[str] = []
    last = start_after
    entries = _entries(connection, bucket, prefix, delimiter, start_after, limit)
    for count, entry in enumerate(entries if limit > 0 else ()):
        if count == limit:
            return Listing(found, prefixes, True, last)
        if isinstance(entry, str):
            prefixes.append(entry)
            last = entry
        else:
            found.append(_summary(entry))
            last = entry.key
    return Listing(found, prefixes, False, last)


def _entries(
    connection: Connection, bucket: str, prefix: str, delimiter: str, start_after: str, limit: int
) -> Iterator[Any]:
    """Rows, and common prefixes as str, in key order, read in batches that adapt.

    A batch that ends inside a common prefix is followed by a seek behind that prefix.
    """
    position = _start(prefix, delimiter, start_after)
    upper = after_all(prefix)
    size = min(_FIRST_BATCH if delimiter else limit + 1, _LAST_BATCH)
    while position is not None:
        where = [t.c.bucket == bucket, position]
        if upper is not None:
            where.append(t.c.key < upper)
        query = select(*_COLUMNS).where(*where).order_by(t.c.key).limit(size)
        rows = connection.execute(query).all()
        group: str | None = None
        useful = 0
        for row in rows:
            if group is not None and row.key.startswith(group):
                continue
            useful += 1
            group = common_prefix(row.key, prefix, delimiter)
            yield row if group is None else group
        if len(rows) < size:
            return
        position = t.c.key > rows[-1].key if group is None else _from(after_all(group))
        size = size * 2 if useful > size // 2 else size // 2
        size = min(max(size, _FIRST_BATCH), _LAST_BATCH)


def _start(prefix: str, delimiter: str, start_after: str) -> ColumnElement[bool] | None:
    """The condition on the first key; None when nothing can follow."""
    if start_after < prefix or not start_after:
        return t.c.key >= prefix
    group = common_prefix(start_after, prefix, delimiter)
    # A page that ended with a common prefix goes on behind all of it.
    return t.c.key > start_after if group is None else _from(after_all(group))


def _from(lower: str | None) -> ColumnElement[bool] | None:
    return None if lower is None else t.c.key >= lower


def _summary(row: Row[Any]) -> Summary:
    return Summary(
        row.key,
        row.size,
        row.etag,
        row.modified,
        row.storage_class,
        row.owner,
        tuple(row.checksums),
        row.checksum_type,
    )
