"""Moves what SQLite's write-ahead log holds into the database, beside those who write.

SQLite has the one who happens to fill the log do that, which is two fsyncs and a thousand pages
while a client waits: every fortieth CreateTrainingJob took that long. Here a thread does. The log
stays bounded without it, as where no control plane runs: see ``database.py``.
"""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Connection, Engine, event

from .database import BUSY_TIMEOUT_S, glance, no_more, on_end
from .prepared import execute

log = logging.getLogger(__name__)

#: Commits after which the log is looked at; sooner, once so many seconds have passed.
COMMITS, PERIOD_S = 128, 5.0
#: Pages (of 4 KiB) in the log from which on it is begun anew, for which writers wait a moment.
MOST_PAGES = 4096
_WAIT_MS = 100


class Checkpoints:
    """The thread that keeps a SQLite database's log short; nothing for another database.

    A power failure takes at most the commits since the last checkpoint; the end of the process
    takes none.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._commits = 0
        self._any, self._many = threading.Event(), threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="studio-checkpoints", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "commit", self._committed)
            on_end(self._engine, self._ended)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; whoever closes the last connection empties the log."""
        self._stopping.set()
        self._any.set()
        self._many.set()
        if self._thread.ident is not None:
            event.remove(self._engine, "commit", self._committed)
            no_more(self._engine, self._ended)
            self._thread.join()

    def _ended(self, _seconds: float, committed: bool) -> None:
        if committed:
            self._committed()

    def _committed(self, _connection: Connection | None = None) -> None:
        self._commits += 1  # by several threads: about so many
        if self._commits == 1:
            self._any.set()
        elif self._commits >= COMMITS:
            self._many.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._any.wait()
            self._many.wait(PERIOD_S)
            self._commits = 0
            self._any.clear()
            self._many.clear()
            if self._stopping.is_set():
                return
            try:
                checkpoint(self._engine)
            except Exception:
                log.exception("the database's log could not be moved into it")
                self._stopping.wait(PERIOD_S)


def checkpoint(engine: Engine, most_pages: int = MOST_PAGES) -> None:
    """Move what can be moved without anybody waiting; then begin a log anew that is too long.

    As long as one of two always writes, there is no moment at which a log could begin anew: so
    for its last few pages writers wait. It is tried again next time if a long read is in the way.
    """
    with glance(engine) as connection:
        execute(connection, f"PRAGMA busy_timeout={_WAIT_MS}")
        try:
            _, pages, _ = execute(connection, "PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages >= most_pages:
                execute(connection, "PRAGMA wal_checkpoint(FULL)").fetchone()
        finally:
            execute(connection, f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
