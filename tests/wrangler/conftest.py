"""Engines that every operator is tested on, and short ways to run one."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from steps import Steps

from studio_ext.wrangler.engines import DuckDB, Engine
from studio_ext.wrangler.engines.spark import Spark


@pytest.fixture(scope="session")
def duckdb() -> Iterator[Engine]:
    """One session for all tests: tables of a test are its own."""
    with DuckDB(memory="1GB", threads=2) as engine:
        yield engine


@pytest.fixture(scope="session")
def spark() -> Iterator[Engine]:
    """One session in local mode for all tests."""
    for missing, what in (
        (importlib.util.find_spec("pyspark") is None, "pyspark"),
        (shutil.which("java") is None, "Java"),
    ):
        if missing:
            pytest.skip(f"{what} is not installed")
    with Spark(exact_quantiles=True) as engine:
        yield engine


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
