"""The tutorial's preparation with Polars: a lazy query for what each step learns, one for the rest.

Types are inferred of all rows, as by the others.
"""

from __future__ import annotations

import sys

import polars as pl

SOURCE, TARGET = sys.argv[1:]

# Parsed once, into memory: a lazy scan would be parsed for each query, at twice the CPU.
lazy = pl.read_csv(SOURCE, separator=";", infer_schema_length=None).lazy()
schema = lazy.collect_schema()
numbers = [name for name, kind in schema.items() if kind.is_numeric()]
texts = [name for name, kind in schema.items() if not kind.is_numeric() and name != "y"]
figures = lazy.select(
    *(pl.col(name).mean().alias(f"{name}/mean") for name in numbers),
    *(pl.col(name).std().alias(f"{name}/std") for name in numbers),
)
found = figures.collect(engine="streaming").row(0, named=True)
lazy = lazy.filter(
    *((pl.col(n) - found[f"{n}/mean"]).abs() <= 3 * found[f"{n}/std"] for n in numbers)
)
ends = lazy.select(
    *(pl.col(name).min().alias(f"{name}/min") for name in numbers),
    *(pl.col(name).max().alias(f"{name}/max") for name in numbers),
)
found = ends.collect(engine="streaming").row(0, named=True)


def scaled(name: str) -> pl.Expr:
    """Between 0 and 1; a column of one value is halfway, as Spark has it."""
    low, high = found[f"{name}/min"], found[f"{name}/max"]
    return (pl.col(name) - low) / (high - low) if low < high else pl.lit(0.5).alias(name)


lazy = lazy.with_columns(
    *(scaled(name) for name in numbers),
    *(pl.col(name).str.replace_all(".", "_", literal=True) for name in ("job", "education")),
)
left = [name for name in numbers if found[f"{name}/min"] < found[f"{name}/max"]]
pairs = [(a, b) for place, a in enumerate(left) for b in left[:place]]
row = lazy.select(pl.corr(a, b).alias(f"{a}/{b}") for a, b in pairs)
row = row.collect(engine="streaming").row(0, named=True)


def correlation(a: str, b: str) -> float:
    """Of two columns."""
    return 1.0 if a == b else row.get(f"{a}/{b}") or row[f"{b}/{a}"]


def factors(names: list[str]) -> list[float]:
    """Variance inflation: the diagonal of the inverse correlations (Gauss-Jordan)."""
    size = len(names)
    rows = [
        [correlation(a, b) for b in names] + [float(i == j) for j in range(size)]
        for i, a in enumerate(names)
    ]
    for pivot in range(size):
        rows[pivot] = [each / rows[pivot][pivot] for each in rows[pivot]]
        for other in set(range(size)) - {pivot}:
            times = rows[other][pivot]
            rows[other] = [x - times * y for x, y in zip(rows[other], rows[pivot], strict=True)]
    return [rows[i][size + i] for i in range(size)]


while max(inflated := factors(left)) > 1.2:
    lazy = lazy.drop(left.pop(inflated.index(max(inflated))))
labels = lazy.select(pl.col(name).unique().implode() for name in texts)
known = labels.collect(engine="streaming").row(0, named=True)
lazy = lazy.with_columns(
    (pl.col(name) == label).cast(pl.Float64).alias(f"{name}_{label}")
    for name in texts
    for label in sorted(known[name])
).drop(texts)
lazy.sink_parquet(TARGET, compression="snappy")
