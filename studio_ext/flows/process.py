"""One process that works on flows, as the control plane has it."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..run import processes
from ..wire.errors import ApiError, InternalFailure, ResourceLimitExceeded, ValidationException
from .channel import Channel

log = logging.getLogger(__name__)

#: All that a process sees of this one's environment: no key, no address.
_PASSED = re.compile(r"PATH|HOME|LD_LIBRARY_PATH|LANG|LC_\w+|TZ|VIRTUAL_ENV|COVERAGE_\w+")
LOCK = "lock"

#: What a source needs (see ``sources.Sources.find``), its name, a folder for links -> JSON.
Find = Callable[[str, str, Path], Any]


@dataclass
class Asked:
    """A question under way. ``deadline`` is of ``time.monotonic()``."""

    id: int
    deadline: float
    find: Find
    progress: Callable[[dict[str, Any]], None]
    future: Future[dict[str, Any]] = field(default_factory=Future)
    #: What the client is told instead of an answer, once it was ended; and since when.
    ended: ApiError | None = None
    since: float = 0.0


class FlowProcess:
    """Start one by :meth:`start`, on a thread that lives as long as it is to live."""

    def __init__(self, folder: Path, popen: subprocess.Popen[bytes], channel: Channel) -> None:
        self.folder = folder
        self.used = time.monotonic()
        self.ready = threading.Event()
        self._popen = popen
        self._channel = channel
        self._asked: dict[int, Asked] = {}
        self._count = 0
        self._guard = threading.Lock()
        self._why: ApiError | None = None
        self._over = False
        threading.Thread(target=self._listen, name="studio-flow", daemon=True).start()

    @classmethod
    def start(
        cls, root: Path, number: str, memory: int, logs: Path, hidden: Iterable[str]
    ) -> FlowProcess:
        """A fresh process with a folder of its own below ``root``; OSError where none starts.

        Code of users' own, which it runs, sees nothing of the folders ``hidden``.

        The kernel kills it when the thread that called this ends, and so with this process.
        """
        folder = root / number
        (folder / "tmp").mkdir(parents=True, mode=0o700)
        # Held by the process: whoever finds it free may remove the folder.
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours, theirs = socket.socketpair()
        environment = {k: v for k, v in os.environ.items() if _PASSED.fullmatch(k)}
        environment |= {"TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", f"{__package__}.worker"]
        command += [str(theirs.fileno()), str(memory), *hidden]
        output = os.open(logs / "flows.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            popen = processes.start(command, environment, folder, output, [theirs.fileno(), lock])
        except BaseException:
            ours.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            theirs.close()
            os.close(output)
            os.close(lock)
        return cls(folder, popen, Channel(ours.detach()))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._over

    @property
    def busy(self) -> bool:
        """Whether it works on something."""
        return bool(self._asked)

    def ask(
        self,
        do: str,
        params: dict[str, Any],
        seconds: float,
        find: Find,
        progress: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> Asked:
        """Put a question; its future has the answer, or the ApiError that came of it."""
        with self._guard:
            self._count += 1
            asked = Asked(self._count, time.monotonic() + seconds, find, progress)
            # From now on nobody but this process ends it.
            asked.future.set_running_or_notify_cancel()
            if self._over:
                asked.future.set_exception(self._gone())
                return asked
            self._asked[asked.id] = asked
        self.used = time.monotonic()
        try:
            self._channel.send({"id": asked.id, "do": do, "params": params})
        except OSError:
            log.debug("the flow's process %d ended before it was asked", self.pid)
        return asked

    def end(self, asked: Asked, why: ApiError) -> None:
        """Have a question end without an answer; its future gets ``why`` once it has."""
        if asked.ended is None:
            asked.ended, asked.since = why, time.monotonic()
        try:
            self._channel.send({"cancel": asked.id})
        except OSError:
            log.debug("the flow's process %d ended before the question did", self.pid)

    def look(self, now: float, memory: int, grace: float) -> None:
        """End what takes too long, and this process where it takes too much or will not end."""
        for asked in list(self._asked.values()):
            if asked.ended is None and now > asked.deadline:
                self.end(asked, ApiError("RequestTimeout", "The request took too long."))
            elif asked.ended is not None and now > asked.since + grace:
                self.kill(asked.ended)
        if self.busy and (used := processes.memory([self.pid], memory)) > memory:
            text = f"The flow's process used {used >> 20} MiB; it may have {memory >> 20} MiB."
            self.kill(ResourceLimitExceeded(f"{text} Work on a sample, or give flows more memory."))

    def kill(self, why: ApiError | None = None) -> None:
        """End it at once; whoever waits for an answer gets ``why``."""
        self._why = self._why or why
        processes.send(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Until it is gone, with its folder."""
        self._popen.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what it says -------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            while True:
                message, content = self._channel.receive()
                self._take(message, content)
        except (EOFError, OSError):
            log.debug("the flow's process %d has ended", self.pid)
        finally:
            with self._guard:
                self._over = True
                left, self._asked = list(self._asked.values()), {}
            self.kill()
            self.wait()
            self._channel.close()
            self.ready.set()
            for asked in left:
                asked.future.set_exception(asked.ended or self._gone())

    def _gone(self) -> ApiError:
        if self._why is not None:
            return self._why
        text = "The flow's process ended unexpectedly; the next request starts a fresh one."
        return ApiError("ServiceUnavailable", text, 503)

    def _take(self, message: dict[str, Any], content: bytes | None) -> None:
        if "ready" in message:
            self.ready.set()
            return
        asked = self._asked.get(message["id"])
        if "find" in message:
            threading.Thread(target=self._find, args=(message, asked), daemon=True).start()
        elif asked is None:
            log.debug("an answer to a question that nobody waits for: %s", message["id"])
        elif "progress" in message:
            asked.progress(message["progress"])
        else:
            with self._guard:
                self._asked.pop(asked.id, None)
            self.used = time.monotonic()
            if "answer" in message:
                answer = message["answer"]
                if content is not None:
                    (answer.get("Page") or answer)["Arrow"] = content
                asked.future.set_result(answer)
            else:
                asked.future.set_exception(asked.ended or _error(message["error"]))

    def _find(self, message: dict[str, Any], asked: Asked | None) -> None:
        told: dict[str, Any] = {"answers": message["find"]}
        try:
            if asked is None:
                raise ValidationException("The question was answered before.")
            told["found"] = asked.find(message["what"], message["name"], self.folder)
        except ApiError as error:
            told |= {"code": error.code, "error": error.message}
        except OSError as error:
            told |= {"code": "InvalidData", "error": f"{message['name']}: {error.strerror}"}
        except Exception as error:
            # Whatever it was, the process waits for an answer.
            log.exception("what a flow's source needs cannot be found")
            told |= {"code": "Internal", "error": str(error)}
        try:
            self._channel.send(told)
        except OSError:
            log.debug("the flow's process %d ended while it asked", self.pid)


def _error(told: dict[str, Any]) -> ApiError:
    """What went wrong in the process as the API tells it."""
    code, text = told["code"], told["message"]
    if code == "Memory":
        return ResourceLimitExceeded(text)
    if code == "Internal":
        log.error("a flow's process failed: %s", text)
        return InternalFailure()
    fields = {"Reason": code, "NodeId": told.get("node"), "Field": told.get("field")}
    known = {name: value for name, value in fields.items() if value}
    status = 403 if code == "AccessDeniedException" else 400
    name = code if code.endswith("Exception") else "ValidationException"
    return ApiError(name, text, status, fields=known)
