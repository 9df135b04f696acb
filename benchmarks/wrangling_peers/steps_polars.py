"""The ten steps with Polars: one lazy query for what is learned at each point, one for the rest."""

from __future__ import annotations

import sys

import polars as pl

SOURCE, TARGET = sys.argv[1:]
NUMBERS = [f"n{index}" for index in range(8)]
FIRST, SECOND = NUMBERS[:4], NUMBERS[4:]

lazy = pl.scan_parquet(SOURCE)
means = lazy.select(pl.col(NUMBERS).mean()).collect().row(0, named=True)
lazy = lazy.with_columns(pl.col(name).fill_null(means[name]) for name in NUMBERS)
spread = lazy.select(
    *(pl.col(name).mean().alias(f"{name}/mean") for name in NUMBERS),
    *(pl.col(name).std().alias(f"{name}/std") for name in NUMBERS),
)
found = spread.collect().row(0, named=True)
lazy = lazy.with_columns(
    *(
        pl.col(name).clip(
            found[f"{name}/mean"] - 3 * found[f"{name}/std"],
            found[f"{name}/mean"] + 3 * found[f"{name}/std"],
        )
        for name in FIRST
    ),
    *((pl.col(name) - found[f"{name}/mean"]) / found[f"{name}/std"] for name in SECOND),
)
ends = (
    lazy.select(
        *(pl.col(name).min().alias(f"{name}/min") for name in FIRST),
        *(pl.col(name).max().alias(f"{name}/max") for name in FIRST),
    )
    .collect()
    .row(0, named=True)
)
lazy = lazy.with_columns(
    *(
        (pl.col(name) - ends[f"{name}/min"]) / (ends[f"{name}/max"] - ends[f"{name}/min"])
        for name in FIRST
    ),
    pl.col("note").str.to_lowercase(),
    pl.col("city").str.replace_all(".", "_", literal=True),
    pl.col("at").dt.month().cast(pl.Int64).alias("month"),
).filter(pl.col("i0") > 0)
cities = lazy.group_by("city").len().sort(["len", "city"], descending=[True, False])
order = cities.collect()["city"].to_list()
kinds = sorted(lazy.select(pl.col("kind").unique()).collect()["kind"].to_list())
lazy = lazy.with_columns(
    pl.col("city")
    .replace_strict({name: float(index) for index, name in enumerate(order)})
    .alias("city_code"),
    *((pl.col("kind") == kind).cast(pl.Float64).alias(f"kind_{kind}") for kind in kinds),
).drop("kind")
lazy.sink_parquet(TARGET, compression="snappy")
