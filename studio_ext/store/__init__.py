"""What Studio remembers: resources, objects, metrics, credentials and routes."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from ..config import Config
from ..files import write_atomic
from . import database, schema
from .accounts import Accounts
from .credentials import Credentials
from .leases import Leases
from .metrics import Metrics
from .portable import now
from .prepared import Driven
from .resources import Resources
from .routes import Routes

if TYPE_CHECKING:
    from .objects import ObjectStore


def node_of(home: Path) -> str:
    """The lasting name of a home among those that share a database; made when it has none."""
    path = home / "node"
    try:
        return path.read_text()
    except FileNotFoundError:
        made = home / f".node.{os.getpid()}.{secrets.token_hex(4)}"
        write_atomic(made, f"{socket.gethostname()[:40]}-{secrets.token_hex(6)}".encode())
        with contextlib.suppress(FileExistsError):  # the first of several has named it
            os.link(made, path)
        made.unlink()
        return path.read_text()


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
        self.node = node_of(config.path)
        self.leases = Leases(self.engine, self.node)
        self.metrics = Metrics(self.engine)
        self.credentials = Credentials(self.engine, config)
        self.routes = Routes(self.engine)

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store that the configuration names."""
        from .objects import open_object_store

        return open_object_store(self.config, self.engine)

    def begin(self) -> AbstractContextManager[Connection]:
        """A write transaction."""
        return database.write(self.engine)

    def read(self) -> AbstractContextManager[Connection]:
        """A read-only snapshot."""
        return database.read(self.engine)

    def glance(self) -> AbstractContextManager[Connection]:
        """For a single statement that reads."""
        return database.glance(self.engine)

    def lookup(self) -> AbstractContextManager[Driven]:
        """For prepared statements that read, each by itself."""
        return database.lookup(self.engine)

    def now(self) -> float:
        """The time in epoch seconds, by the clock that all control planes share."""
        with self.glance() as connection:
            return float(connection.scalar(select(now())) or 0.0)

    def close(self) -> None:
        """Give the database connections back."""
        self.engine.dispose()
