"""Files whose values have types: Parquet, ORC, JSON documents and JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ..engines import DuckDB
from ..errors import SourceError, UnsupportedError
from ..relation import Relation
from .finding import Files
from .packed import laid_out
from .scanning import scan, spooled, stacked

if TYPE_CHECKING:
    import pyarrow as pa

#: Files up to this size (in all) are read twice, so that types fit every value of them.
SURE_BYTES = 64 << 20
#: Objects of JSON whose values tell the types of larger ones.
SAMPLED = 100_000


def read_parquet(engine: DuckDB, files: Files, place: Mapping[str, Any]) -> Relation:
    """Raises SourceError where a file is no Parquet, or has other columns than the first."""
    names = _columns(files, lambda path: _parquet_names(engine, path))
    return scan(
        engine,
        "read_parquet",
        files,
        {"union_by_name": len(files.names) > 1},
        names=names,
        file_column=bool(place.get("s3AddsFilenameColumn")),
    )


def _parquet_names(engine: DuckDB, path: Path) -> list[str]:
    """The file's own names of its columns, as it spells them; OSError where it is no Parquet."""
    asked = "SELECT name, coalesce(num_children, 0) FROM parquet_schema(?)"
    try:
        with engine.connection.cursor() as cursor:
            (_, *rest) = cursor.execute(asked, [str(path)]).fetchall()
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    names, inside = [], 0
    # Depth first: what a column holds follows it.
    for name, children in rest:
        if inside:
            inside -= 1
        else:
            names.append(name)
        inside += children
    return names


def read_orc(
    engine: DuckDB, files: Files, place: Mapping[str, Any], most: int | None = None
) -> Relation:
    """By Arrow, stripe by stripe, no further than ``most`` rows."""
    from pyarrow import orc

    if place.get("s3AddsFilenameColumn"):
        raise UnsupportedError("s3AddsFilenameColumn: not with ORC files")
    _columns(files, lambda path: orc.ORCFile(path).schema.names)
    relations = []
    for path in files.paths:
        file = orc.ORCFile(path)
        relations.append(spooled(engine, file.schema, _stripes(file, path, most)))
    first = relations[0]
    return stacked([each.select(first.columns) for each in relations])


def _stripes(file: Any, path: Path, most: int | None) -> Iterator[pa.RecordBatch]:
    rows = 0
    for number in range(file.nstripes):
        if most is not None and rows >= most:
            return
        try:
            batch = file.read_stripe(number)
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceError(str(path), f"stripe {number + 1} is damaged: {error}") from error
        rows += batch.num_rows
        yield batch


def read_json(engine: DuckDB, files: Files, place: Mapping[str, Any], lines: bool) -> Relation:
    """Objects, as an array or one after the other; keys that an object lacks are missing.

    Types follow from all objects of small files and from the first of large ones; a value further
    on that does not fit is a fault of the file, with its line.
    """
    files = laid_out(files, engine.folder)
    sizes = {path: path.stat().st_size for path in files.paths}
    empty = [path for path, size in sizes.items() if not size]
    if empty:
        raise SourceError(str(empty[0]), "the file is empty")
    sure = sum(sizes.values()) <= SURE_BYTES
    options = {
        "format": "newline_delimited" if lines else "auto",
        "sample_size": -1 if sure else SAMPLED,
        "union_by_name": len(files.names) > 1,
        "maximum_sample_files": 1 << 20,
    }
    column = bool(place.get("s3AddsFilenameColumn"))
    return scan(engine, "read_json", files, options, file_column=column)


def _columns(files: Files, names_of: Any) -> list[str]:
    """The columns of the first file; raises SourceError where another has others."""
    first: list[str] = []
    for number, path in enumerate(files.paths):
        try:
            names = list(names_of(path))
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceError(str(path), f"the file is damaged or cut off: {error}") from error
        if not number:
            first = names
        elif sorted(names) != sorted(first):
            odd = sorted(set(names) ^ set(first))
            fault = f"other columns than {files.names[0]!r}: {', '.join(map(repr, odd[:8]))}"
            raise SourceError(str(path), fault)
    return first
