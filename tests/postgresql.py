"""A PostgreSQL server of the tests' own: Debian's package, a Unix socket, a temporary folder.

One for each process of pytest, started when it is first asked for a database and gone with that
process however it ends; what a killed one leaves is removed by the next.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
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
    """A running server. ``new`` and ``of`` give the URLs of databases, each with the tables."""

    def __init__(self) -> None:
        where = binaries()
        assert where, "the tests need PostgreSQL (Debian: apt-get install postgresql)"
        self._binaries = where
        self._created: dict[str, str] = {}
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir="/tmp"))
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

    def _initialise(self) -> None:
        # A language's order, as most servers have it: what needs another must say so.
        order = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
        command = [self._binaries / "initdb", "-D", self._data, "-U", SUPERUSER, "-A", "trust"]
        subprocess.run(
            [*command, "-E", "UTF8", "--no-sync", "--no-instructions", *order],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self._as,
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start the server; returns when it takes connections."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        server = self._binaries / "postgres"
        log = (self.folder / "log").open("ab")
        with log:
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

    def stop(self) -> None:
        """End the server at once, as a crash would; its data stay."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def remove(self) -> None:
        """End the server and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *statements: str, name: str = "postgres") -> None:
        """Run statements in a database, each in a transaction of its own."""
        with psycopg.connect(
            host=str(self.folder), port=PORT, user=SUPERUSER, dbname=name, autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, name: str) -> str:
        """The URL of a database."""
        query = {"host": str(self.folder), "port": str(PORT)}
        made = URL.create("postgresql", username=SUPERUSER, database=name, query=query)
        return made.render_as_string()

    def new(self, *, empty: bool = False) -> str:
        """A new database of the current schema, or without one."""
        name = f"d_{len(self._created)}_{os.urandom(4).hex()}"
        return self._create(name, name, "template1" if empty else "studio")

    def of(self, home: Path) -> str:
        """The database of a home, made when it is first asked for."""
        key = str(home)
        name = "h_" + hashlib.sha256(key.encode()).hexdigest()[:24]
        return self.url(name) if key in self._created else self._create(key, name, "studio")

    def _create(self, key: str, name: str, template: str) -> str:
        self._created[key] = name
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    @property
    def created(self) -> set[str]:
        """What :meth:`drop` takes: a key for each database there is."""
        return set(self._created)

    def drop(self, keys: set[str]) -> None:
        """Delete databases, whoever is connected."""
        names = [self._created.pop(key) for key in keys]
        self.run(*(f"DROP DATABASE {name} WITH (FORCE)" for name in names))

    def _make_template(self) -> None:
        self.run("CREATE DATABASE studio")
        engine = database.open_engine(self.url("studio"))
        schema.ensure(engine)
        engine.dispose()


@functools.cache
def server() -> Server:
    """The server of this process."""
    _remove_leftovers()
    return Server()


def stop() -> None:
    """End the server of this process, if one was started."""
    if server.cache_info().currsize:
        server().remove()
        server.cache_clear()


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
