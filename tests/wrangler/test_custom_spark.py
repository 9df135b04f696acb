"""PySpark steps, which SQLFrame runs on DuckDB."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from steps import Steps

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import DataError

pytest.importorskip("sqlframe", reason="SQLFrame is not installed")

SPARK = "custom_code/python_pyspark"
FLOWS = Path(__file__).parent / "flows"
DAY = dt.datetime(2019, 1, 1)


def _codes(flow: str) -> list[str]:
    """The PySpark steps of a real flow, in its order."""
    found = []
    for node in Flow.open(FLOWS / flow).document.order():
        inner = node.parameters.get("pyspark_parameters") or {}
        if node.operator.endswith("custom_pyspark_0.1"):
            inner = node.parameters
        found += [inner["code"]] if "code" in inner else []
    return found


def test_the_taxi_flows_steps_run_as_they_are(steps: Steps) -> None:
    table = pa.table(
        {
            "tpep_pickup_datetime": [DAY, DAY + dt.timedelta(minutes=10), DAY, None],
            "tpep_dropoff_datetime": [
                DAY + dt.timedelta(seconds=150),
                DAY + dt.timedelta(hours=1),
                DAY + dt.timedelta(seconds=30),
                DAY,
            ],
            "trip_distance": [1.5, 2.0, 3.0, 1.0],
            "tip_amount": [0.0, 1.0, 2.0, 0.0],
            "total_amount": [5.0, 6.0, 7.0, 1.0],
            "PULocationID": [7, 7, 263, 5],
        }
    )
    duration, keep, hour, count, fill = sorted(
        _codes("taxi_time_series.flow"),
        key=lambda code: [
            mark in code for mark in ("60,2", "trip_distance >=", "date_trunc", "Window", "na.fill")
        ].index(True),
    )
    made = steps.arrow(SPARK, table, code=duration)
    assert made["duration"].to_pylist() == [2.5, 50.0, 0.5, None]
    made = steps.arrow(SPARK, made, code=keep)
    assert made["PULocationID"].to_pylist() == [7, 7]
    made = steps.arrow(SPARK, made, code=hour)
    assert made["pickup_time"].to_pylist() == [DAY, DAY]
    made = steps.arrow(SPARK, made, code=count)
    assert made["count"].to_pylist() == [2, 2]
    # Every hour of every place: 263 x 10,200 rows, two of which are there already.
    made = steps.arrow(SPARK, made, code=fill)
    assert made.num_rows == 263 * 10_200 + 1
    with duckdb.connect() as connection:
        (found,) = connection.execute(
            "SELECT (count(*), sum(duration), min(duration), min(pickup_time), max(pickup_time)) "
            "FROM made"
        ).fetchall()
    last = DAY + dt.timedelta(hours=10_199)
    assert found == ((263 * 10_200 + 1, 52.5, 0.0, DAY, last),)


def test_the_music_flows_steps_run_as_they_are(steps: Steps) -> None:
    first, second, ratings = sorted(_codes("music_recommendation.flow"), key=len)
    features = re.findall(r"'(\w+)'", ratings.split("[", 1)[1].split("]", 1)[0])
    table: dict[str, Any] = {"userId": ["a", "a", "b", "a"], "Rating": [5, 5, 5, 1]}
    table |= {name: [1.0 + index, 2.0 + index, None, 9.0] for index, name in enumerate(features)}
    for code in (first, second):
        stamped = steps(SPARK, table, code=code)
        age = dt.datetime.now(dt.UTC).timestamp() - stamped.pop("EventTime")[0]
        assert 0 <= age < 300 and stamped == table
    made = steps(SPARK, table, code=ratings)
    users = made["userId"]
    assert sorted(users) == ["a", "b"]
    for index, name in enumerate(features):
        means = dict(zip(users, made[f"{name}_5star"], strict=True))
        assert means == {"a": 1.5 + index, "b": None}


def test_meanings_are_sparks(steps: Steps) -> None:
    table = {
        "i": [1, 0, None],
        "x": [2.5, -2.5, None],
        "s": ["2.7", "abc", "9007199254740993"],
        "t": [
            dt.datetime(1970, 1, 1, 0, 0, 1, 500_000),
            dt.datetime(1969, 12, 31, 23, 59, 59),
            None,
        ],
        "Na.me": ["é", None, "z"],
    }
    code = """
from pyspark.sql import functions as F
df = df.select(
    (F.col("x") / F.col("i")).alias("quotient"),
    F.col("x").cast("int").alias("cut"),
    F.col("s").cast("long").alias("whole"),
    F.col("t").cast("long").alias("seconds"),
    F.col("i").cast("timestamp").alias("time"),
    (F.col("s") > F.col("i")).alias("compared"),
    F.upper("`Na.me`").alias("Up.per"),
)
"""
    assert steps(SPARK, table, code=code) == {
        "quotient": [2.5, None, None],
        "cut": [2, -2, None],
        "whole": [2, None, 9007199254740993],
        "seconds": [1, -1, None],
        "time": [dt.datetime(1970, 1, 1, 0, 0, 1), dt.datetime(1970, 1, 1), None],
        "compared": [True, None, None],
        "Up.per": ["É", None, "Z"],
    }


def test_frames_made_in_the_code_and_sql_over_them(steps: Steps) -> None:
    code = """
