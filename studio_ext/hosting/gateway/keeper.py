"""Keeps a home's gateway running: one that ends is replaced at once, one that hangs soon, one of
another version when its requests are answered."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import threading
import time
from collections.abc import Iterator

from ... import __version__
from ...config import Config
from ...run import processes
from . import client, listening

log = logging.getLogger(__name__)

LOOK_S = 1.0
ASK_S = 3.0
START_S = 10.0
RETRY_S = 1.0
#: Nor does one that starts on the busiest machine take so long.
NEVER_S = 180.0
#: For longer than that it waits for nobody.
DRAIN_S = 75.0
#: A gateway that has not answered for so long is killed.
SILENT_S = 30.0
#: When so many could not start, one after the other, clients are not made to wait for the next.
MOST_FAILED = 3


class Keeper:
    """A thread that watches the gateway."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stopping = threading.Event()
        self._reader, self._writer = os.pipe()
        self._thread = threading.Thread(target=self._loop, name="studio-gateway", daemon=True)

    def start(self) -> None:
        """Begin to watch; starts the gateway if there is none."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer; the gateway goes on."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        os.write(self._writer, b"x")
        if self._thread.ident is not None:
            self._thread.join(timeout=10)
        listening.release(self._config)
        if not self._thread.is_alive():  # else it waits for a gateway that is just starting
            os.close(self._writer)
            os.close(self._reader)

    def _loop(self) -> None:
        began: float | None = None  # when a gateway that is not up yet was first waited for
        failed = 0  # gateways one after the other that could not start
        while not self._stopping.is_set():
            try:
                gateway = client.ensure(self._config, START_S)
                began, failed = None, 0
                if gateway.is_current:
                    self._watch(gateway)
                else:
                    self._renew(gateway)
            except TimeoutError:
                began = began or time.monotonic()
                self._urge(time.monotonic() - began)
            except Exception:
                log.exception("the gateway cannot be kept running")
                failed += 1
                if failed >= MOST_FAILED:
                    listening.release(self._config)
                self._stopping.wait(RETRY_S)

    def _urge(self, waited_s: float) -> None:
        """Let go on a gateway that was stopped while it started; kill one that never will."""
        pid = client.starting(self._config)
        if pid is None:
            return
        if processes.is_stopped(pid):
            processes.send(pid, signal.SIGCONT)
        elif waited_s > NEVER_S:
            log.error("the gateway did not start in %.0f s; another one is tried", waited_s)
            processes.send(pid, signal.SIGKILL)

    def _renew(self, gateway: client.GatewayInfo) -> None:
        """End a gateway of another version, which answers what it has been asked before.

        Returns when it takes no more requests; who connects meanwhile waits for the next one.
        """
        text = "the gateway is of version %s, this is %s; it is replaced"
        log.warning(text, gateway.version or "unknown", __version__)
        listening.hold(self._config, gateway.port)
        processes.send(gateway.pid, signal.SIGTERM)
        threading.Thread(target=_see_off, args=[gateway.pid], daemon=True).start()
        with _end_of(gateway.pid) as ended:
            while not self._stopping.is_set() and not self._is_over(gateway, ended):
                pass

    def _watch(self, gateway: client.GatewayInfo) -> None:
        """Return when it has ended, or when it was killed because it did not answer."""
        heard = asked = time.monotonic()
        listening.hold(self._config, gateway.port)
        with _end_of(gateway.pid) as ended:
            while not self._stopping.is_set() and not self._is_over(gateway, ended):
                now = time.monotonic()
                if processes.is_stopped(gateway.pid):
                    log.warning("the gateway was stopped by a signal; it is let go on")
                    processes.send(gateway.pid, signal.SIGCONT)
                    heard = now
                elif now - asked >= ASK_S:
                    asked = now
                    heard = now if client.answers(self._config, gateway.port) else heard
                else:
                    listening.hold(self._config, gateway.port)
                if now - heard > SILENT_S:
                    log.error("the gateway has not answered for %g s; it is replaced", SILENT_S)
                    processes.send(gateway.pid, signal.SIGKILL)
                    return

    def _is_over(self, gateway: client.GatewayInfo, ended: int | None) -> bool:
        """Wait a moment for its end; whether it is over, or it has given its place back."""
        waited_for = [self._reader] if ended is None else [self._reader, ended]
        if ended in select.select(waited_for, [], [], LOOK_S)[0]:
            return True
        found = client.info(self._config)
        return found is None or found.pid != gateway.pid


def _see_off(pid: int) -> None:
    """Have a gateway end that was told to, whatever keeps it."""
    until = time.monotonic() + DRAIN_S
    with _end_of(pid) as ended:
        while ended is not None and not select.select([ended], [], [], LOOK_S)[0]:
            if time.monotonic() > until:
                processes.send(pid, signal.SIGKILL)
            elif processes.is_stopped(pid):
                processes.send(pid, signal.SIGCONT)


@contextlib.contextmanager
def _end_of(pid: int) -> Iterator[int | None]:
    """A descriptor that can be read once a process has ended; None where there are no such."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # macOS, a sandbox; or it has ended
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
