"""Doing to a running Studio what a plan says, and undoing it in time."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable

from studio_process import free_port

from tests.faults.backing import CannotHold, Postgresql, Sqlite
from tests.faults.disk import Disk
from tests.faults.history import History, Injected
from tests.faults.plan import Fault, Plan
from tests.faults.server import Server
from tests.faults.targets import Process, by_role, of_home

#: How long to wait for a process of the role that is to be hit.
TARGET_S = 6.0


class Injector:
    """Carries out one plan; faults that last overlap with those that follow."""

    def __init__(
        self, server: Server, database: Sqlite | Postgresql, disk: Disk | None, history: History
    ) -> None:
        self._server = server
        self._database = database
        self._disk = disk
        self._history = history
        self._pending: list[threading.Thread] = []
        self._server_lock = threading.Lock()
        self._disk_lock = threading.Lock()
        self._database_lock = threading.Lock()
        self._do: dict[str, Callable[[Fault], Injected | None]] = {
            "kill": self._kill,
            "pause": self._pause,
            "freeze": self._freeze,
            "fill": self._fill,
            "busy": self._busy,
            "power": self._power,
            "rival": self._rival,
            "crash": self._crash,
            "cut": self._cut,
        }

    def run(self, plan: Plan) -> None:
        """Every fault of the plan; returns when the last one is over and the server is up."""
        for fault in plan.faults:
            time.sleep(fault.after)
            self._one(fault)
        for thread in list(self._pending):
            thread.join()

    def _one(self, fault: Fault) -> None:
        if self._server.ended_by_itself():
            self._history.notes.append(f"the server ended by itself before {fault.label}")
            self._restart(0.0, None)
        done = self._do[fault.kind](fault)
        if done is None:
            self._history.notes.append(f"missed: {fault.label}")
        else:
            self._history.faults.append(done)

    # what hits a process

    def _kill(self, fault: Fault) -> Injected | None:
        if fault.target == "server":
            return self._kill_server(fault)
        return self._send(fault, signal.SIGKILL)

    def _kill_server(self, fault: Fault) -> Injected | None:
        if not self._server.up.wait(120):
            return None
        done = _hit(fault, Process(self._server.pid, "server"))
        with self._server_lock:
            self._server.kill()
        self._later(0.0, lambda: self._restart(fault.seconds, done))
        return done

    def _restart(self, seconds: float, done: Injected | None) -> None:
        with self._server_lock:
            time.sleep(seconds)
            if not self._server.up.is_set() or self._server.ended_by_itself():
                self._server.start()
        if done is not None:
            done.until = time.time()

    def _pause(self, fault: Fault) -> Injected | None:
        done = self._send(fault, signal.SIGSTOP)
        if done is None:
            return None

        def go_on() -> None:
            _signal(done.pid, signal.SIGCONT)
            done.until = time.time()

        self._later(fault.seconds, go_on)
        return done

    def _freeze(self, fault: Fault) -> Injected | None:
        return self._send(fault, signal.SIGSTOP)

    def _send(self, fault: Fault, number: int) -> Injected | None:
        victim = self._victim(fault)
        if victim is None:
            return None
        done = _hit(fault, victim)  # before: what fails from now on is excused
        hit = _signal(victim.pid, number)
        done.done = time.time()
        return done if hit else None

    def _victim(self, fault: Fault) -> Process | None:
        end = time.monotonic() + TARGET_S
        while time.monotonic() < end:
            found = by_role(self._server.home, fault.target)
            if fault.target == "server":  # not a rival
                found = [p for p in found if self._server.up.is_set() and p.pid == self._server.pid]
            if found:
                return found[int(fault.pick * len(found))]
            time.sleep(0.1)
        return None

    def _power(self, fault: Fault) -> Injected | None:
        """As far as processes go: what is in the page cache stays."""
        done = Injected(fault.label, time.time(), time.time())
        with self._server_lock:
            self._server.up.clear()
            while found := of_home(self._server.home):
                for process in found:
                    _signal(process.pid, signal.SIGKILL)
            self._server.kill()
        done.done = done.until = time.time()
        self._later(0.0, lambda: self._restart(fault.seconds, done))
        return done

    def _rival(self, fault: Fault) -> Injected | None:
        """A second server on the home; what it has begun when it is killed is the first one's."""
        process = self._server.spawn(free_port())
        done = Injected(fault.label, time.time(), time.time(), "rival", pid=process.pid)

        def end() -> None:
            process.kill()
            process.wait()
            done.until = time.time()

        self._later(2.0 + fault.seconds, end)
        return done

    # what hits files

    def _fill(self, fault: Fault) -> Injected | None:
        if self._disk is None or not self._disk_lock.acquire(timeout=30):
            return None
        disk = self._disk
        done = Injected(fault.label, time.time(), time.time() + fault.seconds)
        disk.fill()

        def free() -> None:
            disk.free()
            done.until = time.time()
            self._disk_lock.release()

        self._later(fault.seconds, free)
        return done

    def _busy(self, fault: Fault) -> Injected | None:
        try:
            let_go = self._database.hold(readers=fault.pick < 0.5)
        except CannotHold:
            return None
        done = Injected(fault.label, time.time(), time.time() + fault.seconds)
        self._later(fault.seconds, let_go)
        return done

    # what hits a database's server

    def _crash(self, fault: Fault) -> Injected | None:
        database = self._database
        if not isinstance(database, Postgresql) or not self._database_lock.acquire(timeout=30):
            return None
        done = Injected(fault.label, time.time(), float("inf"))
        database.stop()

        def start() -> None:
            database.start()
            done.until = time.time()
            self._database_lock.release()

        self._later(fault.seconds, start)
        return done

    def _cut(self, fault: Fault) -> Injected | None:
        done = Injected(fault.label, time.time(), time.time())
        if not isinstance(self._database, Postgresql) or not self._database.cut():
            return None
        done.until = time.time()
        return done

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def run() -> None:
            time.sleep(seconds)
            try:
                action()
            except Exception as error:
                self._history.notes.append(f"undoing a fault failed: {error!r}")
                raise

        thread = threading.Thread(target=run, name="undo", daemon=True)
        thread.start()
        self._pending.append(thread)


def _hit(fault: Fault, process: Process) -> Injected:
    now = time.time()
    return Injected(fault.label, now, now, process.role, process.job, process.pid)


def _signal(pid: int, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
