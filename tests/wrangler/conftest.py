"""Engines that every operator is tested on, and short ways to run one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from steps import Steps

from studio_ext.wrangler.engines import DuckDB, Engine


@pytest.fixture(scope="session")
def duckdb() -> Iterator[Engine]:
    """One session for all tests: tables of a test are its own."""
    with DuckDB(memory="1GB", threads=2) as engine:
        yield engine


@pytest.fixture(params=["duckdb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def steps(engine: Engine) -> Steps:
    """Runs operators on small tables."""
    return Steps(engine)
