"""What a client may send without end before anybody has asked who it is: nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from studio_ext.wire import http

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def count(_scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(http, "HEAD_S", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        count, http=http.BoundedHttp, ws="none", lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    with socket.create_connection(listener.getsockname(), timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join(60)


def answer(client: socket.socket) -> bytes:
    """All that comes until the server closes, or has sent one whole answer."""
    found = b""
    while not (b"\r\n\r\n" in found and found.rpartition(b"\r\n\r\n")[2]):
        piece = client.recv(65536)
        if not piece:
            break
        found += piece
    return found


def flood(client: socket.socket, piece: bytes, most: int) -> int:
    """Send pieces until the server will have no more; how many bytes it took."""
    sent = 0
    try:
        while sent < most:
            client.sendall(piece)
            sent += len(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (GET + b"X-A: ", b"a" * 4096),
        (GET, b"X-A: b\r\n" * 512),
        (b"GET /", b"a" * 4096),
        (CHUNKED + b"1\r\na\r\n0\r\n", b"X-A: b\r\n" * 512),
        (CHUNKED + b"1;", b"x" * 4096),
    ],
    ids=["one-header", "many-headers", "path", "trailers", "chunk-extension"],
)
def test_what_has_no_end_is_ended(connection: socket.socket, begin: bytes, piece: bytes) -> None:
    connection.sendall(begin)
    most = 64 << 20
    assert flood(connection, piece, most) < most
    try:
        said = answer(connection)
    except ConnectionResetError:  # the answer was overtaken by what we sent too much
        said = b""
    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")


def test_long_headers_and_large_bodies_pass(connection: socket.socket) -> None:
    body = b"x" * (3 << 20)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 60_000
    connection.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer(connection).endswith(b"\r\n\r\n3145728")
    connection.sendall(CHUNKED + b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(100)))
    connection.sendall(b"0\r\nX-Checksum: a\r\n\r\n")
    assert answer(connection).endswith(b"\r\n\r\n409600")


def test_headers_that_do_not_come_are_not_waited_for(connection: socket.socket) -> None:
    started = time.monotonic()
    connection.sendall(GET)
    assert b"did not come in time" in answer(connection)
    assert connection.recv(1) == b""
    assert time.monotonic() - started < 15


def test_a_connection_may_rest_between_requests(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(GET + b"\r\n")
        assert answer(connection).endswith(b"\r\n\r\n0")
        time.sleep(0.7)


def test_a_body_may_take_its_time(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
    time.sleep(0.8)
    connection.sendall(b"b")
    assert answer(connection).endswith(b"\r\n\r\n2")


def test_requests_sent_at_once_are_answered_in_turn(connection: socket.socket) -> None:
    connection.sendall((GET + b"\r\n") * 200)
    found = b""
    while found.count(b"HTTP/1.1 200") < 200:
        piece = connection.recv(65536)
        assert piece
        found += piece


def test_there_is_no_other_protocol_to_change_to(connection: socket.socket) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    connection.sendall(GET + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    assert b"101 " not in answer(connection)


class Sent:
    """A transport that keeps what each call sends."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append(b"closed")


def test_what_is_written_in_one_step_leaves_by_one_call() -> None:
    """A server that is killed has sent a small answer whole or not at all."""

    async def steps() -> list[bytes]:
        sent = Sent()
        together = http._Together(sent, asyncio.get_running_loop())  # type: ignore[arg-type]
        for answer in ((b"head", b"body"), (b"head", large), (b"last",)):
            for data in answer:
                together.write(data)
            if answer[0] != b"last":
                await asyncio.sleep(0)
        together.close()
        await asyncio.sleep(0)
        return sent.calls

    large = b"x" * (http.MUCH + 1)
    assert asyncio.run(steps()) == [b"headbody", b"head", large, b"last", b"closed"]


SMALL = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"


def test_a_small_body_may_come_in_pieces_and_the_next_request_after_it(
    connection: socket.socket,
) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for pieces in (
        [SMALL, b"abcdef"],
        [SMALL + b"abc", b"def"],
        [SMALL[:20], SMALL[20:] + b"abcdef"],
    ):
        for piece in pieces:
            connection.sendall(piece)
        assert answer(connection).endswith(b"\r\n\r\n6")


def test_a_body_that_does_not_come_is_left_to_whoever_reads_it(
    connection: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "SMALL_S", 0.05)
    begun = threading.Event()
    start = http.BoundedHttp._release

    def release(protocol: http.BoundedHttp) -> None:
        start(protocol)
        begun.set()

    monkeypatch.setattr(http.BoundedHttp, "_release", release)
    connection.sendall(SMALL + b"abc")
    assert begun.wait(60)  # with half of the body
    connection.sendall(b"def")
    assert answer(connection).endswith(b"\r\n\r\n6")
