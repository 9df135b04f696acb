"""Characters that PostgreSQL has not: NUL in text, and halves of pairs in JSON.

SQLite stores both. A request that holds one must not fail, and a document that holds one must not
make every query over its table fail, as ``->>`` would.
"""

from __future__ import annotations

import json
import re
from typing import Any

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat
from psycopg.types.string import StrDumper

_HALF = re.compile("[\ud800-\udfff]")


def to_json(document: Any) -> str:
    """A document as PostgreSQL can read it: U+2400 stands for NUL, U+FFFD for half a pair."""
    text = json.dumps(document)
    if "\\u0000" in text or "\\ud" in text:
        text = json.dumps(_readable(document))
    return text


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value.replace("\0", "\u2400"))
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value


class _Text(StrDumper):
    """U+0001 stands for NUL in a value: nothing that is stored sorts between the two."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\1") if "\0" in obj else obj)


def prepare(connection: Connection[Any], _record: object) -> None:
    """Have a new connection take any text."""
    oid = connection.adapters.get_dumper(str, PyFormat.AUTO).oid
    dumper = type("_Text", (_Text,), {"oid": oid})
    connection.adapters.register_dumper(str, dumper)
