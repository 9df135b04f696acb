"""A PostgreSQL server of the tests' own: Debian's package, a Unix socket, a temporary folder.

Started when a process of pytest first asks for a database, and gone with that process however it
ends; what a killed one leaves is removed by the next. Run on PostgreSQL, all workers share one.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import URL

from studio_ext.store import database, schema

PREFIX = "studio-pg-"
PORT = 5432  # names the socket in the folder; nothing listens on the network
SUPERUSER = "studio"
START_S = 60.0
TEMPLATE = "studio"
#: Names the folder of a server that another process started.
SHARED = "STUDIO_TEST_POSTGRESQL"
#: It ends when this process does, even by SIGKILL.
_MORTAL = ["setpriv", "--pdeathsig", "SIGQUIT"]
_SETTINGS = {
    "port": str(PORT),
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "unix_socket_permissions": "0777",
}


def binaries() -> Path | None:
    """The folder of Debian's newest server, else of the one on the PATH; None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Server:
    """A running server; :meth:`new` and :meth:`of` give the URLs of databases on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._created: dict[str, str] = {}

    def run(self, *statements: str) -> None:
        """Run statements, each in a transaction of its own."""
        with psycopg.connect(
            host=str(self.folder), port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, name: str) -> str:
        """The URL of a database."""
        query = {"host": str(self.folder), "port": str(PORT)}
        made = URL.create("postgresql", username=SUPERUSER, database=name, query=query)
        return made.render_as_string()

    def new(self, *, empty: bool = False) -> str:
        """A new database with the tables, or without any."""
        name = f"d_{os.urandom(8).hex()}"
        self._create(name, name, "template1" if empty else TEMPLATE)
        return self.url(name)

    def of(self, home: Path) -> str:
        """The database of a home, made when it is first asked for."""
        key = str(home)
        name = "h_" + hashlib.sha256(key.encode()).hexdigest()[:24]
        if key not in self._created:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):  # by another process
                self._create(key, name, TEMPLATE)
        return self.url(name)

    def _create(self, key: str, name: str, template: str) -> None:
        self._created[key] = name
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")

    @property
    def created(self) -> set[str]:
        """What :meth:`drop` takes: a key for each database that this object made."""
        return set(self._created)

    def drop(self, keys: set[str]) -> None:
        """Delete databases, whoever is connected."""
        names = [self._created.pop(key) for key in keys]
        self.run(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names))


class OwnServer(Server):
    """A server that this process starts and ends, with a template of the current schema.

    ``settings`` go before the usual ones, which give up durability for speed. Its data lie
    ``below`` a folder that everybody may enter, /tmp by default.
    """

    def __init__(
        self, settings: Mapping[str, str] | None = None, below: Path | None = None
    ) -> None:
        self._settings = {**_SETTINGS, **(settings or {})}
        where = binaries()
        assert where, "the tests need PostgreSQL (Debian: apt-get install postgresql)"
        self._binaries = where
        super().__init__(
            Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=below or "/tmp"))
        )
        # The server refuses to run as root: Debian's package comes with a user for it.
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.folder.chmod(0o755)
        self._initialise()
        self.start()
        self._make_template()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _initialise(self) -> None:
        # A language's order, as most servers have it: what needs another must say so.
        order = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
        command = [self._binaries / "initdb", "-D", self._data, "-U", SUPERUSER, "-A", "trust"]
        command += ["--wal-segsize=1"]  # MB: an empty server takes little of a small disk
        subprocess.run(
            [*command, "-E", "UTF8", "--no-sync", "--no-instructions", *order],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self._as,
        )

    def _make_template(self) -> None:
        self.run(f"CREATE DATABASE {TEMPLATE}")
        engine = database.open_engine(self.url(TEMPLATE))
        schema.ensure(engine)
        engine.dispose()

    def start(self) -> None:
        """Start the server; returns when it takes connections."""
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        server = self._binaries / "postgres"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_MORTAL, server, "-D", self._data, "-k", self.folder, *settings],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **self._as,
            )
        end = time.monotonic() + START_S
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()[-4000:]
                assert time.monotonic() < end, "PostgreSQL did not start"
                time.sleep(0.05)
            else:
                return

    def runs(self) -> bool:
        """Whether the server has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server at once, as a crash would; its data stay."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def remove(self) -> None:
        """End the server and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def server() -> Server:
    """The server of this run of the tests; call it first from the main thread."""
    shared = os.environ.get(SHARED)
    if shared:
        return Server(Path(shared))
    _remove_leftovers()
    return OwnServer()


def share() -> None:
    """Start the server now, for the processes that this one starts as well."""
    os.environ[SHARED] = str(server().folder)


def stop() -> None:
    """End the server, if this process started one."""
    if server.cache_info().currsize:
        ours = server()
        server.cache_clear()
        if isinstance(ours, OwnServer):
            ours.remove()


def created() -> set[str]:
    """Keys of the databases that there are; see :meth:`Server.drop`."""
    return server().created if server.cache_info().currsize else set()


def drop(keys: set[str]) -> None:
    """Delete databases, whoever is connected."""
    if keys:
        server().drop(keys)


def _remove_leftovers() -> None:
    for folder in Path("/tmp").glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            _kill(lambda process, folder=folder: str(folder / "data") in process.cmdline())
            shutil.rmtree(folder, ignore_errors=True)


def _kill(chosen: Callable[[psutil.Process], bool]) -> None:
    for process in psutil.process_iter():
        try:
            if chosen(process):
                process.send_signal(signal.SIGQUIT)
                process.wait(30)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
