"""What Studio remembers: resources, objects, metrics, credentials and routes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from ..config import Config
from . import database, schema
from .accounts import Accounts
from .credentials import Credentials
from .leases import Leases
from .metrics import Metrics
from .resources import Resources
from .routes import Routes

if TYPE_CHECKING:
    from .objects import ObjectStore


class Store:
    """Everything that outlives a process, behind one object.

    Thread-safe: each call takes its own connection.
    """

    def __init__(self, config: Config) -> None:
        """Open the home of ``config``; folders and tables are made or upgraded where they must be.

        Raises DatabaseError when the database cannot be reached or is of a newer Studio.
        """
        config.make_folders()
        self.config = config
        self.engine = database.open_engine(config.database_url)
        try:
            schema.ensure(self.engine)
        except BaseException:
            self.engine.dispose()
            raise
        self.accounts = Accounts(self.engine)
        self.accounts.keep_default(config.account_id)
        self.resources = Resources(self.engine)
        self.leases = Leases(self.engine)
        self.metrics = Metrics(self.engine)
        self.credentials = Credentials(self.engine, config)
        self.routes = Routes(self.engine)

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store that the configuration names."""
        from .objects import open_object_store

        return open_object_store(self.config, self.engine)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction."""
        with database.write(self.engine) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only snapshot."""
        with database.read(self.engine) as connection:
            yield connection

    def close(self) -> None:
        """Give the database connections back."""
        self.engine.dispose()
