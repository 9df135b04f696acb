"""What runs in a step's own process; started by :mod:`..process`, which says how they talk.

It imports nothing of Studio's, so that it starts fast. The modes are modules here, each with
``run(code, header, source, target)``: ``frame`` (pandas), ``function`` (one column), ``spark``.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import warnings
from typing import IO, Any

from .code import Code, report

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the program that standard input names, on the Arrow stream that follows there."""
    output, told, parent, memory = (int(each) for each in sys.argv[2:6])
    _bind(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Memory of its own (also mapped), not addresses, of which libraries reserve plenty.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    source = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for each in (output, told):
        # Processes that the code starts and leaves behind do not keep the pipes open.
        os.set_inheritable(each, False)
    del sys.path[0], sys.argv[1:]
    for old in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        # A flow is as it is: who reads what it prints cannot mend them.
        warnings.simplefilter("ignore", old)
    state = _run(source, os.fdopen(output, "wb"))
    sys.stdout.flush()
    sys.stderr.flush()
    with os.fdopen(told, "w") as pipe:
        json.dump(state, pipe)
    # Threads of the code's do not keep the step waiting.
    os._exit(0)


def _bind(parent: int) -> None:
    """End with the thread of the parent that started this process."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _run(source: IO[bytes], target: IO[bytes]) -> dict[str, Any]:
    header = json.loads(source.readline())
    code = Code(header["code"])
    try:
        importlib.import_module(f".{header['mode']}", __name__).run(code, header, source, target)
        target.close()
    except BaseException as error:
        return report(error, code)
    return {"state": "done"}
