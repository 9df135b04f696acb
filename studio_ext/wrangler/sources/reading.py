"""A source node's table: its dataset definition says what and how, a locator where it lies here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..errors import DataError, UnsupportedError
from ..relation import Base, Relation, distinct_names

if TYPE_CHECKING:
    from ..engines import Engine

#: An address as the flow has it (``s3://bucket/key``, a path) to files of this machine.
#: The kind of a source that is a table of the program, not a file.
TABLE = "Table"
Locator = Callable[[str], list[Path]]


def local_files(address: str) -> list[Path]:
    """A path, or a folder's files; raises DataError where there is nothing."""
    path = Path(address.removeprefix("file://")).expanduser()
    found = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    if not found or not all(each.exists() for each in found):
        raise DataError(f"s3Uri: there is no file {address!r}", field="s3Uri")
    return found


def read(engine: Engine, definition: Mapping[str, Any], locate: Locator = local_files) -> Relation:
    """The table that a ``dataset_definition`` names; raises UnsupportedError for other kinds."""
    kind = definition.get("datasetSourceType")
    if kind == TABLE:
        name = definition.get("name")
        raise DataError(f"The table {name!r} is not in the file: run(inputs={{{name!r}: table}})")
    if kind != "S3":
        raise UnsupportedError(f"datasetSourceType: Studio does not read {kind!r} sources")
    place = definition["s3ExecutionContext"]
    files = locate(place["s3Uri"])
    content = str(place.get("s3ContentType") or files[0].suffix[1:]).lower()
    reader = {"csv": _csv, "parquet": _parquet, "json": _json, "jsonl": _json}.get(content)
    if reader is None:
        raise UnsupportedError(f"s3ContentType: Studio does not read {content!r} files")
    return reader(engine, files, place)


def _paths(files: list[Path]) -> exp.Expr:
    return exp.array(*(exp.Literal.string(str(each)) for each in files))


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
