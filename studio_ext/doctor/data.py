"""What is remembered: the database and the object store."""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ..config import Config
from ..control.reconciler import is_dead
from ..store import database, schema
from ..store.tables import resources
from .findings import Finding, ok

_LOCKED_S = 2.0
#: Checking a database of a GB takes seconds; of larger ones, say how it is done.
_CHECKED_BYTES = 2 << 30


def database_schema(config: Config) -> Iterator[Finding]:
    """The database can be opened, and is of a schema that this Studio knows."""
    url = config.database_url
    try:
        found, wrong = schema.revision(url), schema.skew(url)
    except (database.DatabaseError, SQLAlchemyError, OSError) as error:
        text = " ".join(str(error).split())[:300]
        yield Finding("FAIL", "database", text, _meaning(), _mend(config))
        return
    if wrong is not None:
        mend = "pip install --upgrade studio-ext"
        yield Finding("FAIL", "database", wrong, "Studio refuses to start on it.", mend)
    elif found is None:
        yield ok("database", f"{database.shown(url)}: made at the first start")
    elif found != schema.head():
        text = f"schema {found}; {schema.head()} is made of it at the next start"
        meaning = "A server of an older Studio may still run, or none has been started since."
        yield Finding("WARN", "database", text, meaning, _restart(config))
    else:
        yield ok("database", f"{database.shown(url)}, schema {found}")


def database_file(config: Config) -> Iterator[Finding]:
    """SQLite's file is whole, and nobody keeps it locked."""
    path = _sqlite(config)
    if path is None or not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_LOCKED_S)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            if path.stat().st_size > _CHECKED_BYTES:
                yield ok("database file", f"too large to check here: sqlite3 {path} quick_check")
                return
            (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            yield Finding("FAIL", "database file", f"{path}: {error}", _meaning(), _mend(config))
            return
        holders = ", ".join(_who_has(path)) or "a process that cannot be seen"
        yield Finding(
            "FAIL",
            "database file",
            f"{path} has been locked for {_LOCKED_S:g} s by one of: {holders}",
            "Nothing can be changed while somebody keeps the lock.",
            "end the program that holds it (a sqlite3 shell, a backup, a stopped server)",
        )
        return
    except sqlite3.DatabaseError as error:
        result = str(error)
    if result == "ok":
        yield ok("database file", "whole")
        return
    yield Finding(
        "FAIL",
        "database file",
        f"{path} is damaged: {result}",
        "Some of what Studio remembers is lost; objects' data lie beside it, unharmed.",
        f"sqlite3 {shlex.quote(str(path))} .recover | sqlite3 recovered.db  # or restore a backup",
    )


def leases(config: Config) -> Iterator[Finding]:
    """No resource waits for a process that is gone."""
    path = _sqlite(config)
    if path is not None and not path.exists():
        return
    try:
        engine = database.open_engine(config.database_url)
    except database.DatabaseError:
        return  # told by database_schema
    held = select(resources.c.lease_holder, resources.c.lease_until).where(
        resources.c.lease_holder.is_not(None)
    )
    try:
        with database.read(engine) as connection:
            rows = connection.execute(held).all()
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()
    dead = [row.lease_holder for row in rows if is_dead(row.lease_holder)]
    if not dead:
        yield ok("leases", f"{len(rows)} held")
        return
    last = max(row.lease_until or 0.0 for row in rows)
    yield Finding(
        "WARN",
        "leases",
        f"{len(dead)} resources are held by processes that are gone ({dead[0]})",
        "A control plane takes them over when it starts, or looks every ten seconds"
        f"; in any case they run out in {max(0.0, last - time.time()):.0f} s.",
        _restart(config),
    )


def object_store(config: Config) -> Iterator[Finding]:
    """Objects can be stored."""
    if not config.object_store_url:
        folder = config.objects_dir
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            text, mend = f"{folder} cannot be written", f"chmod u+rwx {shlex.quote(str(folder))}"
            yield Finding("FAIL", "objects", text, "No object can be stored.", mend)
        else:
            yield ok("objects", f"files in {folder}")
        return
    url = urlsplit(config.object_store_url)
    where = f"{url.scheme}://{url.hostname or 'AWS'}{f':{url.port}' if url.port else ''}"
    port = url.port or (80 if url.scheme.endswith("+http") else 443)
    try:
        if url.scheme != "s3":
            socket.create_connection((url.hostname or "", port), timeout=5).close()
    except OSError as error:
        yield Finding(
            "FAIL",
            "objects",
            f"the object store {where} cannot be reached: {error.strerror or error}",
            "No object can be read or stored: jobs do not get their data.",
            f"curl -v {url.scheme.removeprefix('s3+')}://{url.hostname}:{port}/",
        )
        return
    yield ok("objects", f"{where} accepts connections")


def _sqlite(config: Config) -> Path | None:
    """SQLite's file; None for another kind of database."""
    prefix = "sqlite:///"
    url = config.database_url
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None


def _who_has(path: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(
                item.path == str(path) for item in process.open_files()
            ):
                found.append(f"pid {process.pid} ({process.name()})")
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return found


def _meaning() -> str:
    return "Studio does not know its jobs, endpoints and objects, and does not start."


def _mend(config: Config) -> str:
    path = _sqlite(config)
    if path is None:
        return "check STUDIO_DATABASE_URL, and that the database server runs (pg_isready)"
    return f"ls -l {shlex.quote(str(path))}*  # can you read and write it?"


def _restart(config: Config) -> str:
    return f"studio serve --home {shlex.quote(config.home)}"
