"""Which database a test's home has: SQLite in it, or one on the tests' PostgreSQL server.

``pytest --database postgresql`` (or ``STUDIO_TEST_DATABASE=postgresql``) gives every ``Config`` of
a test process a database of its home's own; processes that a test starts are told by
:func:`environment`. Which tests came to use a database is noted, so that a second run, on the
other kind, can leave out those that never do.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import postgresql
import pytest
from sqlalchemy import Engine

from studio_ext import config as settings
from studio_ext.store import database, schema

KINDS = ("sqlite", "postgresql")
#: Where a run keeps the names of the tests that use no database.
_CACHE = "studio/no-database"
_MARK = "database"
#: Marks tests that are about SQLite itself, or a home whose server is not told of another database.
_SQLITE = "sqlite"


def environment(home: Path) -> dict[str, str]:
    """What tells another process of the database of a home, beside ``os.environ``."""
    found = url(home)
    return {} if database.is_sqlite(found) else {"STUDIO_DATABASE_URL": found}


def url(home: Path) -> str:
    """The database of a home."""
    return settings.default_database_url(home)


def kind(home: Path) -> str:
    """Which of ``KINDS`` a home has its database on."""
    return "sqlite" if database.is_sqlite(url(home)) else "postgresql"


def choose(kind: str) -> None:
    """Have every home of this process on a kind of database; for programs that are no pytest."""
    if kind == "postgresql":
        settings.default_database_url = postgresql.server().of
        atexit.register(postgresql.stop)


def fresh_engine(folder: Path) -> Engine:
    """An engine on the database of a folder, its tables made; to be disposed of."""
    engine = database.open_engine(url(folder))
    schema.ensure(engine)
    return engine


class Use:
    """A plugin: chooses the kind of database, and notes who uses one."""

    def __init__(self, config: pytest.Config) -> None:
        self._kind = str(config.getoption("--database"))
        self._is_worker = hasattr(config, "workerinput")
        self._cache = getattr(config, "cache", None)  # None with -p no:cacheprovider
        self._known = set(self._cache.get(_CACHE, []) if self._cache else [])
        self._opening: list[set[Any]] = []
        self._about_sqlite = False  # the test that runs is, whatever the kind
        self._fixtures: set[Any] = set()
        self._sqlite: Callable[[Path], str] = settings.default_database_url
        settings.default_database_url = self._chosen
        os.environ.pop("STUDIO_DATABASE_URL", None)
        if self._kind == "postgresql" and not self._is_worker:
            postgresql.share()

    def _chosen(self, home: Path) -> str:
        for users in self._opening:
            users.add(True)
        if self._kind == "postgresql" and not self._about_sqlite:
            return postgresql.server().of(home)
        return self._sqlite(home)

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """On PostgreSQL, leave out what is known to use no database, or is about SQLite's file."""
        if self._kind == "sqlite" or not config.getoption("--only-database-tests"):
            return
        left_out, kept = [], []
        for item in items:
            known = item.nodeid in self._known or item.get_closest_marker(_SQLITE)
            (left_out if known else kept).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Note the fixtures that use a database: whoever has one of them does."""
        used: set[Any] = set()
        self._opening.append(used)
        try:
            return (yield)
        finally:
            self._opening.pop()
            if used:
                self._fixtures.add(fixturedef)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note the tests, and drop the PostgreSQL databases that a test alone had."""
        used: set[Any] = set()
        self._opening.append(used)
        item.stash[_USED] = used
        self._about_sqlite = item.get_closest_marker(_SQLITE) is not None
        try:
            return (yield)
        finally:
            self._opening.pop()
            self._about_sqlite = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Iterator[Any]:
        """Say with the last report whether the test used a database."""
        report = yield
        if call.when == "teardown":
            definitions = getattr(item, "_fixtureinfo", None)
            fixtures = definitions.name2fixturedefs.values() if definitions else []
            shared = any(each in self._fixtures for group in fixtures for each in group)
            report.user_properties.append((_MARK, bool(item.stash[_USED]) or shared))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what workers say."""
        uses = dict(report.user_properties).get(_MARK)
        if uses is not None:
            (self._known.discard if uses else self._known.add)(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Keep the names, and end the server."""
        postgresql.stop()
        if self._kind == "sqlite" and self._cache and not self._is_worker:
            self._cache.set(_CACHE, sorted(self._known))


_USED = pytest.StashKey[set[Any]]()
