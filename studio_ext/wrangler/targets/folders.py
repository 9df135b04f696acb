"""Tables as folders of files: a number of equal parts, or a folder for each value of columns."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..engines import DuckDB
from ..errors import ColumnError
from ..relation import Relation
from .files import BATCH_ROWS, Format, write, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_FOLDERS = 10_000


def write_parts(relation: Relation, folder: Path, how: Format, parts: int) -> None:
    """``part-00000`` and so on: rows in their order, as many in each, one more in the first."""
    folder.mkdir()
    if parts == 1:
        write(relation, folder / f"part-00000{how.ending}", how)
        return
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix=".whole-", dir=folder) as whole, DuckDB() as engine:
        path = Path(whole) / "whole.parquet"
        write_parquet(relation, path)
        file = pq.ParquetFile(path)
        rows = _Rows(file.schema_arrow, file.iter_batches(BATCH_ROWS))
        least, more = divmod(file.metadata.num_rows, parts)
        for number in range(parts):
            part = engine.from_arrow(rows.next(least + (number < more)))
            write(part, folder / f"part-{number:05d}{how.ending}", how)
            engine.drop(part)


class _Rows:
    """Batches, handed out by numbers of rows."""

    def __init__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self._schema, self._batches = schema, batches
        self._left: pa.RecordBatch | None = None

    def next(self, rows: int) -> pa.RecordBatchReader:
        """The next so many rows."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._schema, self._take(rows))

    def _take(self, rows: int) -> Iterator[pa.RecordBatch]:
        while rows > 0:
            batch = self._left if self._left is not None else next(self._batches)
            self._left = batch.slice(rows) if batch.num_rows > rows else None
            yield batch.slice(0, rows)
            rows -= batch.num_rows


def write_partitioned(relation: Relation, folder: Path, how: Format, names: Sequence[str]) -> None:
    """A folder for each value (``name=value``), as Hive lays them out, and files in it."""
    import pyarrow.dataset as ds

    if len(names) == len(relation.columns):
        raise ColumnError("A table of partition columns alone would have files without a column")
    parquet = ds.ParquetFileFormat()
    plain = how.name != "parquet"
    packed = "snappy" if plain else how.compression
    ending = ".parquet" if plain else how.ending
    ds.write_dataset(
        relation.engine.reader(relation, BATCH_ROWS),
        folder,
        format=parquet,
        file_options=parquet.make_write_options(compression=packed),
        partitioning=list(names),
        partitioning_flavor="hive",
        basename_template=f"part-{{i}}{ending}",
        max_partitions=_MOST_FOLDERS,
        max_open_files=256,
    )
    if plain:
        with DuckDB() as engine:
            for path in list(folder.rglob("*.parquet")):
                _rewritten(engine, path, how)


def _rewritten(engine: DuckDB, path: Path, how: Format) -> None:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    rows = _Rows(file.schema_arrow, file.iter_batches(BATCH_ROWS))
    table = engine.from_arrow(rows.next(file.metadata.num_rows))
    write(table, path.with_name(path.name.removesuffix(".parquet") + how.ending), how)
    engine.drop(table)
    path.unlink()
