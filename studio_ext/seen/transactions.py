"""How long database transactions take, from the wait for the lock to the commit."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, event

from .tally import Tally

_BEGUN = "studio_begun"


def watch(engine: Engine) -> Tally:
    """Time every transaction of an engine from now on, by mode: ``read`` or ``write``."""
    tally = Tally()

    def begin(connection: Connection) -> None:
        connection.info[_BEGUN] = time.perf_counter()

    def end(connection: Connection) -> None:
        begun = connection.info.pop(_BEGUN, None)
        if begun is not None:
            mode = _mode(connection.get_execution_options())
            tally.time(mode, seconds=time.perf_counter() - begun)

    # First of all: on SQLite the lock is waited for in a listener of ours.
    event.listen(engine, "begin", begin, insert=True)
    event.listen(engine, "commit", end)
    event.listen(engine, "rollback", end)
    return tally


def _mode(options: Any) -> str:
    reads = ("read_only", "one_statement", "postgresql_readonly")
    return "read" if any(options.get(name) for name in reads) else "write"
