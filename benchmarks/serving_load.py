"""A client for serving benchmarks, in a process of its own: cheap, keep-alive, closed loop.

``python -m benchmarks.serving_load PORT CLIENTS SECONDS FILE``: each of the clients sends the
next of the file's requests (a pickled list of bytes) as soon as its last one is answered. It says
``ready`` when connected, begins at the first line of its input, and prints a line of JSON:
``count``, ``wall`` and the latencies ``p50`` and ``p99`` in seconds, ``failed`` (answers that are
not 200), and the answers to the first of the requests.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from .measure import percentile

KEPT = 64


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[tuple[int, bytes]], results: dict[str, Any]) -> None:
        self._requests, self._results = requests, results
        self._buffer = b""
        self._end = 0.0
        self._index = 0
        self._sent = 0.0
        self._transport: Any = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a connection"))

    def begin(self, end: float) -> None:
        """Send until that time."""
        self._end = end
        self._send()

    def _send(self) -> None:
        self._index, message = next(self._requests)
        self._sent = time.perf_counter()
        self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answer = _whole(self._buffer)
        if answer is None:
            return
        now = time.perf_counter()
        status, self._buffer = self._buffer[9:12], b""
        self._results["latencies"].append(now - self._sent)
        self._results["failed"] += status != b"200"
        if self._index < KEPT:
            self._results["answers"][self._index] = answer.decode("latin-1")
        if now < self._end:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


def _whole(data: bytes) -> bytes | None:
    """The body of an answer, once all of it is there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, body = data[:end].lower(), data[end + 4 :]
    at = head.find(b"content-length:")
    if at < 0:
        raise ValueError(f"an answer without Content-Length: {head!r}")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    return body if len(body) >= length else None


async def _load(port: int, clients: int, seconds: float, messages: list[bytes]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    results: dict[str, Any] = {"latencies": [], "failed": 0, "answers": {}}
    requests = itertools.cycle(enumerate(messages))
    made = [
        (await loop.create_connection(lambda: Client(requests, results), "127.0.0.1", port))[1]
        for _ in range(clients)
    ]
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    started = time.perf_counter()
    for client in made:
        client.begin(started + seconds)
    await asyncio.gather(*(client.done for client in made))
    latencies = results.pop("latencies")
    return {
        **results,
        "count": len(latencies),
        "wall": time.perf_counter() - started,
        "p50": percentile(latencies, 50),
        "p99": percentile(latencies, 99),
    }


if __name__ == "__main__":
    port, clients, seconds, file = sys.argv[1:]
    messages = pickle.loads(Path(file).read_bytes())
    print(json.dumps(uvloop.run(_load(int(port), int(clients), float(seconds), messages))))
