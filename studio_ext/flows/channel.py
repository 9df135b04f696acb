"""What the control plane and a flow's process say to each other, over a socket.

Each message is a frame of JSON; where it has ``"bytes": true`` a frame of bytes follows. To the
process go ``{"id", "do", "params"}`` (a question) and ``{"cancel": id}``; it answers with
``{"id", "answer"}`` or ``{"id", "error"}``, tells how far it is with ``{"id", "progress"}``, and
asks with ``{"find", "id", "what", "name"}`` for what a source needs: the path of a ``file``, the
URL of a ``connection``, the ``tables`` that queries may name. ``{"answers", "found"}`` answers.
"""

from __future__ import annotations

import json
import threading
from multiprocessing.connection import Connection
from typing import Any

#: What is asked for.
FILE, CONNECTION, TABLES = "file", "connection", "tables"


class Channel:
    """One end. Sending may be done by any thread, receiving by one."""

    def __init__(self, descriptor: int) -> None:
        self._connection = Connection(descriptor)
        self._sending = threading.Lock()

    def send(self, message: dict[str, Any], content: bytes | None = None) -> None:
        """Send one message; OSError where nobody receives any more."""
        if content is not None:
            message = {**message, "bytes": True}
        data = json.dumps(message, separators=(",", ":")).encode()
        with self._sending:
            self._connection.send_bytes(data)
            if content is not None:
                self._connection.send_bytes(content)

    def receive(self) -> tuple[dict[str, Any], bytes | None]:
        """The next message, and the bytes that came with it; EOFError or OSError at the end."""
        message: dict[str, Any] = json.loads(self._connection.recv_bytes())
        return message, self._connection.recv_bytes() if message.get("bytes") else None

    def close(self) -> None:
        """Let the other side know that nobody is here any more."""
        self._connection.close()
