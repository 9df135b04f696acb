"""A destination node: the table as files, which come to their place whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ..errors import ColumnError, DataError
from ..operators.base import Nested
from ..operators.parameters import Parameters, field, parse
from ..relation import Relation
from ..storage import LocalPlaces, Places
from .channels import channel
from .files import Format, write
from .folders import write_partitioned, write_parts

S3 = "sagemaker.spark.s3_destination_0.1"
#: Studio's own: the label first, and CSV without a header.
CHANNEL = "studio.channel_destination_0.1"
DESTINATIONS = (S3, CHANNEL)


def _listed(value: Any) -> Any:
    return [] if value in (None, "") else [value] if isinstance(value, str) else value


def _lower(value: Any) -> str:
    text = str(value or "none").lower()
    return {"json": "jsonl", "jsonlines": "jsonl", "bz2": "bzip2"}.get(text, text)


class Output(Parameters):
    """``output_config`` of a destination node."""

    output_path: str = field("Place", "A file, a folder, or an address.", min_length=1)
    output_content_type: Annotated[Literal["csv", "parquet", "jsonl"], BeforeValidator(_lower)] = (
        field("Format", default="csv")
    )
    delimiter: Annotated[str, BeforeValidator(lambda each: each or ",")] = field(
        "Delimiter", "Of CSV.", default=",", min_length=1, max_length=1
    )
    compression: Annotated[
        Literal["none", "gzip", "bzip2", "deflate", "snappy", "zstd"], BeforeValidator(_lower)
    ] = field("Compression", default="none")
    partition_by: Annotated[list[str], BeforeValidator(_listed)] = field(
        "Partition by", "A folder for each value.", default=[]
    )
    num_partitions: Annotated[int, BeforeValidator(lambda each: each or 0)] = field(
        "Files", "How many parts a folder gets; 0: one.", default=0, ge=0, le=10_000
    )
    header: bool | None = field("Header", "Of CSV; a channel has none by itself.", default=None)
    quoting: Literal["needed", "all"] = field("Quotes", "Around texts, or all.", default="needed")
    label_column: str = field("Label", "Written first, as training jobs want it.", default="")


#: Data Wrangler keeps these in a container of their own; beside the others they are read too.
PARTITIONS = Nested(
    "partition_config",
    {"num_partitions": "num_partitions", "partition_by": "partition_by", "header": "has_headers"},
)


def written(
    relation: Relation,
    parameters: Mapping[str, Any],
    places: Places | None = None,
    operator: str = S3,
) -> str:
    """Write what a destination node asks for; returns the address. Nothing half-written stays."""
    given = dict(parameters.get("output_config") or {})
    PARTITIONS.lift(given)
    p = parse(Output, given, "output_config")
    for name in p.partition_by:
        if name not in relation:
            raise ColumnError.missing(name, relation.columns, "partition_by")
    bare = operator == CHANNEL
    how = Format(
        p.output_content_type,
        p.compression,
        p.delimiter,
        not bare if p.header is None else p.header,
        p.quoting,
    )
    how.ending  # noqa: B018  (a compression that there is not is found before anything is made)
    if p.label_column or bare:
        plain = how.name == "csv" and not how.header
        relation = channel(relation, p.label_column or relation.columns[0], numeric=plain)
    try:
        with (places or LocalPlaces()).write(p.output_path) as made:
            _make(relation, p, how, made)
    except OSError as error:
        raise DataError(f"output_path: {p.output_path!r}: {error.strerror or error}") from error
    return p.output_path


def _make(relation: Relation, p: Output, how: Format, made: Path) -> None:
    """A single file where the address names one, else a folder of parts."""
    if p.partition_by:
        write_partitioned(relation, made, how, p.partition_by)
    elif _names_file(p.output_path) and not p.num_partitions:
        write(relation, made, how)
    else:
        write_parts(relation, made, how, p.num_partitions or 1)


def _names_file(address: str) -> bool:
    """Whether an address ends like a file; a bucket with a dot in its name does not."""
    name = address.partition("://")[2].partition("/")[2] if "://" in address else address
    return bool(Path(name).suffix) and not name.endswith("/")