import pandas as pd
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
few = spark.createDataFrame([(1, "one"), (2, None)], ["x", "word"])
many = spark.createDataFrame(pd.DataFrame({"x": range(500), "square": [i * i for i in range(500)]}))
few.na.fill("none").createOrReplaceTempView("few")
many.createOrReplaceTempView("many")
df.createOrReplaceTempView("df")
df = spark.sql(
    "SELECT df.x, word, square FROM df JOIN few ON df.x = few.x JOIN many ON df.x = many.x"
)
df = df.orderBy("x")
"""
    made = steps(SPARK, {"x": [2, 1, 3]}, code=code)
    assert made == {"x": [1, 2], "word": ["one", "none"], "square": [1, 4]}


def test_names_of_any_kind(steps: Steps) -> None:
    table = {"Trip Id": [1, 2], "Na.me": ["a", None], "PULocation": [5, 6]}
    code = """
from pyspark.sql import functions as F
df = df.filter(df.pulocation > 5).withColumn("na.me", F.lit("b")).withColumn("x y", F.lit(0.5))
df = df.withColumnRenamed("Trip Id", "id").withColumnRenamed("nix", "other")
"""
    made = steps(SPARK, table, code=code)
    assert made == {"id": [2], "na.me": ["b"], "PULocation": [6], "x y": [0.5]}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\ndf = df.select('nix')", "^line 2: .*There is no column 'nix'"),
        ("df = df.toPandas()", "type DataFrame at the end: it has to be a PySpark DataFrame"),
        ("df = df.foo", "type Column at the end"),
        ("from pyspark.ml import Pipeline", "^line 1: "),
        ("df = spark.read.csv('/etc/passwd')", "^line 1: "),
        (
            "import pyspark.sql as p\ndf = p.SparkSession.builder.getOrCreate().read.csv('/etc')",
            "^line 2: .*disabled",
        ),
    ],
)
def test_what_goes_wrong_is_said_with_the_line(steps: Steps, code: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        steps(SPARK, {"x": [1]}, code=code)


def test_names_that_differ_by_case_are_refused(steps: Steps) -> None:
    with pytest.raises(DataError, match="does not tell 'x' from 'X'"):
        steps(SPARK, {"x": [1], "X": [2]}, code="")


def test_the_pinned_versions_fit_together() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    pinned = {
        wanted.name: wanted
        for wanted in map(Requirement, project["dependencies"])
        if wanted.name in ("duckdb", "sqlglot", "sqlframe")
    }
    assert len(pinned) == 3
    for name, wanted in pinned.items():
        assert str(wanted.specifier) == f"=={version(name)}"
    of_sqlframe = [Requirement(each) for each in requires("sqlframe") or []]
    (sqlglot,) = (each for each in of_sqlframe if each.name == "sqlglot" and not each.marker)
    assert sqlglot.specifier.contains(version("sqlglot"))


def test_what_is_no_text_is_read_as_text(steps: Steps) -> None:
    code = """
from pyspark.sql import functions as F
df = df.withColumn("day", F.substring("t", 1, 10)).withColumn("digits", F.length("n"))
df = df.withColumn("up", F.upper("yes")).drop("t", "n", "yes")
"""
    table = pa.table({"t": [DAY, None], "n": [120, 7], "yes": [True, False]})
    made = steps(SPARK, table, code=code)
    assert made == {"day": ["2019-01-01", None], "digits": [3, 1], "up": ["TRUE", "FALSE"]}


def test_a_condition_in_brackets_keeps_rows_and_a_list_keeps_columns(steps: Steps) -> None:
    code = "df = df[df['a'] >= 2]\ndf = df[['b', 'a']]\ndf = df.withColumn('c', df[0])"
    made = steps(SPARK, {"a": [1, 2, 3], "b": ["x", "y", "z"]}, code=code)
    assert made == {"b": ["y", "z"], "a": [2, 3], "c": ["y", "z"]}


def test_a_sum_of_whole_numbers_is_a_whole_number_that_can_be_filled(steps: Steps) -> None:
    code = """
from pyspark.sql import Window
from pyspark.sql import functions as F
df = df.withColumn("all", F.sum("n").over(Window.partitionBy("g")))
df = df.groupBy("g").agg(F.sum("n").alias("n"), F.max("all").alias("all"), F.max("b").alias("b"))
df = df.na.fill(value=0).na.fill(value=True)
"""
    table = {"g": ["a", "a", "b"], "n": [1, 2, None], "b": [False, None, None]}
    made = steps.arrow(SPARK, table, code=code)
    assert made.schema.field("n").type == made.schema.field("all").type == pa.int64()
    rows = sorted(made.to_pylist(), key=lambda row: row["g"])
    assert [(row["n"], row["all"], row["b"]) for row in rows] == [(3, 3, False), (0, 0, True)]
