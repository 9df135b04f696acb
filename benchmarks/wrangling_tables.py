"""What the wrangling benchmarks read: tables of any length, made once and kept beside the peers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from .peers import folder

CHUNK = 500_000
NUMBERS = [f"n{index}" for index in range(8)]
BANK = Path(__file__).parents[1] / "notebooks" / "data" / "bank-additional.csv"


def mixed(rows: int) -> Path:
    """Parquet of 20 columns: numbers with missing ones, integers, texts, a time."""
    path = folder() / f"wrangling-{rows}.parquet"
    if not path.exists():
        chance = np.random.default_rng(7)
        started = _started(path)
        chunks = (_chunk(chance, size) for size in _sizes(rows))
        first = next(chunks)
        with pq.ParquetWriter(started, first.schema) as writer:
            writer.write_table(first)
            for chunk in chunks:
                writer.write_table(chunk)
        started.rename(path)
    return path


def bank(rows: int) -> Path:
    """CSV of the bank-marketing tutorial's rows, drawn with replacement."""
    path = folder() / f"bank-{rows}.csv"
    if not path.exists():
        table = csv.read_csv(
            BANK,
            parse_options=csv.ParseOptions(delimiter=";"),
            convert_options=csv.ConvertOptions(strings_can_be_null=False),
        )
        chance = np.random.default_rng(7)
        started = _started(path)
        options = csv.WriteOptions(delimiter=";", quoting_style="needed")
        with csv.CSVWriter(started, table.schema, write_options=options) as writer:
            for size in _sizes(rows):
                writer.write_table(table.take(chance.integers(0, table.num_rows, size)))
        started.rename(path)
    return path


def _started(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_suffix(".part")


def _sizes(rows: int) -> Iterator[int]:
    for start in range(0, rows, CHUNK):
        yield min(CHUNK, rows - start)


def _chunk(chance: np.random.Generator, rows: int) -> pa.Table:
    columns: dict[str, object] = {}
    for index, name in enumerate(NUMBERS):
        values = chance.normal(index, index + 1, rows)
        columns[name] = pa.array(values, mask=chance.random(rows) < 0.05)
    for index in range(4):
        columns[f"i{index}"] = chance.integers(0, 10 ** (index + 1), rows)
    columns["city"] = chance.choice([f"City.{n}" for n in range(50)], rows)
    columns["kind"] = chance.choice(["a", "b", "c", "d", "e"], rows, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    seconds = chance.integers(1_500_000_000, 1_700_000_000, rows)
    columns["at"] = pa.array(seconds.astype("datetime64[s]")).cast(pa.timestamp("us"))
    columns["note"] = np.char.add("Note ", chance.integers(0, 1000, rows).astype(str))
    for index in range(4):
        columns[f"x{index}"] = chance.random(rows)
    return pa.table(columns)
