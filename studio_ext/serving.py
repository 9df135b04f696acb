"""The control plane by itself, without JupyterLab: ``studio serve``.

Apart from :mod:`.app`, since to import Jupyter's server takes longer than to start Studio.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading

from .config import Config
from .plane import ControlPlane
from .seen import logs

#: Objects that may be made before cycles among them are looked for, and how often older ones are
#: looked at with them (by ``gc.set_threshold``; by default 700, of which a few calls make as many).
_GARBAGE = (10_000, 10, 10)


def serve(config: Config) -> None:
    """Run the control plane in the foreground until SIGTERM or SIGINT."""
    gc.disable()  # until what stays has been made
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    plane = ControlPlane(config)
    console = logs.to_console()
    plane.start()
    _settle()
    print(f"Studio serves {plane.url}  (home {config.home})", file=sys.stderr, flush=True)
    print(f'In a shell: eval "$(studio env --home {config.home})"', file=sys.stderr, flush=True)
    # A signal may reach another thread, and then does not end a wait without a limit.
    while not ended.wait(0.5):
        pass
    plane.stop()
    logs.end(console)


def _settle() -> None:
    """Have Python's search for cycles pass over what was made at the start, for good.

    Most of it is models and tables: a look at all took 70 ms, in which nothing is answered.
    """
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    gc.enable()
