"""Rows of Python values as a table whose types are found on the way, in flat memory.

Databases tell types each in its own way, and some not at all: here the values tell. Chunks go to
Parquet files; where a later chunk needs a wider type a new file is begun, and all are read as the
widest: truth values, longs and floats become floats, dates become times, all others texts.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from .. import types
from ..engines import DuckDB
from ..relation import Relation, distinct_names
from .finding import Files
from .scanning import distinct_columns, scan, stacked

if TYPE_CHECKING:
    import pyarrow as pa

_numbers = count()
_KINDS: Mapping[type, str] = {
    bool: "bool",
    int: "long",
    float: "float",
    decimal.Decimal: "float",
    str: "text",
    datetime.datetime: "datetime",
    datetime.date: "date",
    bytes: "bytes",
    memoryview: "bytes",
}
#: Two kinds in one column -> what holds both; others meet as text.
_WIDER = {
    frozenset(("bool", "long")): "long",
    frozenset(("bool", "float")): "float",
    frozenset(("long", "float")): "float",
    frozenset(("date", "datetime")): "datetime",
}
_LEAST, _MOST = -(2**63), 2**63 - 1


def relation_of(
    engine: DuckDB, names: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]]
) -> Relation:
    """The rows, in their order; ``names`` may repeat and be empty."""
    import pyarrow.parquet as pq

    outer = distinct_columns(names)
    inner = list(distinct_names(outer).values())
    kinds = ["none"] * len(outer)
    paths: list[Path] = []
    writer: Any = None
    try:
        for chunk in chunks:
            wider = [
                _widest(kind, row) for kind, row in zip(kinds, _columns(chunk, kinds), strict=True)
            ]
            if writer is None or wider != kinds:
                if writer is not None:
                    writer.close()
                kinds = wider
                paths.append(engine.folder / f"rows-{next(_numbers)}.parquet")
                writer = pq.ParquetWriter(paths[-1], _schema(inner, kinds))
            writer.write_batch(_batch(inner, kinds, chunk))
        if writer is None:
            paths.append(engine.folder / f"rows-{next(_numbers)}.parquet")
            writer = pq.ParquetWriter(paths[-1], _schema(inner, kinds))
    finally:
        if writer is not None:
            writer.close()
    parts = [
        scan(engine, "read_parquet", Files(path.parent, (path.name,), ""), {}, names=outer)
        for path in paths
    ]
    last = parts[-1].schema
    return stacked([_as(part, last) for part in parts])


def _as(part: Relation, wanted: types.Schema) -> Relation:
    cast = {
        name: exp.cast(part[name], wanted[name])
        for name, datatype in part.schema.items()
        if datatype != wanted[name]
    }
    return part.with_columns(cast)


def _columns(chunk: Sequence[Sequence[Any]], kinds: Sequence[str]) -> Iterable[Sequence[Any]]:
    return zip(*chunk, strict=True) if chunk else ((),) * len(kinds)


def _widest(kind: str, values: Sequence[Any]) -> str:
    for each in {_kind(value) for value in values} - {"none"}:
        if kind == "none":
            kind = each
        elif kind != each:
            kind = _WIDER.get(frozenset((kind, each)), "text")
    return kind


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if type(value) is int and not _LEAST <= value <= _MOST:
        return "float"
    return _KINDS.get(type(value), "text")


def _schema(names: Sequence[str], kinds: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    arrow = {
        "bool": pa.bool_(),
        "long": pa.int64(),
        "float": pa.float64(),
        "datetime": pa.timestamp("us"),
        "date": pa.date32(),
        "bytes": pa.binary(),
    }
    return pa.schema([(n, arrow.get(k, pa.string())) for n, k in zip(names, kinds, strict=True)])


def _batch(
    names: Sequence[str], kinds: Sequence[str], chunk: Sequence[Sequence[Any]]
) -> pa.RecordBatch:
    import pyarrow as pa

    schema = _schema(names, kinds)
    arrays = [
        pa.array([None if v is None else _READ[kind](v) for v in column], field.type)
        for column, kind, field in zip(_columns(chunk, kinds), kinds, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _moment(value: datetime.date) -> datetime.datetime:
    """Times have no zone in a flow; what carries one is brought to UTC."""
    if not isinstance(value, datetime.datetime):
        return datetime.datetime(value.year, value.month, value.day)
    return value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "none": _text,
    "bool": bool,
    "long": int,
    "float": float,
    "datetime": _moment,
    "date": lambda value: value,
    "bytes": bytes,
    "text": _text,
}
