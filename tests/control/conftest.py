"""A world of made-up kinds, with no processes behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_world import make_world

from studio_ext.control.world import World


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    world = make_world(home)
    yield world
    world.store.close()


@pytest.fixture
def call() -> Any:
    """A call as operations see it."""
    return SimpleNamespace(
        caller=SimpleNamespace(account_id="111111111111", domain="d", user_profile="ana")
    )
