"""One worker process: loads the model, then answers requests on its socket, one at a time.

Run by path with the interpreter of the model's environment:
``python worker.py <framework> <model folder> <socket> <beat file>``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import selectors
import signal
import socket
import sys
import traceback
from types import FrameType
from typing import Any

_RECEIVE = 1 << 16
MOST_SAID = 2000  # characters of an error's text that go to the log
_SLOW_S = 30.0  # a request that has begun to come must be whole by then


class Worker:
    """The socket's side of a worker. Every connection may send requests, in turn."""

    def __init__(self, service: Any, path: str, beat: Any, framing: Any, limit: int) -> None:
        self._service, self._beat, self._framing, self._limit = service, beat, framing, limit
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(path)
        self._path = path
        self._selector.register(self._listener, selectors.EVENT_READ)
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        self._selector.register(reader, selectors.EVENT_READ)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def serve(self) -> None:
        """Answer until SIGTERM; the request at hand is finished first."""
        while not self._stopping:
            for key, _ in self._selector.select():
                if self._stopping:
                    break
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._handle(key.fileobj)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(_SLOW_S)
        self._selector.register(connection, selectors.EVENT_READ)

    def _handle(self, connection: socket.socket) -> None:
        try:
            message = self._receive(connection)
            if message is not None:
                self._beat.begin()
                header, body = self._service.answer(*message)
                self._beat.end()
                if header["status"] >= 400:
                    text = body.decode(errors="replace")[:MOST_SAID]
                    print(f"Answered {header['status']}: {text}", file=sys.stderr, flush=True)
                connection.sendall(self._framing.encode(header, body))
                return
        except (OSError, self._framing.FrameError, ValueError) as error:
            print(f"closing a connection: {error}", file=sys.stderr, flush=True)
        self._selector.unregister(connection)
        connection.close()

    def _receive(self, connection: socket.socket) -> tuple[dict[str, Any], bytes] | None:
        decoder = self._framing.Decoder(self._limit)
        while True:
            data = connection.recv(_RECEIVE)
            if not data:
                return None
            message: tuple[dict[str, Any], bytes] | None = decoder.feed(data)
            if message is not None:
                return message


def _listen(path: str) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(mask)
    listener.listen(128)
    return listener


def _package() -> str:
    """Load this folder as a package whose name clashes with nothing; gives the name.

    The folder itself must not be on sys.path, where the model's libraries are looked up.
    """
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != folder]
    name = "studio_modelserver"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return name


def main(framework: str, model_dir: str, path: str, beat_file: str) -> int:
    """Load and serve; 1 when the model cannot be loaded."""
    import faulthandler

    faulthandler.enable()  # a crash or a hang leaves a traceback in the log
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    package = _package()
    beats, framing, handlers = (
        importlib.import_module(f"{package}.{name}") for name in ("beat", "framing", "handlers")
    )
    importlib.import_module(f"{package}.compat").install()
    beat = beats.Beat(beat_file)
    try:
        service = handlers.service(framework, model_dir, os.environ)
        service.load()
    except BaseException as error:
        traceback.print_exc()
        lines = traceback.format_exception_only(type(error), error)
        beat.failed("".join(lines).strip().removeprefix(f"{package}.errors.ConfigurationError: "))
        return 1
    gc.collect()
    gc.freeze()  # the model lives as long as the process: collections need not look at it
    limit = int(float(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or 6) * 1024 * 1024)
    worker = Worker(service, path, beat, framing, limit)
    beat.ready()
    worker.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
