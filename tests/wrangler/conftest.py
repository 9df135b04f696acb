"""Engines that every operator is tested on, and short ways to run one."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from steps import Steps

from studio_ext.wrangler.engines import DuckDB, Engine
from studio_ext.wrangler.engines.spark import Spark, local, remote

#: For many queries of few rows: planning and compiling cost more than running there.
SMALL = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
#: A server of Spark Connect in the same Java, at a port that is free.
SERVER = {
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
}


@pytest.fixture(scope="session")
def duckdb() -> Iterator[Engine]:
    """One session for all tests: tables of a test are its own."""
    with DuckDB(memory="1GB", threads=2) as engine:
        yield engine


@pytest.fixture(scope="session")
def spark() -> Iterator[Spark]:
    """One session for all tests: in local mode, or of the Spark Connect server of SPARK_REMOTE."""
    for missing, what in (
        (importlib.util.find_spec("pyspark") is None, "pyspark"),
        (shutil.which("java") is None, "Java"),
    ):
        if missing:
            pytest.skip(f"{what} is not installed")
    session = remote() if os.environ.get("SPARK_REMOTE") else local(settings=SMALL | SERVER)
    with Spark(session, exact_quantiles=True) as engine:
        yield engine
    session.stop()


@pytest.fixture(scope="session")
def address(spark: Spark) -> str:
    """Where Spark Connect is."""
    if "SPARK_REMOTE" in os.environ:
        return os.environ["SPARK_REMOTE"]
    service = getattr(
        spark.session._jvm, "org.apache.spark.sql.connect.service.SparkConnectService$"
    )
    return f"sc://localhost:{getattr(service, 'MODULE$').localPort()}"


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def steps(engine: Engine) -> Steps:
    """Runs operators on small tables."""
    return Steps(engine)


@pytest.fixture
def s3(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An S3 that the environment names, with an empty bucket ``tables``."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="tables")
    for each in client.list_objects_v2(Bucket="tables").get("Contents", []):
        client.delete_object(Bucket="tables", Key=each["Key"])
    return client
