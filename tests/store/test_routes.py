"""Routing documents and their versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.routes import Routes


@pytest.fixture
def routes(tmp_path: Path) -> Iterator[Routes]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store.routes
    store.close()


def document(endpoint: str, account: str = "1", **more: Any) -> dict[str, Any]:
    return {"account": account, "endpoint": endpoint, "variants": [], **more}


def test_versions_grow_with_every_change(routes: Routes) -> None:
    assert routes.version() == 0
    assert routes.put(document("a")) == 1
    assert routes.put(document("b")) == 2
    assert routes.put(document("a")) == 1  # nothing new
    assert routes.put(document("a", weight=2)) == 3
    assert routes.version() == 3
    assert routes.all() == [document("a", weight=2), document("b")]
    assert routes.snapshot() == (3, routes.all())


def test_a_removal_is_a_change_too(routes: Routes) -> None:
    routes.put(document("a"))
    assert routes.remove("1", "a") == 2
    assert routes.remove("1", "a") == 2
    assert (routes.version(), routes.all()) == (2, [])
    assert routes.put(document("a")) == 3
    assert routes.remove("1", "never-there") == 4


def test_accounts_are_apart(routes: Routes) -> None:
    routes.put(document("a"))
    routes.put(document("a", "2"))
    routes.remove("2", "a")
    assert routes.all() == [document("a")]
