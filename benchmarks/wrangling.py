"""From file to file: flows against pandas with scikit-learn, and against Polars.

``--flow steps``, from Parquet: impute by the mean, clip at three deviations, scale by minimum and
maximum, standardise, lower case, replace, parts of a date, filter, ordinal and one-hot encoding.
``--flow tutorial``, from CSV: the bank-marketing tutorial's preparation without its SMOTE. Every
side is a process of its own that reads the file, learns, applies and writes; what it wrote is
compared column by column. CPU and peak memory are of the whole process.

``--growth``: ours on ten times the rows. ``--limit GB``: ours sorting the table in so much memory
(RLIMIT_DATA). ``python -m benchmarks.wrangling [--flow tutorial] [--rows 1000000]``
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import studio_ext

from .peers import python_of
from .wrangling_tables import bank, mixed

HERE = Path(__file__).parent / "wrangling_peers"
TOLERANCE = 1e-6
#: More rows than these are not compared: both files are read whole.
COMPARED = 2_000_000
LIMITED = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]),) * 2);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)
#: Flow -> the table it reads.
FLOWS: dict[str, Callable[[int], Path]] = {"steps": mixed, "tutorial": bank}


@dataclass
class Side:
    """What one side cost."""

    name: str
    cpu_s: float
    wall_s: float
    peak_gb: float

    def __str__(self) -> str:
        return f"{self.name:12} {self.cpu_s:7.1f} s CPU {self.wall_s:7.1f} s {self.peak_gb:6.2f} GB"


def run(name: str, command: Sequence[str], source: Path, target: Path) -> Side:
    """One side as a process; its CPU and peak memory are the kernel's account of it."""
    started = os.times().elapsed
    full = [*command, str(source), str(target)]
    # An installed package has its byte code; so has ours here (`compiled`).
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = os.posix_spawn(full[0], full, environment)
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


def peers(flow: str, rows: int, rounds: int, place: Path) -> None:
    """Run all sides by turns, compare what they wrote, print ratios."""
    source = FLOWS[flow](rows)
    sides = {
        "Studio": (sys.executable, f"{flow}_ours.py"),
        "pandas": (sys.executable, f"{flow}_pandas.py"),
        "Polars": (str(python_of("polars")), f"{flow}_polars.py"),
    }
    best: dict[str, Side] = {}
    for _ in range(rounds):
        for name, (python, program) in sides.items():
            side = run(name, [python, str(HERE / program)], source, place / f"{name}.parquet")
            if name not in best or side.cpu_s < best[name].cpu_s:
                best[name] = side
    for name in ("pandas", "Polars") if rows <= COMPARED else ():
        compare(place / "Studio.parquet", place / f"{name}.parquet")
    ours = best["Studio"]
    for side in best.values():
        print(f"{side}   ours / theirs: CPU {ours.cpu_s / side.cpu_s:.2f}")
    for name, aim in (("Polars", 1.2), ("pandas", 0.5)):
        _judge(f"CPU against {name}", ours.cpu_s / best[name].cpu_s, aim)


def growth(flow: str, rows: int, place: Path) -> None:
    """Ours on ``rows`` and on ten times as many: CPU for each row, and peak memory."""
    table, program = FLOWS[flow], [sys.executable, str(HERE / f"{flow}_ours.py")]
    small, large = (
        run(f"{each:,}", program, table(each), place / "out.parquet") for each in (rows, rows * 10)
    )
    print(small, large, sep="\n")
    _judge("CPU of ten times the rows", large.cpu_s / small.cpu_s / 10, 1.0)
    _judge("its peak memory, GB", large.peak_gb, 0.5)


def limited(gigabytes: float, rows: int, place: Path) -> None:
    """Ours, sorting a table, within a limit; exits where it fails."""
    most = str(int(gigabytes * 1e9))
    program = [sys.executable, "-c", LIMITED, most, str(HERE / "sort_ours.py")]
    print(run(f"in {gigabytes:g} GB", program, mixed(rows), place / "out.parquet"))


def _judge(what: str, ratio: float, aim: float) -> None:
    print(f"{what}: {ratio:.2f} (aim {aim}): {'holds' if ratio <= aim else 'MISSED'}")


def main() -> None:
    """What the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flow", choices=FLOWS, default="steps")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--limit", type=float, metavar="GB")
    options = parser.parse_args()
    compiled()
    with tempfile.TemporaryDirectory() as folder:
        if options.growth:
            growth(options.flow, options.rows, Path(folder))
        elif options.limit:
            limited(options.limit, options.rows, Path(folder))
        else:
            peers(options.flow, options.rows, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
