"""The control plane by itself, without JupyterLab: ``studio serve``.

Apart from :mod:`.app`, since to import Jupyter's server takes longer than to start Studio.
"""

from __future__ import annotations

import signal
import sys
import threading

from .config import Config
from .plane import ControlPlane
from .seen import logs


def serve(config: Config) -> None:
    """Run the control plane in the foreground until SIGTERM or SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    plane = ControlPlane(config)
    console = logs.to_console()
    plane.start()
    print(f"Studio serves {plane.url}  (home {config.home})", file=sys.stderr, flush=True)
    print(f'In a shell: eval "$(studio env --home {config.home})"', file=sys.stderr, flush=True)
    # A signal may reach another thread, and then does not end a wait without a limit.
    while not ended.wait(0.5):
        pass
    plane.stop()
    logs.end(console)
