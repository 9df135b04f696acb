"""Processes for flows: one for each flow of a user profile, a warm one in store, none at rest.

One thread starts them, looks after those that work, and ends those that nobody asks any more; it
sleeps as long as there are none.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
import time
import uuid
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from ..config import Config
from ..control.hiding import hidden_from_code
from ..wire.errors import ApiError, ResourceLimitExceeded
from .process import LOCK, FlowProcess

log = logging.getLogger(__name__)

LOOK_S = 0.5
GRACE_S = 5.0
START_S = 120.0

#: Whose flow, by the user profile's account and the client's name for it.
Key = tuple[str, str]


@dataclass
class _Wish:
    """A process that somebody waits for."""

    future: Future[FlowProcess] = field(default_factory=Future)


class Pool:
    """Gives processes; thread-safe."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._root = config.flows_dir / "processes"
        self._changed = threading.Condition()
        self._sessions: dict[Key, FlowProcess] = {}
        #: Those that are being started for a flow.
        self._starting: dict[Key, _Wish] = {}
        self._spare: FlowProcess | None = None
        self._wishes: deque[_Wish] = deque()
        self._thread: threading.Thread | None = None
        self._stopping = False
        #: Until then a process is kept in store.
        self._wanted_until = 0.0

    def any(self) -> FlowProcess:
        """Some process, for a question about no flow. Waits for one to start."""
        with self._changed:
            self._want()
            if self._spare is not None and self._spare.alive:
                return self._spare
            wish = self._wish()
        process = wish.future.result(START_S)
        with self._changed:
            if self._spare is None or not self._spare.alive:
                self._spare = process
        return self._spare

    def of(self, account: str, flow: str) -> FlowProcess:
        """The process of a flow; a fresh one where there is none. Waits for one to start.

        Raises ResourceLimitExceeded where all that there may be are busy.
        """
        key = (account, flow)
        with self._changed:
            self._want()
            found = self._sessions.get(key)
            if found is not None and found.alive:
                return found
            wish = self._starting.get(key)
            if wish is None:
                self._make_room(account)
                if self._spare is not None and self._spare.alive:
                    process, self._spare = self._spare, None
                    self._sessions[key] = process
                    self._changed.notify()
                    return process
                wish = self._starting[key] = self._wish()
        try:
            process = wish.future.result(START_S)
        except BaseException:
            with self._changed:
                self._starting.pop(key, None)
            raise
        with self._changed:
            # The first of those that wait for it enters it.
            if self._starting.get(key) is wish:
                del self._starting[key]
                self._sessions[key] = process
            return process

    def close(self, account: str, flow: str) -> None:
        """Let go of a flow's process."""
        with self._changed:
            found = self._sessions.pop((account, flow), None)
        if found is not None:
            found.kill()

    def processes(self) -> dict[Key, int]:
        """Whose flows have which processes, by id."""
        with self._changed:
            return {key: each.pid for key, each in self._sessions.items() if each.alive}

    def busy(self) -> None:
        """Say that a question was put: from now on the processes are looked after."""
        with self._changed:
            self._changed.notify()

    def stop(self) -> None:
        """End all of them, and the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=30)

    # -- inside, with the condition held ------------------------------------------------------

    def _want(self) -> None:
        if self._stopping:
            raise ApiError("ServiceUnavailable", "Studio is ending.", 503)
        self._wanted_until = time.monotonic() + self._config.flow_idle_s
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="studio-flows", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _wish(self) -> _Wish:
        wish = _Wish()
        self._wishes.append(wish)
        self._changed.notify()
        return wish

    def _make_room(self, account: str) -> None:
        """End the process that was idle for longest where there are too many; of the caller's own

        first, so that one who opens many flows disturbs nobody.
        """
        self._sessions = {key: each for key, each in self._sessions.items() if each.alive}
        most = self._config.flow_processes
        while len(self._sessions) + len(self._starting) >= most:
            idle = [key for key, each in self._sessions.items() if not each.busy]
            if not idle:
                text = f"{most} flows are being worked on, as many as may be at once"
                raise ResourceLimitExceeded(f"{text}: try again later, or close one.")
            oldest = min(idle, key=lambda key: (key[0] != account, self._sessions[key].used))
            self._sessions.pop(oldest).kill()

    # -- the thread ---------------------------------------------------------------------------

    def _keep(self) -> None:
        try:
            self._sweep()
            while self._step():
                pass
        finally:
            with self._changed:
                left = [*self._sessions.values(), *([self._spare] if self._spare else [])]
                self._sessions, self._spare = {}, None
            for each in left:
                each.kill(ApiError("ServiceUnavailable", "Studio is ending.", 503))
            for each in left:
                each.wait()

    def _step(self) -> bool:
        with self._changed:
            if self._stopping:
                return False
            wish = self._wishes.popleft() if self._wishes else None
            now = time.monotonic()
            spare = self._spare is None and wish is None and now < self._wanted_until
            if wish is None and not spare:
                self._changed.wait(self._pause(now))
        if wish is not None:
            self._fulfil(wish)
        elif spare:
            self._stock()
        self._look()
        return True

    def _pause(self, now: float) -> float | None:
        """Until when there is nothing to be done; None: until something is."""
        alive = [*self._sessions.values(), *([self._spare] if self._spare else [])]
        if any(each.busy for each in alive):
            return LOOK_S
        ends = [each.used + self._config.flow_idle_s for each in self._sessions.values()]
        if self._spare is not None:
            ends.append(self._wanted_until)
        return max(min(ends) - now, LOOK_S) if ends else None

    def _start(self) -> FlowProcess:
        config = self._config
        hidden = hidden_from_code(config)
        number, memory = uuid.uuid4().hex[:16], config.flow_memory_bytes
        return FlowProcess.start(self._root, number, memory, config.logs_dir, hidden)

    def _fulfil(self, wish: _Wish) -> None:
        try:
            wish.future.set_result(self._start())
        except OSError as error:
            log.exception("no process for a flow can be started")
            text = f"No process for the flow can be started: {error.strerror}."
            wish.future.set_exception(ApiError("ServiceUnavailable", text, 503))

    def _stock(self) -> None:
        try:
            process = self._start()
        except OSError:
            log.exception("no process for a flow can be started")
            with self._changed:
                self._wanted_until = 0.0
            return
        with self._changed:
            if self._spare is None:
                self._spare = process
                return
        process.kill()

    def _look(self) -> None:
        now, config = time.monotonic(), self._config
        with self._changed:
            for key, each in list(self._sessions.items()):
                idle = not each.busy and now > each.used + config.flow_idle_s
                if idle or not each.alive:
                    del self._sessions[key]
                    each.kill()
            if self._spare is not None and (now > self._wanted_until or not self._spare.alive):
                self._spare.kill()
                self._spare = None
            watched = [*self._sessions.values(), *([self._spare] if self._spare else [])]
        for each in watched:
            each.look(now, config.flow_memory_bytes, GRACE_S)

    def _sweep(self) -> None:
        """Remove what processes left that were killed with their control plane."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in self._root.iterdir():
            if not _is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        # Just being made by another control plane, or being removed.
        return time.time() - folder.stat().st_mtime < START_S if folder.exists() else True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
