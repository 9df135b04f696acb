"""Wakes controllers until nothing is left to do.

Level-triggered: a controller looks at what is, takes one step and says when to look again. A lease
in the database keeps two control planes off one resource, and lets one take over from another
that was killed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil

from .world import World

log = logging.getLogger(__name__)

LEASE_S = 120.0
POLL_S = 0.25
RETRY_S = 5.0
WORKERS = 8


class Reconciler:
    """Runs the controllers of all kinds on threads of this process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._holder = holder_name()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="studio-controller")
        self._thread = threading.Thread(target=self._loop, name="studio-reconciler", daemon=True)
        world.notify = self._wake.set

    def start(self) -> None:
        """Begin; takes over at once what a dead process of this machine had leased."""
        self._world.store.resources.release_dead(_is_dead)
        self._thread.start()

    def stop(self) -> None:
        """Let controllers finish the step they are at, and give their leases back."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                claimed = self._world.store.resources.claim(self._holder, LEASE_S)
            except Exception:
                log.exception("the reconciler could not read what is due")
                claimed = []
                self._stopping.wait(RETRY_S)
            for resource_id in claimed:
                self._pool.submit(self._run, resource_id)
            if not claimed:
                self._wake.wait(POLL_S)
            self._wake.clear()

    def _run(self, resource_id: int) -> None:
        try:
            delay = self._step(resource_id)
        except Exception:
            log.exception("the controller of resource %d failed", resource_id)
            delay = RETRY_S
        wake_at = time.time() + delay if delay is not None else None
        try:
            self._world.store.resources.release(resource_id, self._holder, wake_at)
        except Exception:
            # The lease runs out by itself, and then the resource is due again.
            log.exception("the lease of resource %d could not be given back", resource_id)

    def _step(self, resource_id: int) -> float | None:
        resource = self._world.store.resources.by_id(resource_id)
        if resource is None:
            return None
        kind = self._world.kinds.get(resource.kind)
        if kind is None or kind.reconcile is None:
            return None
        return kind.reconcile(self._world, resource_id)


def holder_name() -> str:
    """A name for this process among all that ever ran: host, process id, start time."""
    process = psutil.Process()
    return f"{socket.gethostname()[:30]}:{process.pid}:{process.create_time():.2f}"


def _is_dead(holder: str) -> bool:
    host, pid, started = holder.rsplit(":", 2)
    if host != socket.gethostname()[:30]:
        return False
    if int(pid) == os.getpid():
        return holder != holder_name()
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True
