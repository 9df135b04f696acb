"""A destination node: the table as files, which come to their place whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ..errors import ColumnError, UnsupportedError
from ..operators.parameters import Parameters, field, parse
from ..relation import Relation
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


#: Puts finished files (a file, or a folder of them) where an address says.
Deliver = Callable[[str, Path], None]


def deliver_locally(address: str, made: Path) -> None:
    """To a path of this machine; what is there is replaced at once."""
    if "://" in address and not address.startswith("file://"):
        raise UnsupportedError(f"output_path: {address!r} is no place on this machine")
    target = Path(address.removeprefix("file://")).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target first: only a rename within one file system is whole or not at all.
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        fresh = staged / "new"
        shutil.move(made, fresh)
        if target.is_dir() and not target.is_symlink():
            os.replace(target, staged / "old")
        os.replace(fresh, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def written(
    relation: Relation, parameters: Mapping[str, Any], deliver: Deliver = deliver_locally
) -> str:
    """Write what a destination node asks for; returns the address. Nothing half-written stays."""
    p = parse(Output, parameters.get("output_config") or {}, "output_config")
    for name in p.partition_by:
        if name not in relation:
            raise ColumnError.missing(name, relation.columns, "partition_by")
    with tempfile.TemporaryDirectory(prefix="studio-output-") as folder:
        deliver(p.output_path, _files(relation, p, Path(folder)))
    return p.output_path


def _files(relation: Relation, p: Output, folder: Path) -> Path:
    """A single file where the address names one, else a folder of parts."""
    ending = ending_of(p.output_content_type, p.compression)
    single = bool(Path(p.output_path).suffix) and not p.partition_by
    made = folder / "output"
    if p.partition_by:
        write_partitioned(relation, made, p.output_content_type, p.partition_by, p.compression)
        return made
    path = made if single else made / f"part-00000{ending}"
    path.parent.mkdir(exist_ok=True)
    if p.output_content_type == "parquet":
        write_parquet(relation, path, p.compression)
    else:
        write_csv(relation, path, p.delimiter, p.compression)
    return made
