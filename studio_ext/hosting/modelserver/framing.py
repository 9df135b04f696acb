"""The messages between gateway and worker: a JSON header and a body, each length-prefixed.

Request header: ``content_type``, ``accept``, ``attributes`` (custom attributes), ``inference_id``.
Answer header: ``status`` (HTTP), ``content_type``, ``attributes``. Both leave out what is unset.
"""

from __future__ import annotations

import json
import struct
from typing import Any

PREFIX = struct.Struct(">II")
MAX_HEADER = 64 * 1024


class FrameError(Exception):
    """Bytes that are not a message; the connection is of no use any more."""


def encode(header: dict[str, Any], body: bytes) -> bytes:
    """One message."""
    head = json.dumps(header).encode()
    return b"".join((PREFIX.pack(len(head), len(body)), head, body))


class Decoder:
    """Collects bytes until a message of at most ``limit`` body bytes is whole."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._wanted = PREFIX.size

    @property
    def is_empty(self) -> bool:
        """Whether no part of a message has come yet."""
        return not self._buffer

    def feed(self, data: bytes) -> tuple[dict[str, Any], bytes] | None:
        """The message that ``data`` completes, else None."""
        self._buffer += data
        if len(self._buffer) < self._wanted:
            return None
        head, body = PREFIX.unpack_from(self._buffer)
        if head > MAX_HEADER or body > self._limit:
            raise FrameError(f"a message of {head}+{body} bytes is too large")
        self._wanted = PREFIX.size + head + body
        if len(self._buffer) < self._wanted:
            return None
        if len(self._buffer) > self._wanted:
            raise FrameError("more bytes than one message")
        start = PREFIX.size + head
        view = bytes(self._buffer)
        self._buffer.clear()
        self._wanted = PREFIX.size
        return json.loads(view[PREFIX.size : start]), view[start:]
