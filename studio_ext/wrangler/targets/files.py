"""Writers of files: by the engine where it can, everything else by Arrow, streaming."""

from __future__ import annotations

import bz2
import gzip
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from sqlglot import exp

from ..engines import DuckDB
from ..errors import UnsupportedError
from ..relation import Relation, distinct_names

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536
FORMATS = ("csv", "parquet", "jsonl")
_PACKED = {"none": "", "gzip": ".gz", "bzip2": ".bz2", "deflate": ".deflate", "zstd": ".zst"}
#: (format, compression) -> how a file's name ends; what is not here is not written.
ENDINGS = {
    **{("csv", name): f".csv{ending}" for name, ending in _PACKED.items()},
    **{("jsonl", name): f".jsonl{ending}" for name, ending in _PACKED.items()},
    ("parquet", "none"): ".parquet",
    ("parquet", "snappy"): ".snappy.parquet",
    ("parquet", "gzip"): ".gz.parquet",
    ("parquet", "zstd"): ".zstd.parquet",
}


@dataclass(frozen=True)
class Format:
    """How a table is written; ``delimiter``, ``header`` and ``quoting`` are CSV's."""

    name: str = "csv"
    compression: str = "none"
    delimiter: str = ","
    header: bool = True
    #: ``needed`` (texts alone) or ``all``.
    quoting: str = "needed"

    @property
    def ending(self) -> str:
        """How a file's name ends; raises UnsupportedError for a compression that there is not."""
        if (self.name, self.compression) not in ENDINGS:
            known = ", ".join(packed for kind, packed in ENDINGS if kind == self.name)
            raise UnsupportedError(
                f"compression: {self.name} files are not written with {self.compression!r}; "
                f"there are {known}"
            )
        return ENDINGS[self.name, self.compression]


def write(relation: Relation, path: Path, how: Format) -> None:
    """One file."""
    if how.name == "parquet":
        write_parquet(relation, path, how.compression)
    elif how.name == "csv":
        write_csv(relation, path, how)
    else:
        write_json_lines(relation, path, how.compression)


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


def write_csv(relation: Relation, path: Path, how: Format) -> None:
    """One CSV file. What is missing is empty; in a table of one column it is ``""``, for a line

    that is empty is none.
    """
    from pyarrow import csv

    reader = relation.engine.reader(relation, BATCH_ROWS)
    with _opened(path, how.compression) as file:
        if len(reader.schema) == 1:
            _write_column(reader, file, how)
            return
        quoting = "needed" if how.quoting == "needed" else "all_valid"
        options = csv.WriteOptions(
            delimiter=how.delimiter, include_header=how.header, quoting_style=quoting
        )
        with csv.CSVWriter(file, _flat(reader.schema), write_options=options) as writer:
            for batch in reader:
                writer.write_batch(_flattened(batch))


def _write_column(reader: pa.RecordBatchReader, file: Any, how: Format) -> None:
    """A table of one column: Arrow would write an empty line where a value is missing."""
    import pyarrow as pa

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    (field,) = reader.schema
    text = pa.types.is_string(_flat(reader.schema)[0].type) or how.quoting == "all"
    if how.header:
        file.write(f"{quoted(field.name)}\n".encode())
    for batch in reader:
        values = _flattened(batch).column(0).cast(pa.string()).to_pylist()
        lines = ('""' if v is None else quoted(v) if text else v for v in values)
        file.write("".join(f"{line}\n" for line in lines).encode())


def write_json_lines(relation: Relation, path: Path, compression: str = "none") -> None:
    """A JSON object a row; NaN and the infinities, which JSON has not, are null."""
    if not isinstance(relation.engine, DuckDB):
        with DuckDB() as engine:
            given = engine.from_arrow(relation.engine.reader(relation, BATCH_ROWS))
            write_json_lines(given, path, compression)
        return
    finite = {
        name: exp.Case().when(
            exp.Anonymous(this="isfinite", expressions=[relation[name]]), relation[name].copy()
        )
        for name in relation.columns_of("float")
    }
    plain = path.with_name(f".{path.name}.plain")
    relation.engine.write_json_lines(relation.with_columns(finite), plain)
    with plain.open("rb") as lines, _opened(path, compression) as file:
        shutil.copyfileobj(lines, file, 1 << 20)
    plain.unlink()


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
