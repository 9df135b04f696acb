"""The socket of a worker: takes what has come, answers it, in the order in which it came."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import sys
from collections import deque
from types import FrameType
from typing import Any

from .batching import MOST_BYTES, MOST_REQUESTS
from .framing import PREFIX, Decoder, FrameError, fields, greeting

_RECEIVE = 1 << 16  # more, and malloc may map and unmap memory for each call
_MOST_SAID = 2000  # characters of an error's text that go to the log
_SEND_S = 30  # for a gateway that does not take its answer
_EVENTS = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR


class Connection:
    """A gateway's connection and what of its next request has come."""

    def __init__(self, stream: socket.socket, limit: int) -> None:
        self.stream = stream
        self.decoder = Decoder(limit)
        self.open = True


Item = tuple[Connection, int, bytes, bytes]  # who asks, request number, header, body


class Server:
    """Answers the requests of every connection until SIGTERM.

    It reads whatever has come from everybody before it computes, and gives ``service.answer_all``
    the requests that wait: one at a time, or as many as the service has ``room`` for.
    """

    def __init__(self, service: Any, path: str, beat: Any, limit: int) -> None:
        self._service, self._beat, self._limit, self._path = service, beat, limit, path
        self._room: int = service.room
        self._stopping = False
        self._connections: dict[int, Connection] = {}
        self._waiting: deque[Item] = deque()
        self._heads: dict[tuple[Any, ...], bytes] = {}
        self._epoll = select.epoll()
        self._listener = _listen(path)
        self._epoll.register(self._listener, select.EPOLLIN)
        self._signals, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        self._epoll.register(self._signals, select.EPOLLIN)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def serve(self) -> None:
        """Answer until SIGTERM; requests that have come are answered first."""
        while not self._stopping:
            for descriptor, _ in self._epoll.poll(0 if self._waiting else None):
                connection = self._connections.get(descriptor)
                if connection is not None:
                    self._read(connection)
                elif descriptor == self._listener.fileno():
                    self._accept()
                else:
                    os.read(self._signals, 4096)
            if self._waiting:
                self._work()
        while self._waiting:
            self._work()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def _accept(self) -> None:
        stream, _ = self._listener.accept()
        # By the kernel's clock, because Python's timeouts cost a poll() before every call.
        limit = struct.pack("@ll", _SEND_S, 0)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        connection = Connection(stream, self._limit)
        self._connections[stream.fileno()] = connection
        self._epoll.register(stream, _EVENTS)
        self._send(connection, greeting(self._room))

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.stream.recv(_RECEIVE, socket.MSG_DONTWAIT)
            if not data:
                self._close(connection)
                return
            for number, _, head, body in connection.decoder.feed(data):
                self._waiting.append((connection, number, head, body))
        except BlockingIOError:
            return
        except (OSError, FrameError) as error:
            self._complain(connection, error)

    def _work(self) -> None:
        """Answer one request, or those at the front that fit into a batch."""
        batch = self._batch()
        try:
            requests = [(fields(head), body) for _, _, head, body in batch]
        except FrameError as error:
            for connection in {item[0] for item in batch}:
                self._complain(connection, error)
            return
        self._beat.begin()
        answers = self._service.answer_all(requests)
        self._beat.end()
        outgoing: dict[Connection, list[bytes]] = {}
        before, head = None, b""
        for (connection, number, _, _), (header, body) in zip(batch, answers, strict=True):
            if header["status"] >= 400:
                text = body.decode(errors="replace")[:_MOST_SAID]
                print(f"Answered {header['status']}: {text}", file=sys.stderr, flush=True)
            if header is not before:  # a batch mostly has one for all
                before, head = header, self._head(header)
            message = PREFIX.pack(number, self._room, len(head), len(body)), head, body
            outgoing.setdefault(connection, []).extend(message)
        for connection, parts in outgoing.items():
            self._send(connection, b"".join(parts))

    def _batch(self) -> list[Item]:
        waiting = self._waiting
        batch = [waiting.popleft()]
        most = min(self._room, MOST_REQUESTS, len(waiting) + 1)
        size = len(batch[0][3])
        while len(batch) < most:
            size += len(waiting[0][3])
            if size > MOST_BYTES:
                break
            batch.append(waiting.popleft())
        return batch

    def _head(self, header: dict[str, Any]) -> bytes:
        """An answer's header, encoded once for all answers that have the same."""
        key = tuple(header.items())
        head = self._heads.get(key)
        if head is None:
            head = json.dumps(header).encode()
            if len(self._heads) < 1000:
                self._heads[key] = head
        return head

    def _send(self, connection: Connection, data: bytes) -> None:
        if not connection.open:
            return
        try:
            connection.stream.sendall(data)
        except OSError as error:
            self._complain(connection, error)

    def _complain(self, connection: Connection, error: Exception) -> None:
        print(f"closing a connection: {error}", file=sys.stderr, flush=True)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        if connection.open:
            connection.open = False
            del self._connections[connection.stream.fileno()]
            self._epoll.unregister(connection.stream)
            connection.stream.close()


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
