"""Marks that follow from where a test lies; fixtures live beside the tests that need them."""

from __future__ import annotations

from pathlib import Path

import postgresql
import pytest

HERE = Path(__file__).parent
MARKED = ("e2e", "ui")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """``tests/e2e`` and ``tests/ui`` can be left out: ``pytest -m "not e2e and not ui"``."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder in MARKED:
            item.add_marker(folder)


def pytest_sessionfinish() -> None:
    """End the PostgreSQL server of this process, if a test has started one."""
    postgresql.stop()
