"""Spark Connect: the engine needs no Java of its own, and means the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from test_engines import (  # noqa: F401  (run here on a session of Spark Connect)
    test_aggregates,
    test_chance_is_the_same_on_every_engine,
    test_frequencies_alone,
    test_numbers,
    test_streams_and_kept_tables,
    test_texts,
    test_texts_read_as_values,
    test_what_does_not_fit_is_an_error_without_sql,
)
from test_tidying import test_similarity_of_names  # noqa: F401  (Python on the executors)

from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.engines.spark import Spark, explained
from studio_ext.wrangler.errors import DataError

pytestmark = pytest.mark.spark

#: As the README has it.
PROGRAM = """
import pyarrow as pa
from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines.spark import Spark

flow = Flow.from_dataframe(pa.table({"x": [1.0, None, 4.0], "k": ["a", "b", "a"]}))
flow.add("handle_missing/impute/numeric", input_column="x", strategy="Mean")
flow.add("encode_categorical/one_hot_encode", input_column="k", output_style="Columns")
with Spark() as engine:
    print(flow.run(engine=engine).table().to_pydict())
"""


@pytest.fixture(scope="module")
def connected(address: str) -> Iterator[Spark]:
    """A session of Spark Connect beside the other one."""
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(address).getOrCreate()
    with Spark(session, exact_quantiles=True) as engine:
        yield engine
    session.stop()


@pytest.fixture
def engine(connected: Spark) -> Engine:
    return connected


def test_what_the_transport_says_is_told_alone(connected: Spark) -> None:
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    text = '<Call that terminated with:\n\tstatus = UNKNOWN\n\tdetails = "Java heap space"\n>'
    with pytest.raises(DataError, match=r"^Java heap space$"), explained():
        raise SparkConnectGrpcException(text)


def test_a_program_without_java_runs_a_flow_by_spark_connect(address: str) -> None:
    bare = {name: each for name, each in os.environ.items() if name not in ("PATH", "JAVA_HOME")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        env={**bare, "PATH": "", "SPARK_REMOTE": address},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(
        {"x": [1.0, 2.5, 4.0], "k_a": [1.0, 0.0, 1.0], "k_b": [0.0, 1.0, 0.0]}
    )
