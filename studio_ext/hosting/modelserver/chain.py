"""A container of an inference pipeline: what it answers is the next container's request.

Its worker asks a worker of the next container of the same instance and hands that one's answer on,
so that to a gateway a pipeline looks like one model.
"""

from __future__ import annotations

import json
import random
import select
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .framing import Decoder, FrameError, Message, encode, fields, greets

#: JSON: ``container`` and ``next`` (names), ``sockets`` of the next container's workers.
VARIABLE = "STUDIO_PIPELINE"
#: How long a container that is being started again is waited for.
_PATIENCE_S = 30.0
_ANSWER_S = 60.0
_LARGEST = 1 << 30
_RECEIVE = 1 << 16
#: What tells an error of a container from that of the ones behind it.
WHO = "container"

Request = tuple[Mapping[str, Any], bytes]
Answer = tuple[dict[str, Any], bytes]


def chained(service: Any, environment: Mapping[str, str]) -> Any:
    """``service``, with the next container behind it where there is one."""
    told = environment.get(VARIABLE)
    return Chained(service, **json.loads(told)) if told else service


def asked(environment: Mapping[str, str]) -> list[str]:
    """Sockets of the next container; none without one."""
    told = environment.get(VARIABLE)
    return list(json.loads(told)["sockets"]) if told else []


class Chained:
    """Answers by its own model, then by the next container; the first error is the answer."""

    def __init__(self, service: Any, container: str, next: str, sockets: Sequence[str]) -> None:
        self._service = service
        self._name, self._next, self._sockets = container, next, list(sockets)
        self._stream: socket.socket | None = None
        self._decoder = Decoder(_LARGEST)

    def load(self) -> None:
        """Load this container's model."""
        self._service.load()

    @property
    def room(self) -> int:
        """How many requests it likes to have at once."""
        return int(self._service.room)

    def answer(self, header: Mapping[str, Any], body: bytes) -> Answer:
        """Header and body of the answer to one request; never raises an Exception."""
        return self.answer_all([(header, body)])[0]

    def answer_all(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to requests that wait at the same moment, in order.

        What the client accepts is for the last container: the others answer in their own form.
        """
        asked = [(_without_accept(header), body) for header, body in requests]
        answers = [_named(answer, self._name) for answer in self._service.answer_all(asked)]
        good = [index for index, (header, _) in enumerate(answers) if header["status"] < 300]
        passed = [
            (
                {**requests[index][0], "content_type": answers[index][0].get("content_type")},
                answers[index][1],
            )
            for index in good
        ]
        for index, answer in zip(good, self._ask(passed) if passed else [], strict=True):
            answers[index] = _named(answer, self._next)
        return answers

    def _ask(self, requests: Sequence[Request]) -> list[Answer]:
        """The next container's answers; where it gives none, an error in the place of each."""
        messages = [encode(dict(h), body, number) for number, (h, body) in enumerate(requests, 1)]
        try:
            stream = self._connected()
        except OSError as error:
            return [_error(503, f"the container {self._next} does not run: {error}")] * len(
                messages
            )
        found: dict[int, Answer] = {}
        try:
            stream.sendall(b"".join(messages))
            while len(found) < len(messages):
                found |= {
                    n: (dict(fields(head)), body) for n, _, head, body in self._receive(stream)
                }
        except (OSError, FrameError) as error:
            self._close()
            lost = _error(500, f"the container {self._next} ended while it worked: {error}")
            return [found.get(number, lost) for number in range(1, len(messages) + 1)]
        return [found[number] for number in range(1, len(messages) + 1)]

    def _connected(self) -> socket.socket:
        """A connection that was greeted; waits for a worker that is started again."""
        if self._stream is not None and not _is_over(self._stream):
            return self._stream
        self._close()
        end, pause = time.monotonic() + _PATIENCE_S, 0.01
        while True:
            try:
                self._stream = self._connect(random.choice(self._sockets))
                return self._stream
            except OSError:
                if time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 0.5)

    def _connect(self, path: str) -> socket.socket:
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(_ANSWER_S)
        self._decoder = Decoder(_LARGEST)
        try:
            stream.connect(path)
            (number, _, head, _), *_ = self._receive(stream)
            if not greets(number, head):
                raise ConnectionError("it speaks another form of messages")
        except BaseException:
            stream.close()
            raise
        return stream

    def _receive(self, stream: socket.socket) -> list[Message]:
        """The messages that come next, one at least."""
        while True:
            data = stream.recv(_RECEIVE)
            if not data:
                raise ConnectionResetError("the connection was closed")
            messages = self._decoder.feed(data)
            if messages:
                return messages

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _is_over(stream: socket.socket) -> bool:
    """Whether there is something on a connection on which nothing is awaited: its end."""
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    return bool(poll.poll(0))


def _without_accept(header: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name != "accept"}


def _named(answer: Answer, name: str) -> Answer:
    header, body = answer
    if header["status"] < 400 or WHO in header:
        return answer
    return {**header, WHO: name}, body


def _error(status: int, text: str) -> Answer:
    return {"status": status, "content_type": "text/plain"}, text.encode()
