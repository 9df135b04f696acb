"""Wakes controllers until nothing is left to do.

Level-triggered: a controller looks at what is, takes one step and says when to look again. A lease
in the database keeps two control planes off one resource, and lets one take over from another
that was killed.
"""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil

from ..seen import context
from ..seen.tally import Tally
from . import admission
from .world import World

log = logging.getLogger(__name__)

LEASE_S = 120.0
#: Seconds between looks for what other processes have made due.
POLL_S = 0.5
#: Seconds between looks at what another control plane is just taking.
TAKEN_S = 0.02
RETRY_S = 5.0
UPKEEP_S = 10.0
WORKERS = 8
#: How far the computed start of one process may differ when the clock is set.
CLOCK_S = 10.0


class Reconciler:
    """Runs the controllers of all kinds on threads of this process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._leases = world.store.leases
        self._holder = holder_name()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._running: set[int] = set()
        self._next_upkeep = 0.0
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="studio-controller")
        self._thread = threading.Thread(target=self._loop, name="studio-reconciler", daemon=True)
        self.steps = Tally()  # by kind and outcome
        self.durations = Tally()  # by kind
        world.notify = self._wake.set

    def start(self) -> None:
        """Begin; takes over at once what a dead process of this machine had leased."""
        self._thread.start()

    def stop(self) -> None:
        """Let controllers finish the step they are at, and give their leases back."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._pool.shutdown(wait=True)

    @property
    def held(self) -> int:
        """How many resources this process holds leases on."""
        return len(self._running)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._upkeep()
                rest = 0.0 if self._claim() else self._rest()
            except Exception:
                log.exception("the reconciler could not read what is due")
                self._next_upkeep = 0.0  # what was going on meanwhile may be lost
                self._stopping.wait(RETRY_S)
                continue
            if rest:
                self._wake.wait(rest)

    def _upkeep(self) -> None:
        """Prolong our leases, and take those of dead processes."""
        if time.monotonic() < self._next_upkeep:
            return
        self._next_upkeep = time.monotonic() + UPKEEP_S
        self._leases.release_lost(self._holder, self._running)
        if running := list(self._running):
            self._leases.renew(running, self._holder, LEASE_S)
        self._leases.release_dead(is_dead)
        self._world.alone = not self._leases.beat(self._world.config.home)
        admission.wake_next(self._world)  # should whoever ended last have been killed before it

    def _claim(self) -> bool:
        """Start what is due and finds a free thread; whether there was any."""
        room = WORKERS - len(self._running)
        claimed = self._leases.claim(self._holder, LEASE_S, room) if room else []
        for resource_id in claimed:
            self._running.add(resource_id)
            self._pool.submit(self._run, resource_id)
        return bool(claimed)

    def _rest(self) -> float:
        """Seconds until something is due, or may be."""
        longest = max(TAKEN_S, min(POLL_S, self._next_upkeep - time.monotonic()))
        if len(self._running) >= WORKERS:
            return longest  # or until one of them is done
        soonest = self._leases.due_in()
        return longest if soonest is None else min(longest, max(soonest, TAKEN_S))

    def _run(self, resource_id: int) -> None:
        try:
            delay = self._step(resource_id)
        except Exception:
            log.exception("resource %d could not be read", resource_id)
            delay = RETRY_S
        try:
            self._leases.release(resource_id, self._holder, delay)
        except Exception:
            # It is found among those that nobody works on, or it runs out by itself.
            log.exception("the lease of resource %d could not be given back", resource_id)
        finally:
            was_full = len(self._running) >= WORKERS
            self._running.discard(resource_id)
            if was_full or delay is not None:  # which may be sooner than the next look
                self._wake.set()

    def _step(self, resource_id: int) -> float | None:
        resource = self._world.store.resources.by_id(resource_id)
        if resource is None:
            return None
        kind = self._world.kinds.get(resource.kind)
        if kind is None or kind.reconcile is None:
            return None
        started = time.perf_counter()
        with context.acting(resource.state.get(context.KEY, "")):
            try:
                delay = kind.reconcile(self._world, resource_id)
                self.steps.count(kind.name, "done")
            except Exception:
                log.exception("the controller of %s %s failed", resource.kind, resource.name)
                delay = RETRY_S
                self.steps.count(kind.name, "failed")
        self.durations.time(kind.name, seconds=time.perf_counter() - started)
        return delay


def holder_name() -> str:
    """A name among all there ever were: host, process id, start time; and one in the process."""
    process = psutil.Process()
    started = f"{process.create_time():.2f}"
    return f"{socket.gethostname()[:30]}:{process.pid}:{started}:{secrets.token_hex(3)}"


def is_dead(holder: str) -> bool:
    """Whether a holder was a process of this machine that has ended."""
    host, pid, started = holder.split(":")[:3]
    if host != socket.gethostname()[:30]:
        return False
    try:
        process = psutil.Process(int(pid))
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(process.create_time() - float(started)) > CLOCK_S
    except psutil.NoSuchProcess:
        return True
