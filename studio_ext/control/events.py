"""Tells listeners of changes, whichever process made them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..store import Store
from ..store.resources import Event

log = logging.getLogger(__name__)

POLL_S = 0.5


class EventFeed:
    """Follows the event log and calls a listener for each change, from a thread of its own."""

    def __init__(self, store: Store, listener: Callable[[Event], None]) -> None:
        self._store = store
        self._listener = listener
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="studio-events", daemon=True)

    def start(self) -> None:
        """Begin with changes from now on."""
        self._last = self._store.resources.last_event()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.wait(POLL_S):
            try:
                events = self._store.resources.events_after(self._last)
            except Exception:
                log.exception("the event log could not be read")
                continue
            for event in events:
                self._last = event.id
                self._listener(event)
