"""The messages between gateway and worker: a JSON header and a body, each length-prefixed.

Request header: ``content_type``, ``accept``, ``attributes`` (custom attributes), ``inference_id``.
Answer header: ``status`` (HTTP), ``content_type``, ``attributes``. Both leave out what is unset.

Before them stand two numbers: the request's, which its answer repeats, and one that the worker
sets in its answers: how many requests it likes to have at once (see :mod:`.batching`). A gateway
sends that many before the first is answered.

A worker greets who connects by a message of number 0 whose header tells its ``form`` of all this.
A gateway asks only those of its own form; another version's worker is replaced before long.
"""

from __future__ import annotations

import json
import struct
from typing import Any

FORM = 2  # to be counted on when anything here changes; before 2 nobody greeted
PREFIX = struct.Struct(">IIII")  # request number, room, bytes of the header, bytes of the body
MAX_HEADER = 64 * 1024
_KNOWN_HEADER = 512  # longer headers hold what is new in every request
_MOST_KNOWN = 1000

Message = tuple[int, int, bytes, bytes]  # request number, room, header, body


class FrameError(Exception):
    """Bytes that are not a message; the connection is of no use any more."""


def encode(header: dict[str, Any], body: bytes, number: int = 1, room: int = 0) -> bytes:
    """One message."""
    return join(number, room, json.dumps(header).encode(), body)


def join(number: int, room: int, head: bytes, body: bytes) -> bytes:
    """One message, of a header that is encoded already."""
    return b"".join((PREFIX.pack(number, room, len(head), len(body)), head, body))


def greeting(room: int) -> bytes:
    """What a worker says first."""
    return encode({"form": FORM}, b"", 0, room)


def greets(number: int, head: bytes) -> bool:
    """Whether a message is the greeting of a worker of this form; FrameError as ``fields``."""
    return number == 0 and fields(head).get("form") == FORM


_known: dict[bytes, dict[str, Any]] = {}


def fields(head: bytes) -> dict[str, Any]:
    """What a header says, not to be changed; FrameError when it says nothing.

    The same few headers come again and again, so that looking them up spares most parsing.
    """
    found = _known.get(head)
    if found is None:
        try:
            found = json.loads(head)
        except ValueError as error:
            raise FrameError(f"a header that is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise FrameError("a header that is no JSON object")
        if len(head) <= _KNOWN_HEADER:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[head] = found
    return found


class Decoder:
    """Cuts a stream into messages of at most ``limit`` body bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []  # of a message that is not whole
        self._size = 0
        self._wanted = PREFIX.size

    @property
    def is_empty(self) -> bool:
        """Whether no part of a next message has come yet."""
        return not self._size

    def feed(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completes."""
        if self._parts:
            self._parts.append(data)
            self._size += len(data)
            if self._size < self._wanted:
                return []
            data = b"".join(self._parts)
            self._parts = []
        messages: list[Message] = []
        at, end = 0, len(data)
        self._wanted = PREFIX.size
        while end - at >= PREFIX.size:
            number, room, head, body = PREFIX.unpack_from(data, at)
            if head > MAX_HEADER or body > self._limit:
                raise FrameError(f"a message of {head}+{body} bytes is too large")
            first = at + PREFIX.size
            last = first + head + body
            if last > end:
                self._wanted = last - at
                break
            messages.append((number, room, data[first : first + head], data[first + head : last]))
            at = last
        self._size = end - at
        if at < end:
            self._parts.append(data[at:] if at else data)
        return messages
