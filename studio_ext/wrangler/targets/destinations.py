"""A destination node: the table as files, which come to their place whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ..errors import ColumnError
from ..operators.parameters import Parameters, field, parse
from ..relation import Relation
from ..storage import LocalPlaces, Places
from .files import ending_of, write_csv, write_parquet, write_partitioned

S3 = "sagemaker.spark.s3_destination_0.1"


def _listed(value: Any) -> Any:
    return [] if value in (None, "") else [value] if isinstance(value, str) else value


class Output(Parameters):
    """``output_config`` of a destination node."""

    output_path: str = field("Place", "A file, a folder, or an address.", min_length=1)
    output_content_type: Annotated[
        Literal["csv", "parquet"], BeforeValidator(lambda each: str(each).lower())
    ] = field("Format", default="csv")
    delimiter: str = field("Delimiter", "Of CSV.", default=",", min_length=1, max_length=1)
    compression: Annotated[
        Literal["none", "gzip", "bzip2", "deflate", "snappy", "zstd"],
        BeforeValidator(lambda each: str(each or "none").lower()),
    ] = field("Compression", default="none")
    partition_by: Annotated[list[str], BeforeValidator(_listed)] = field(
        "Partition by", "A folder for each value.", default=[]
    )


def written(relation: Relation, parameters: Mapping[str, Any], places: Places | None = None) -> str:
    """Write what a destination node asks for; returns the address. Nothing half-written stays."""
    p = parse(Output, parameters.get("output_config") or {}, "output_config")
    for name in p.partition_by:
        if name not in relation:
            raise ColumnError.missing(name, relation.columns, "partition_by")
    ending_of(p.output_content_type, p.compression)
    with (places or LocalPlaces()).write(p.output_path) as made:
        _make(relation, p, made)
    return p.output_path


def _make(relation: Relation, p: Output, made: Path) -> None:
    """A single file where the address names one, else a folder of parts."""
    ending = ending_of(p.output_content_type, p.compression)
    single = _names_file(p.output_path) and not p.partition_by
    if p.partition_by:
        write_partitioned(relation, made, p.output_content_type, p.partition_by, p.compression)
        return
    path = made if single else made / f"part-00000{ending}"
    path.parent.mkdir(exist_ok=True)
    if p.output_content_type == "parquet":
        write_parquet(relation, path, p.compression)
    else:
        write_csv(relation, path, p.delimiter, p.compression)


def _names_file(address: str) -> bool:
    """Whether an address ends like a file; a bucket with a dot in its name does not."""
    name = address.partition("://")[2].partition("/")[2] if "://" in address else address
    return bool(Path(name).suffix) and not name.endswith("/")
