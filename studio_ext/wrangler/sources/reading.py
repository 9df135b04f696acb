"""A source node's table: its dataset definition says what and how, ``storage`` where it lies."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..errors import DataError, UnsupportedError
from ..relation import Base, Relation, distinct_names
from ..storage import LocalPlaces, Places

if TYPE_CHECKING:
    from ..engines import Engine

#: The kind of a source that is a table of the program, not a file.
TABLE = "Table"


def _files(path: Path, address: str) -> list[Path]:
    """The file, or a folder's files; raises DataError where the folder is empty."""
    found = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    if not found:
        raise DataError(f"s3Uri: there is no file in {address!r}", field="s3Uri")
    return found


def read(engine: Engine, definition: Mapping[str, Any], places: Places | None = None) -> Relation:
    """The table that a ``dataset_definition`` names; raises UnsupportedError for other kinds."""
    kind = definition.get("datasetSourceType")
    if kind == TABLE:
        name = definition.get("name")
        raise DataError(f"The table {name!r} is not in the file: run(inputs={{{name!r}: table}})")
    if kind != "S3":
        raise UnsupportedError(f"datasetSourceType: Studio does not read {kind!r} sources")
    place = definition["s3ExecutionContext"]
    files = _files((places or LocalPlaces()).read(place["s3Uri"]), place["s3Uri"])
    content = str(place.get("s3ContentType") or files[0].suffix[1:]).lower()
    reader = {"csv": _csv, "parquet": _parquet, "json": _json, "jsonl": _json}.get(content)
    if reader is None:
        raise UnsupportedError(f"s3ContentType: Studio does not read {content!r} files")
    return reader(engine, files, place)


def _paths(files: list[Path]) -> exp.Expr:
    return exp.array(*(exp.Literal.string(glob.escape(str(each))) for each in files))


def _csv(engine: Engine, files: list[Path], place: Mapping[str, Any]) -> Relation:
    """Every column as text: the step after the source decides the types."""
    header = bool(place.get("s3HasHeader", True))
    options: dict[str, Any] = {"all_varchar": True, "header": header, "union_by_name": header}
    if place.get("s3FieldDelimiter"):
        options["delim"] = place["s3FieldDelimiter"]
    return _scan(engine, "read_csv", files, options)


def _parquet(engine: Engine, files: list[Path], place: Mapping[str, Any]) -> Relation:
    return _scan(engine, "read_parquet", files, {"union_by_name": True})


def _json(engine: Engine, files: list[Path], place: Mapping[str, Any]) -> Relation:
    return _scan(engine, "read_json", files, {})


def _scan(engine: Engine, function: str, files: list[Path], options: Mapping[str, Any]) -> Relation:
    arguments = [
        exp.Kwarg(this=exp.to_identifier(name), expression=exp.convert(value))
        for name, value in options.items()
    ]
    table = exp.Anonymous(this=function, expressions=[_paths(files), *arguments])
    query = exp.select("*").from_(table)
    schema = engine.bind_query(query)
    return Relation.of(engine, Base(query, schema), distinct_names(schema))
