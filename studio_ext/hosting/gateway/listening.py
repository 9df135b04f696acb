"""The gateway's listening socket, which outlives it: who connects while none runs waits.

A gateway that is killed takes its socket along, and until the next one listens, clients are
refused. So its keeper has a copy: it asks the gateway, which hands the descriptor over (SCM_RIGHTS,
unix(7)), and the next gateway inherits that. Connections made meanwhile stay in the backlog. The
gateway's own copy makes it as little dependent on its keeper.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator

from ...config import Config

log = logging.getLogger(__name__)

_NAME = "gateway.sock"
_TIMEOUT_S = 0.25  # one that takes longer, as one that was stopped does, is asked again
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # Linux has it

_held: dict[str, socket.socket] = {}  # of this process, by home
_guard = threading.Lock()


def hold(config: Config, port: int) -> None:
    """Have a copy of the socket of the gateway on ``port``.

    Without one, as of a gateway that hands none over, all goes on as it would by itself.
    """
    with _guard:
        held = _held.get(config.home)
        if held is not None and held.getsockname()[1] == port:
            return
        _drop(config)
        found = _ask(config)
        if found is None:
            return
        if found.getsockname() == (_address(config), port):
            _held[config.home] = found
        else:
            found.close()


def release(config: Config) -> None:
    """Hold the socket no longer: without a gateway, clients are refused."""
    with _guard:
        _drop(config)


@contextlib.contextmanager
def inheritable(config: Config) -> Iterator[tuple[int, ...]]:
    """The descriptor for a gateway that is about to start, if one is held: none or one."""
    with _guard:
        held = _held.get(config.home)
        copy = os.dup(held.fileno()) if held is not None else None
    try:
        yield () if copy is None else (copy,)
    finally:
        if copy is not None:
            os.close(copy)


def _drop(config: Config) -> None:
    held = _held.pop(config.home, None)
    if held is not None:
        held.close()


def _ask(config: Config) -> socket.socket | None:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_TIMEOUT_S)
        try:
            asking.connect(str(config.socket_dir / _NAME))
            _, given, _, _ = socket.recv_fds(asking, 1, 1, _CLOSE_ON_EXEC)
        except OSError:
            return None
    return socket.socket(fileno=given[0]) if given else None


def _address(config: Config) -> str:
    """Where a gateway of this configuration listens: not where one did before it was changed."""
    try:
        return socket.gethostbyname(config.host)
    except OSError:
        return ""


@contextlib.contextmanager
def handed_over(config: Config, listener: socket.socket) -> Iterator[None]:
    """Hand a copy of the listener to whoever of this user asks, in the gateway's event loop."""
    path = config.socket_dir / _NAME
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX) as server:

        def give() -> None:
            with contextlib.suppress(OSError):  # who asked is gone
                asking, _ = server.accept()
                with asking:
                    socket.send_fds(asking, [b"x"], [listener.fileno()])

        try:
            path.unlink(missing_ok=True)  # of a gateway that was killed
            server.bind(str(path))
        except OSError as error:
            log.warning("%s cannot be had, so clients will not wait for another: %s", path, error)
            yield
            return
        server.listen()
        server.setblocking(False)
        loop.add_reader(server, give)
        try:
            yield
        finally:
            loop.remove_reader(server)
            path.unlink(missing_ok=True)
