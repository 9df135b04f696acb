"""Table functions of DuckDB as relations, with the columns' own names and the types flows know."""

from __future__ import annotations

import glob
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from .. import types
from ..engines import DuckDB
from ..places import unused
from ..relation import Base, Relation, distinct_names
from .finding import PLAIN, Files

if TYPE_CHECKING:
    import pyarrow as pa

#: What Data Wrangler calls the column with each row's file.
FILE_COLUMN = "_data_source_filename"
_FILE = "studio_file"
_Type = exp.DataType.Type
_TOO_WIDE = {_Type.INT128, _Type.UINT128, _Type.UBIGINT, _Type.INT256, _Type.UINT256}
_numbers = count()


def scan(
    engine: DuckDB,
    function: str,
    files: Files,
    options: Mapping[str, Any],
    *,
    names: Sequence[str] | None = None,
    file_column: bool = False,
    texts: bool = False,
) -> Relation:
    """What a table function gives of the files. ``names``: what their columns are really called,

    which DuckDB changes where two are alike; ``texts``: values of partitions stay texts.
    """
    root = _root(engine, files)
    options = dict(options)
    if file_column:
        options["filename"] = _FILE
    options["hive_partitioning"] = files.partitioned
    if files.partitioned and texts:
        options["hive_types_autocast"] = False
    paths = exp.array(*(exp.Literal.string(glob.escape(str(root / name))) for name in files.names))
    arguments = [
        exp.Kwarg(this=exp.to_identifier(name), expression=_value(each))
        for name, each in options.items()
    ]
    table = exp.Anonymous(this=function, expressions=[paths, *arguments])
    query = exp.select("*").from_(table)
    schema = engine.bind_query(query)
    inner = list(schema)
    own = list(names or ())
    outer = distinct_columns([*own, *inner[len(own) :]])
    relation = Relation.of(engine, Base(query, schema), dict(zip(outer, inner, strict=True)))
    if file_column:
        relation = _with_addresses(relation, outer[inner.index(_FILE)], root, files)
    return plain(relation)


def _root(engine: DuckDB, files: Files) -> Path:
    """The files' root; a link to it where its own path looks like partitions."""
    if not files.partitioned or "=" not in str(files.root):
        return files.root
    link = Path(tempfile.mkdtemp(prefix="root-", dir=engine.folder)) / "files"
    link.symlink_to(files.root.resolve())
    return link


def _value(value: Any) -> exp.Expr:
    if isinstance(value, Mapping):
        pairs = [
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=_value(each))
            for name, each in value.items()
        ]
        return exp.Struct(expressions=pairs)
    return exp.convert(value)


def distinct_columns(names: Iterable[str]) -> list[str]:
    """Names of columns as Spark makes them: none is empty, and equal ones carry their place."""
    given = list(names)
    seen = Counter(given)
    return [
        f"_c{place}" if not name else f"{name}{place}" if seen[name] > 1 else name
        for place, name in enumerate(given)
    ]


def _with_addresses(relation: Relation, column: str, root: Path, files: Files) -> Relation:
    """The column of files last, with what the flow calls them."""
    f = relation.functions
    below = exp.Substring(this=relation[column], start=exp.convert(len(str(root)) + 2))
    told: exp.Expr = exp.Concat(expressions=[f.constant(files.prefix), below])
    if any(name.endswith(PLAIN) for name in files.names):
        told = exp.Replace(this=told, expression=f.constant(PLAIN), replacement=f.constant(""))
    rest = relation.drop([column])
    name = unused(rest, FILE_COLUMN)
    return relation.with_columns({name: told}).select([*rest.columns, name])


def plain(relation: Relation) -> Relation:
    """Every column of one of the types that flows know, as ``types`` lists them."""
    schema = relation.schema

    def read(name: str) -> exp.Expr:
        # Nanoseconds with a zone have no way to times without one but this.
        zoned = schema[name].this is _Type.TIMESTAMPTZ
        return exp.cast(relation[name], schema[name]) if zoned else relation[name]

    cast = {
        name: exp.Cast(this=read(name), to=wanted.copy())
        for name, datatype in schema.items()
        if (wanted := _wanted(datatype)) is not None
    }
    return relation.with_columns(cast) if cast else relation


def _wanted(datatype: exp.DataType) -> exp.DataType | None:
    kind = types.kind_of(datatype)
    if datatype.this in _TOO_WIDE:
        return types.FLOAT
    if kind == "other" or datatype.this is _Type.JSON:
        return types.STRING
    plain = {**types.NAMED}.get(kind)
    return plain if plain is not None and datatype != plain else None


def stacked(relations: Sequence[Relation]) -> Relation:
    """The rows of tables with the same columns, one table after the other."""
    first = relations[0]
    if len(relations) == 1:
        return first
    names = distinct_names(first.columns)
    parts = [
        each.select({inner: each[name] for name, inner in names.items()}).query()
        for each in relations
    ]
    query: exp.Query = parts[0]
    for part in parts[1:]:
        query = exp.union(query, part, distinct=False, copy=False)
    schema = {inner: first.schema[name] for name, inner in names.items()}
    base = Base(exp.select("*").from_(query.subquery("u")), schema)
    return Relation.of(first.engine, base, names)


def spooled(engine: DuckDB, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Relation:
    """Batches that can be read only once, as a relation: a Parquet file of the session's."""
    import pyarrow.parquet as pq

    path = engine.folder / f"spool-{next(_numbers)}.parquet"
    names = distinct_columns(schema.names)
    inner = list(distinct_names(names).values())
    renamed = _renamed(schema, inner)
    with pq.ParquetWriter(path, renamed, compression="snappy") as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(batch.rename_columns(inner))
    files = Files(path.parent, (path.name,), "")
    return scan(engine, "read_parquet", files, {}, names=names)


def _renamed(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([each.with_name(name) for name, each in zip(names, schema, strict=True)])
