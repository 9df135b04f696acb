"""SIGTERM ends the program at once, whatever the engine is doing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

TERMINATED = 128 + signal.SIGTERM


def on_stop(say: Callable[[], None]) -> None:
    """Call ``say`` at SIGTERM, then exit.

    Python's own handlers wait for the engine's call to return. Every file that others see came into
    its place whole, so nothing has to be put in order first.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)

    def wait() -> None:
        while signal.SIGTERM not in os.read(reader, 1):
            pass
        try:
            say()
        finally:
            os._exit(TERMINATED)

    threading.Thread(target=wait, name="stop", daemon=True).start()
