"""The gateway's process: one of them for a home, on a port that it keeps."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import logging
import os
import signal
import socket
import sys
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ... import __version__
from ...config import Config
from ...control.auditing import Auditor
from ...files import lock_file, read_json, write_json
from ...seen import exposition, logs
from ...seen.secrets import new_token
from ...store import Store
from . import listening as listening_socket
from .app import Gateway
from .http import HttpConnection, Server
from .identity import Identity
from .journal import Journal
from .metrics import Invocations
from .routing import Table

logger = logging.getLogger(__name__)

POLL_S = 1.0  # for what nobody asks about; the control plane asks after each change
FLUSH_S = 1.0
_DRAIN_S = 65
_BACKLOG = 2048
_PATIENCE_S = 1.0  # who only looks whether the gateway runs has the lock for a moment


class Process:
    """Serves until SIGTERM, which lets requests in flight finish.

    The home's lock is given back before that, so that the next gateway need not wait for them.
    """

    def __init__(
        self, config: Config, log: logs.ToFile, held: int, listener: int | None = None
    ) -> None:
        """``held``: the lock; ``listener``: the descriptor of a socket that listens already."""
        self._config = config
        self._held: int | None = held
        self._listener = listener
        self._journal = Journal(log, Auditor(config), config.endpoints_dir)
        self._path = config.run_dir / "gateway.json"
        self._store = Store(config)
        self._table = Table()
        self._metrics = Invocations()
        self._token = new_token(24)
        self._port = 0
        self._complained = False
        self._polling = asyncio.Lock()
        self._app = Gateway(
            self._table,
            Identity(self._store.credentials.get),
            self._metrics,
            token=self._token,
            refresh=self._update,
            may_scrape=lambda given: exposition.opens(given, config),
            journal=self._journal,
        )

    async def run(self) -> None:
        """Serve; returns after SIGTERM or SIGINT when the last request is answered."""
        listener = self._listen() if self._listener is None else _given(self._listener)
        self._port = listener.getsockname()[1]
        await self._poll()
        await asyncio.to_thread(self._publish)
        gc.collect()
        gc.freeze()  # what is here now stays: collections need not look at it
        gc.set_threshold(20_000, 20, 20)  # requests leave no cycles behind
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        clients = Server(self._app.handle, lambda: self._table.max_payload)
        listening = await loop.create_server(lambda: HttpConnection(clients), sock=listener)
        work = (self._follow(), self._flush(), self._watch(clients))
        tasks = [asyncio.create_task(one) for one in work]
        try:
            with listening_socket.handed_over(self._config, listener):
                await ended.wait()
            listening.close()
            await self._give_way()
            await self._drain(clients)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._metrics.turn(last=True)
            self._metrics.flush(self._store.metrics)
            self._journal.close()
            self._store.close()

    async def _give_way(self) -> None:
        """Be the home's gateway no longer; from here on another one is what others are told of."""
        async with self._polling:
            if self._held is not None:
                os.close(self._held)
                self._held = None

    async def _watch(self, clients: Server) -> None:
        """Look after time-outs."""
        while True:
            for _ in range(4):
                await asyncio.sleep(0.25)
                self._app.sweep()
            clients.tick()

    async def _drain(self, clients: Server) -> None:
        clients.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(clients.empty.wait(), _DRAIN_S)

    def _listen(self) -> socket.socket:
        """The port of last time, so that clients find it again; a free one when it is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            known = int((read_json(self._path) or {}).get("port", 0))
        except (json.JSONDecodeError, ValueError, TypeError):
            known = 0
        try:
            listener.bind((self._config.host, known))
        except OSError as error:
            if not known or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            listener.bind((self._config.host, 0))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        return listener

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            await self._update()

    async def _update(self) -> None:
        async with self._polling:
            if await self._poll() and self._held is not None:
                await asyncio.to_thread(self._publish)

    async def _poll(self) -> bool:
        """Apply the routes if they changed."""
        try:
            if await asyncio.to_thread(self._store.routes.version) == self._table.version:
                return False
            version, documents = await asyncio.to_thread(self._store.routes.snapshot)
        except (SQLAlchemyError, OSError) as error:
            if not self._complained:
                logger.warning("Routes cannot be read, serving by the last ones: %s", error)
            self._complained = True
            return False
        self._complained = False
        self._table.apply(version, documents)
        return True

    def _publish(self) -> None:
        state: dict[str, Any] = {
            "pid": os.getpid(),
            "port": self._port,
            "routes_version": self._table.version,
            "token": self._token,
            "version": __version__,
        }
        try:
            write_json(self._path, state)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error)

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            self._metrics.turn()
            await asyncio.to_thread(self._metrics.flush, self._store.metrics)
            await asyncio.to_thread(self._journal.keep)


def _given(descriptor: int) -> socket.socket:
    """A socket that listens already, and may have clients that wait."""
    listener = socket.socket(fileno=descriptor)
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def lock(config: Config, patience_s: float = 0.0) -> int | None:
    """Take the home's gateway lock for life; None when another process has it."""
    return lock_file(config.run_dir / "gateway.lock", patience_s)


def main(config: Config, listener: int | None = None) -> int:
    """Run the gateway of a home; 0 at once when it runs already.

    ``listener`` is the descriptor of the socket that another gateway left; without one the
    gateway makes its own.
    """
    config.make_folders()
    held = lock(config, _PATIENCE_S)
    if held is None:
        print(f"a gateway serves {config.home} already", file=sys.stderr)
        return 0
    log = logs.to_file(config.logs_dir / "gateway.log")
    logger.info("the gateway of %s starts", config.home)
    os.ftruncate(held, 0)
    os.pwrite(held, str(os.getpid()).encode(), 0)
    _run(Process(config, log, held, listener))
    return 0


def _run(process: Process) -> None:
    try:
        import uvloop
    except ImportError:  # not on every platform
        asyncio.run(process.run())
    else:
        uvloop.run(process.run())
