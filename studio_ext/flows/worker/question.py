"""One question that the process works on, and how it is ended before its answer."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...wrangler.errors import WranglerError

if TYPE_CHECKING:
    import duckdb

AGAIN_S = 0.05


class Canceled(Exception):
    """Whoever asked wants no answer any more."""


class Question:
    """``params`` are the operation's; ``find`` and ``tell`` ask and tell the control plane."""

    def __init__(
        self,
        params: Mapping[str, Any],
        find: Callable[[str, str], Any],
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.params = params
        self.find = find
        self.tell = tell
        self._canceled = threading.Event()
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._running: tuple[duckdb.DuckDBPyConnection, int] | None = None

    def check(self) -> None:
        """Raise Canceled where it is."""
        if self._canceled.is_set():
            raise Canceled

    @contextlib.contextmanager
    def on(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Work on a connection, alone: it is interrupted when the question is canceled."""
        self.check()
        with self._guard:
            self._running = connection, threading.get_native_id()
        try:
            yield
        except WranglerError:
            self.check()
            raise
        finally:
            with self._guard:
                self._running = None

    def cancel(self) -> None:
        """Interrupt it, as often as it takes: between two queries there is nothing to be ended."""
        if not self._canceled.is_set():
            self._canceled.set()
            threading.Thread(target=self._interrupt, daemon=True).start()

    def end(self) -> None:
        """It is answered."""
        self._ended.set()

    def _interrupt(self) -> None:
        while not self._ended.is_set():
            with self._guard:
                if self._running is not None:
                    connection, thread = self._running
                    connection.interrupt()
                    _kill_children(thread)
            self._ended.wait(AGAIN_S)


def _kill_children(thread: int) -> None:
    """End what a thread has started: the processes of a step's own Python."""
    with contextlib.suppress(OSError):  # no Linux, or the thread is through
        text = Path(f"/proc/self/task/{thread}/children").read_text()
        for child in text.split():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(child), signal.SIGKILL)
