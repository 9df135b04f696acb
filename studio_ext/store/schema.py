"""The schema of the database: made, recognised and brought up to date when a store is opened.

A revision is the number of the last migration that a database has seen ("0001" is 0.1.0's).
Alembic takes longer to import than a store to open, so it is imported only to upgrade: an
up-to-date database is known by one SELECT, and an empty one is made from the tables themselves.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import DBAPIError, ProgrammingError

from .. import __version__
from . import database

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("migrations")
BASELINE = "0001"
#: Who upgrades holds this PostgreSQL advisory lock ("Studio" in ASCII).
_LOCK = 0x53747564696F
_WAIT_MS = 10 * 60 * 1000  # for another process that upgrades a large SQLite file

# As Alembic makes it.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class SchemaError(database.DatabaseError):
    """The database is none that this Studio can use."""


class NewerSchema(SchemaError):
    """A newer Studio has upgraded the database."""


def metadata() -> MetaData:
    """Every table of the store."""
    from . import accounts, credentials, metrics, objects, routes, tables  # noqa: F401  (declare them)

    return database.metadata


def head() -> str:
    """The revision that this Studio works with."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision(url: str) -> str | None:
    """The revision of a database; None while it is empty or, for SQLite, not there.

    Raises DatabaseError when it cannot be reached.
    """
    path = make_url(url).database
    if database.is_sqlite(url) and not (path and Path(path).exists()):
        return None
    engine = database.open_engine(url)
    try:
        found = _fast(engine)
        if found is None:
            with database.read(engine) as connection:
                found = _found(connection)
        return found
    finally:
        engine.dispose()


def skew(url: str) -> str | None:
    """What is wrong between a database's schema and this Studio, in words; None when nothing is.

    An older schema is no fault: opening the store upgrades it.
    """
    try:
        _check(url, revision(url))
    except SchemaError as error:
        return str(error)
    return None


def ensure(engine: Engine) -> None:
    """Make the tables of an empty database, or upgrade those of an older Studio, once.

    SQLite's file is copied to ``<name>.<revision>.bak`` before an upgrade. Raises NewerSchema
    for a database of a newer Studio, SchemaError for one that is not Studio's.
    """
    found = _fast(engine)
    if found != head():
        _check(engine.url, found)
        with exclusive(engine) as connection:
            _bring(connection)


def _bring(connection: Connection) -> None:
    """Create or upgrade; another process may have done it while this one waited."""
    found = _found(connection)
    _check(connection.engine.url, found)
    numbered = inspect(connection).has_table(_version.name)
    if found is None:
        metadata().create_all(connection)
    elif found != head():
        _back_up(connection.engine, found)
    if not numbered:
        _version.create(connection)
        connection.execute(_version.insert().values(version_num=found or head()))
    if found not in (None, head()):
        log.info("upgrading the database from schema %s to %s", found, head())
        from alembic import command

        command.upgrade(alembic_configuration(connection), "head")


def alembic_configuration(connection: Connection) -> AlembicConfig:
    """For Alembic's commands, to run in the transaction of ``connection``."""
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    return configuration


@contextlib.contextmanager
def exclusive(engine: Engine) -> Iterator[Connection]:
    """A transaction to change the schema in; one at a time, others wait."""
    with engine.connect() as connection:
        connection.detach()  # what is set here is for no other use
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            # Copying a table drops the old one, which must not delete what refers to it.
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute(f"PRAGMA busy_timeout={_WAIT_MS}")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            yield connection
            if engine.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise SchemaError(f"the upgrade would leave a row without its parent: {broken}")


def _fast(engine: Engine) -> str | None:
    """The revision that the database says it has; None when it says nothing."""
    try:
        with database.read(engine) as connection:
            return connection.scalar(select(_version.c.version_num))
    except ProgrammingError:
        return None
    except DBAPIError as error:
        if "no such table" in str(error.orig):  # SQLite has one class for all that goes wrong
            return None
        raise database.unreachable(engine.url, error) from error


def _found(connection: Connection) -> str | None:
    """The revision of a database, of one without a number too; None when it is empty."""
    there = set(inspect(connection).get_table_names())
    if _version.name in there:
        return connection.scalar(select(_version.c.version_num))
    return BASELINE if there >= {"resources", "events", "objects", "access_keys"} else None


def _check(url: str | URL, found: str | None) -> None:
    if found is None or found == head():
        return
    shown = database.shown(url)
    if found > head():
        raise NewerSchema(
            f"The database {shown} has schema {found}, and Studio {__version__} knows schemas up "
            f"to {head()}: a newer Studio has upgraded it. Install that version of Studio again, "
            "or use another home."
        )
    if not list((MIGRATIONS / "versions").glob(f"{found}_*.py")):
        raise SchemaError(
            f"The database {shown} has schema {found!r}, which Studio {__version__} (schema "
            f"{head()}) does not know: it belongs to another program."
        )


def _back_up(engine: Engine, found: str) -> None:
    """A whole copy of a SQLite database beside it; nobody else writes meanwhile."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return
    path = Path(engine.url.database)
    if not path.exists():  # in memory
        return
    target, partial = (path.with_name(f"{path.name}.{found}.{end}") for end in ("bak", "tmp"))
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with contextlib.closing(engine.raw_connection()) as pooled:
            cursor = pooled.cursor()
            cursor.execute("VACUUM INTO ?", [str(partial)])
        os.fsync(descriptor)
        partial.rename(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    log.info("the database as it was lies in %s", target)
