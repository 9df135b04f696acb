"""What a process gives up before it runs code that is not Studio's own.

Root's capabilities, with which it could take covers of folders away; the sight of other processes'
memory, environment and files; and signals to them. Only what is started anew (``execve``) has lost
the capabilities: do it last before that.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys

from studio_ext.run import namespace
from studio_ext.run.namespace import call

PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 24, 28, 38
# Root's id gives no capability, nothing raises one, and both stay so (linux/securebits.h).
SECUREBITS = 1 << 0 | 1 << 1 | 1 << 6 | 1 << 7
# linux/landlock.h; the numbers of its system calls are the same on all of Python's machines.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
_SCOPE_SIGNAL = 1 << 1
#: The interface that knows of signals, Linux 6.12's.
_KNOWS_SIGNALS = 6


def confine() -> None:
    """Let what this single-threaded process executes see and signal itself and its descendants.

    As far as the platform goes: :func:`missing` tells. Root gets a user namespace of its own;
    another user is in one already, where its view of the file system is its own.
    """
    if not sys.platform.startswith("linux"):
        return
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            namespace.apart()
    give_up()


def give_up() -> None:
    """Give up capabilities, what setuid programs would give, and signals to others' processes."""
    if not sys.platform.startswith("linux"):
        return
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _keep_signals()
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # a container's root, who has no say in this
            call("prctl", PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0)
            # As many as this kernel knows: the next one is refused.
            for capability in range(64):
                call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)


def missing() -> list[str]:
    """What this platform does not keep from code that :func:`confine` was called for, in words."""
    found = []
    child = os.fork()
    if child == 0:
        try:
            namespace.apart()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        found.append("looking into each other's processes (user namespaces are forbidden)")
    if not keeps_signals():
        found.append("signals to each other's processes (they need Landlock of Linux 6.12)")
    return found


def keeps_signals() -> bool:
    """Whether this kernel can confine signals: Landlock of Linux 6.12 or later."""
    return sys.platform.startswith("linux") and _syscall(_CREATE_RULESET, None, 0, _VERSION) >= (
        _KNOWS_SIGNALS
    )


def _keep_signals() -> None:
    if not keeps_signals():
        return
    rules = struct.pack("@QQQ", 0, 0, _SCOPE_SIGNAL)  # files and network: as they were
    descriptor = _syscall(_CREATE_RULESET, rules, len(rules), 0)
    if descriptor >= 0:
        try:
            _syscall(_RESTRICT_SELF, descriptor, 0)
        finally:
            os.close(descriptor)


def _syscall(number: int, *arguments: object) -> int:
    """Its result; negative where it failed."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    passed = [ctypes.c_size_t(each) if isinstance(each, int) else each for each in arguments]
    return int(libc.syscall(ctypes.c_long(number), *passed))
