"""The database that tests run on, and marks that follow from where a test lies.

Other fixtures lie beside the tests that need them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import databases
import hypothesis
import postgresql
import pytest

HERE = Path(__file__).parent
MARKED = ("e2e", "ui")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--database``, and to leave out on one kind what uses none."""
    parser.addoption(
        "--database",
        choices=databases.KINDS,
        default=os.environ.get("STUDIO_TEST_DATABASE") or "sqlite",
        help="what homes have their database on (default: $STUDIO_TEST_DATABASE or sqlite)",
    )
    parser.addoption(
        "--only-database-tests",
        action="store_true",
        help="leave out tests that used no database when they last ran on SQLite",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the database of every home; a slow machine makes no property untrue."""
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("untimed")
    config.pluginmanager.register(databases.Use(config), "studio-databases")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """``tests/e2e`` and ``tests/ui`` can be left out: ``pytest -m "not e2e and not ui"``."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder in MARKED:
            item.add_marker(folder)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument, so that a test has one name in every process.

    An archive's own bytes hold the second it was made in.
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def _databases_of_the_test() -> Iterator[None]:
    """PostgreSQL databases that a test makes go with it; those of wider fixtures stay."""
    before = postgresql.created()
    yield
    postgresql.drop(postgresql.created() - before)


@pytest.fixture
def environment() -> Iterator[None]:
    """Puts the process's environment, import path and boto3 session back."""
    variables, path = dict(os.environ), list(sys.path)
    yield
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:] = path
    if "boto3" in sys.modules:
        sys.modules["boto3"].DEFAULT_SESSION = None


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """An S3 that is not ours."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
