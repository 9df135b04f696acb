"""Ten steps from Parquet to Parquet: a flow against pandas with scikit-learn, and against Polars.

Impute by the mean, clip at three deviations, scale by minimum and maximum, standardise, lower case,
replace, parts of a date, filter, ordinal and one-hot encoding. Every side is a process of its own
that reads the file, learns, applies and writes; what it wrote is compared column by column. CPU and
peak memory are of the whole process. ``python -m benchmarks.wrangling [--rows 1000000]``
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import studio_ext

from .peers import folder, python_of

CHUNK = 500_000
NUMBERS = [f"n{index}" for index in range(8)]
HERE = Path(__file__).parent / "wrangling_peers"
TOLERANCE = 1e-6


@dataclass
class Side:
    """What one side cost."""

    name: str
    cpu_s: float
    wall_s: float
    peak_gb: float


def table(rows: int) -> Path:
    """A table of 20 columns, made once and kept beside the peers' environments."""
    path = folder() / f"wrangling-{rows}.parquet"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(7)
    started = path.with_suffix(".part")
    writer = None
    for start in range(0, rows, CHUNK):
        chunk = _chunk(chance, min(CHUNK, rows - start))
        writer = writer or pq.ParquetWriter(started, chunk.schema)
        writer.write_table(chunk)
    assert writer
    writer.close()
    started.rename(path)
    return path


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


def run(name: str, python: Path | str, program: str, source: Path, target: Path) -> Side:
    """One side as a process; its CPU and peak memory are the kernel's account of it."""
    started = os.times().elapsed
    command = [str(python), str(HERE / program), str(source), str(target)]
    # An installed package has its byte code; so has ours here (`compiled`).
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = os.posix_spawn(str(python), command, environment)
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"{name} ended with status {os.waitstatus_to_exitcode(status)}")
    wall = os.times().elapsed - started
    return Side(name, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1e6)


def compiled() -> None:
    """Byte code of this checkout, as pip makes it of a package that it installs."""
    compileall.compile_dir(str(Path(studio_ext.__file__).parent), quiet=1)


def compare(ours: Path, theirs: Path) -> None:
    """Exits where the two files differ in a column's name, count, sum or smallest value."""
    left, right = pq.read_table(ours), pq.read_table(theirs)
    if left.num_rows != right.num_rows or set(left.column_names) != set(right.column_names):
        odd = set(left.column_names) ^ set(right.column_names)
        sys.exit(f"{theirs.stem} differs: {left.num_rows}, {right.num_rows} rows; columns {odd}")
    for name in left.column_names:
        a, b = (each[name].to_pandas() for each in (left, right))
        if a.isna().sum() != b.isna().sum():
            sys.exit(f"{theirs.stem} differs: {name} is missing in other rows")
        same = (
            (a == b).all()
            if a.dtype.kind not in "fiu"
            else np.allclose(a.astype(float), b.astype(float), TOLERANCE, TOLERANCE, equal_nan=True)
        )
        if not same:
            sys.exit(f"{theirs.stem} differs in {name}: {a.head(3).tolist()}, {b.head(3).tolist()}")


def main() -> None:
    """Run all sides by turns, compare what they wrote, print ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    source = table(options.rows)
    compiled()
    sides = {
        "Studio": (sys.executable, "ours.py"),
        "pandas": (sys.executable, "pandas_steps.py"),
        "Polars": (python_of("polars"), "polars_steps.py"),
    }
    best: dict[str, Side] = {}
    with tempfile.TemporaryDirectory() as place:
        for _ in range(options.rounds):
            for name, (python, program) in sides.items():
                side = run(name, python, program, source, Path(place) / f"{name}.parquet")
                if name not in best or side.cpu_s < best[name].cpu_s:
                    best[name] = side
        for name in ("pandas", "Polars"):
            compare(Path(place) / "Studio.parquet", Path(place) / f"{name}.parquet")
    ours = best["Studio"]
    for side in best.values():
        print(
            f"{side.name:8} {side.cpu_s:7.1f} s CPU {side.wall_s:7.1f} s {side.peak_gb:6.2f} GB"
            f"   ours / theirs: CPU {ours.cpu_s / side.cpu_s:.2f}"
        )
    for name, aim in (("Polars", 1.2), ("pandas", 0.5)):
        ratio = ours.cpu_s / best[name].cpu_s
        print(
            f"CPU against {name}: {ratio:.2f} (aim {aim}): {'holds' if ratio <= aim else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
