"""Killing a piece of work at each of its steps in turn: what a random moment may never hit.

A step is whatever leaves a trace on the disk: a file opened for writing, written, cut, named or
removed, a process started, a transaction committed. The work runs in a forked child, which kills
itself just before step ``n``; with n = 1, 2, 3... until the work is done before step n comes.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_TRACES = {
    "os.chmod",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "subprocess.Popen",
}


class Steps:
    """Counts the steps of this process below a folder, and ends it at one of them."""

    def __init__(self, folder: Path, deadly: int) -> None:
        self._folder = str(folder)
        self._deadly = deadly
        self._count = 0

    def install(self) -> None:
        """From now on; there is no way back, so do it in a child."""
        sys.addaudithook(self._audit)
        os.write = self._before(os.write)  # of which no audit event tells

    def _before(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def step(descriptor: int, data: Any) -> int:
            if self._is_ours(descriptor):
                self.step()
            return write(descriptor, data)

        return step

    def _is_ours(self, file: Any) -> bool:
        if isinstance(file, int):
            file = os.readlink(f"/proc/self/fd/{file}")
        return str(file).startswith(self._folder)

    def step(self, *_: Any) -> None:
        """One more; to be called before a commit, which no audit event tells of."""
        self._count += 1
        if self._count == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            if flags & _WRITING and self._is_ours(path):
                self.step()
        elif event in _TRACES and (
            self._folder in str(arguments) or (arguments and self._is_ours(arguments[0]))
        ):
            self.step()


def killed(work: Callable[[Steps], None], folder: Path, deadly: int) -> bool:
    """Do a piece of work in a child that dies before its step ``deadly``; False once it has fewer.

    The work installs the steps it is given when they are to count.

    AssertionError if the work fails by itself.
    """
    child = os.fork()
    if child == 0:
        try:
            work(Steps(folder, deadly))
            os._exit(0)
        except BaseException as error:
            print(f"the work failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed by itself"
    return False
