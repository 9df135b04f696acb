"""Writers of files: Parquet by the engine where it can, everything else by Arrow, streaming."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from ..engines import DuckDB
from ..errors import UnsupportedError
from ..relation import Relation, distinct_names

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536
#: (format, compression) -> how a file's name ends; what is not here is not written.
ENDINGS = {
    ("csv", "none"): ".csv",
    ("csv", "gzip"): ".csv.gz",
    ("csv", "bzip2"): ".csv.bz2",
    ("csv", "deflate"): ".csv.deflate",
    ("csv", "zstd"): ".csv.zst",
    ("parquet", "none"): ".parquet",
    ("parquet", "snappy"): ".snappy.parquet",
    ("parquet", "gzip"): ".gz.parquet",
    ("parquet", "zstd"): ".zstd.parquet",
}


def write_parquet(relation: Relation, path: Path, compression: str = "snappy") -> None:
    """One Parquet file."""
    engine, names = relation.engine, distinct_names(relation.columns)
    if isinstance(engine, DuckDB) and all(name == inner for name, inner in names.items()):
        engine.write_parquet(relation, path, compression)
        return
    import pyarrow.parquet as pq

    reader = engine.reader(relation, BATCH_ROWS)
    with pq.ParquetWriter(path, reader.schema, compression=compression) as writer:
        for batch in reader:
            writer.write_batch(batch)


def write_csv(
    relation: Relation, path: Path, delimiter: str = ",", compression: str = "none"
) -> None:
    """One CSV file with a header; text is quoted where it must be, what is missing is empty."""
    from pyarrow import csv

    reader = relation.engine.reader(relation, BATCH_ROWS)
    options = csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
    with (
        _opened(path, compression) as file,
        csv.CSVWriter(file, _flat(reader.schema), write_options=options) as writer,
    ):
        for batch in reader:
            writer.write_batch(_flattened(batch))


def write_partitioned(
    relation: Relation, folder: Path, format: str, names: Sequence[str], compression: str
) -> None:
    """A folder for each value (``name=value``), as Hive lays them out, and files in it."""
    import pyarrow.dataset as ds

    if format == "csv" and compression != "none":
        raise UnsupportedError("compression: partitioned CSV files are not compressed; use Parquet")
    kind = ds.ParquetFileFormat() if format == "parquet" else ds.CsvFileFormat()
    packed = {"compression": compression} if format == "parquet" else {}
    options = kind.make_write_options(**packed)
    reader = relation.engine.reader(relation, BATCH_ROWS)
    ds.write_dataset(
        reader,
        folder,
        format=kind,
        file_options=options,
        partitioning=list(names),
        partitioning_flavor="hive",
        basename_template=f"part-{{i}}{ending_of(format, compression)}",
        max_partitions=10_000,
        max_open_files=256,
    )


def ending_of(format: str, compression: str) -> str:
    """How a file's name ends; raises UnsupportedError for a compression that a format lacks."""
    if (format, compression) not in ENDINGS:
        known = ", ".join(each for kind, each in ENDINGS if kind == format)
        raise UnsupportedError(
            f"compression: {format} files are not written with {compression!r}; there are {known}"
        )
    return ENDINGS[format, compression]


@contextmanager
def _opened(path: Path, compression: str) -> Iterator[Any]:
    if compression == "bzip2":
        with bz2.open(path, "wb") as packed:
            yield packed
    elif compression == "gzip":
        with gzip.open(path, "wb", compresslevel=6) as packed:
            yield packed
    elif compression == "zstd":
        import pyarrow as pa

        with pa.output_stream(path, compression="zstd") as packed:
            yield packed
    else:
        with path.open("wb") as plain:
            if compression == "deflate":
                packer = _Deflating(plain)
                yield packer
                packer.end()
            else:
                yield plain


class _Deflating:
    """A file of zlib's format, as Hadoop's ``deflate`` is; only what a CSV writer calls."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._packer = file, zlib.compressobj()

    def write(self, data: bytes) -> int:
        """Pack and write."""
        self._file.write(self._packer.compress(data))
        return len(data)

    def flush(self) -> None:
        """Nothing: what is packed together stays smaller."""

    def end(self) -> None:
        """Write what is still packed."""
        self._file.write(self._packer.flush())


def _flat(schema: pa.Schema) -> pa.Schema:
    """CSV has no lists and structs: they are written as JSON."""
    import pyarrow as pa

    return pa.schema(
        [each.with_type(pa.string()) if pa.types.is_nested(each.type) else each for each in schema]
    )


def _flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
    import json

    import pyarrow as pa

    schema = _flat(batch.schema)
    arrays = [
        pa.array(
            [None if v is None else json.dumps(v, default=str) for v in array.to_pylist()]
        ).cast(pa.string())
        if pa.types.is_nested(array.type)
        else array
        for array in batch.columns
    ]
    return cast("pa.RecordBatch", pa.RecordBatch.from_arrays(arrays, schema=schema))
