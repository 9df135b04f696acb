"""The gateway's HTTP: what odd, slow and hostile clients send, over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from model_servers import Instance, wait_for

from studio_ext.hosting.gateway import client, connection, http, pool
from studio_ext.hosting.modelserver import framing
from studio_ext.store import Store

Serve = Callable[..., Instance]
PING = b"GET /ping HTTP/1.1\r\nHost: h\r\n\r\n"

DOUBLE = """
import os, time
def model_fn(model_dir): return "model"
def predict_fn(rows, model):
    if (rows == 666).any():
        os._exit(3)
    with open(os.environ["PREDICTIONS"], "a") as file:
        print(len(rows), file=file)
    time.sleep(0.05)
    return rows * 2
"""


class Wire:
    """A connection on which every byte is ours."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.buffer = b""

    def send(self, data: bytes) -> Wire:
        self.socket.sendall(data)
        return self

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer; EOFError when the connection ends instead."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(first.split()[1]), headers, body

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    @property
    def is_closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def wire(gateway: client.GatewayInfo) -> Iterator[Callable[[], Wire]]:
    made: list[Wire] = []

    def connect() -> Wire:
        made.append(Wire(gateway.port))
        return made[-1]

    yield connect
    for one in made:
        one.socket.close()


@pytest.fixture
def signed(gateway: client.GatewayInfo, store: Store) -> Callable[..., bytes]:
    """The head of an invocation whose body is sent as the test likes."""
    key = store.credentials.default()

    def head(body: bytes, *more: str, length: bool = True, **headers: str) -> bytes:
        url = f"http://127.0.0.1:{gateway.port}/endpoints/e/invocations"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest("POST", url, data=body, headers=named)
        credentials = Credentials(key.access_key_id, key.secret_access_key)
        SigV4Auth(credentials, "sagemaker", "us-east-1").add_auth(request)
        lines = ["POST /endpoints/e/invocations HTTP/1.1", f"Host: 127.0.0.1:{gateway.port}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        lines += more
        if length:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode()

    return head


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """Where the doubling model notes how many rows each prediction has."""
    return tmp_path / "predictions.txt"


@pytest.fixture
def doubling(serve: Serve, publish: Any, predictions: Path) -> Instance:
    """A model that takes several requests at once, and dies of 666."""
    environment = {"STUDIO_BATCH_PREDICT": "1", "PREDICTIONS": str(predictions)}
    instance = serve({"code/inference.py": DOUBLE}, framework="sklearn", environment=environment)
    instance.wait()
    publish({"A": (1.0, [instance])})
    return instance


def test_one_connection_serves_many_requests(wire: Any) -> None:
    one = wire()
    for _ in range(3):
        status, headers, body = one.send(PING).answer()
        assert (status, body) == (200, b"pong\n")
        assert re.fullmatch(r"[0-9a-f]{32}", headers["x-amzn-requestid"])
        assert headers["date"].endswith("gmt")


def test_pipelined_requests_are_answered_in_their_order(
    wire: Any, doubling: Instance, signed: Any
) -> None:
    one = wire()
    requests = []
    for number in range(20):
        body = b"%d" % number
        requests.append(signed(body, content_type="text/csv", accept="application/json") + body)
    one.send(b"".join([*requests, PING]))
    assert [json.loads(one.answer()[2]) for _ in range(20)] == [[[n * 2]] for n in range(20)]
    assert one.answer()[2] == b"pong\n"


def test_requests_byte_by_byte_and_in_chunks(wire: Any, doubling: Instance, signed: Any) -> None:
    body = b"1,2,3"
    head = signed(body, "Transfer-Encoding: chunked", length=False, content_type="text/csv")
    data = head + b"2\r\n1,\r\n3\r\n2,3\r\n0\r\nX-Late: 1\r\n\r\n"
    one = wire()
    for at in range(len(data)):
        one.send(data[at : at + 1])
    assert json.loads(one.answer()[2]) == [[2, 4, 6]]
    assert one.send(PING).answer()[0] == 200


def test_expect_continue(wire: Any, doubling: Instance, signed: Any) -> None:
    one = wire()
    one.send(signed(b"1", "Expect: 100-continue", content_type="text/csv"))
    assert one.answer()[0] == 100
    assert json.loads(one.send(b"1").answer()[2]) == [[2]]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),  # TLS
        (b"GET / HTTP/1.1\r\nA: b\r\n C\x00: d\r\n\r\n", 400),
        (b"POST /ping HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /ping HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /ping HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 900_000, 431),
        (b"GET /" + b"a" * 900_000, 431),
        (b"POST /ping HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(
    wire: Any, data: bytes, status: int
) -> None:
    one = wire().send(data)
    found, headers, body = one.answer()
    assert (found, headers["connection"]) == (status, "close")
    assert json.loads(body)["Message"]
    assert one.is_closed


def test_old_and_odd_requests(wire: Any) -> None:
    one = wire().send(b"GET /ping HTTP/1.0\r\n\r\n")
    assert one.answer()[1]["connection"] == "close" and one.is_closed
    one = wire().send(b"GET http://somewhere/ping HTTP/1.1\r\nHost: h\r\n\r\n")
    assert one.answer()[0] == 200
    assert one.send(b"GET /%70ing?x=1 HTTP/1.1\r\nHost: h\r\n\r\n").answer()[0] == 200
    one.send(b"HEAD /ping HTTP/1.1\r\nHost: h\r\n\r\n")
    time.sleep(0.1)
    assert one.socket.recv(65536).endswith(b"\r\n\r\n")
    upgrade = b"GET /ping HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    one = wire().send(upgrade)
    assert one.answer()[0] == 200 and one.is_closed
    one = wire().send(PING)
    one.socket.shutdown(socket.SHUT_WR)
    assert one.answer()[0] == 200 and one.is_closed


def test_a_flood_of_pipelined_requests_is_taken_in_portions(wire: Any) -> None:
    one = wire()
    sender = threading.Thread(target=one.send, args=(PING * 20_000,))
    sender.start()
    assert sum(one.answer()[0] == 200 for _ in range(20_000)) == 20_000
    sender.join()


def test_a_client_that_leaves_harms_nobody(wire: Any, doubling: Instance, signed: Any) -> None:
    for _ in range(20):
        one = wire().send(signed(b"1", content_type="text/csv") + b"1")
        one.socket.close()
    one = wire().send(signed(b"7", content_type="text/csv") + b"7")
    assert json.loads(one.answer()[2]) == [[14]]


def test_one_deadly_request_among_many(wire: Any, doubling: Instance, signed: Any) -> None:
    """Those that were with it in the worker when it died are answered all the same."""

    def ask(number: int) -> tuple[int, bytes]:
        body = b"666" if number == 13 else b"%d" % number
        one = wire().send(signed(body, content_type="text/csv") + body)
        status, _, answer = one.answer()
        return status, answer

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(ask, range(24)))
    assert answers[13][0] == 424 and b"ended while it processed" in answers[13][1]
    rest = [(status, json.loads(body)) for status, body in answers if status == 200]
    assert rest == [(200, [[number * 2]]) for number in range(24) if number != 13]


def test_requests_share_a_prediction(
    wire: Any, doubling: Instance, signed: Any, predictions: Path
) -> None:
    """Requests that come while one is answered are the next one's rows."""
    bodies = [b"%d" % (n + 20) for n in range(30)]
    clients = [wire() for _ in bodies]
    clients[0].send(signed(b"1", content_type="text/csv") + b"1").answer()  # tells of its room
    requests = [signed(body, content_type="text/csv") + body for body in bodies]
    for one, request in zip(clients, requests, strict=True):
        one.send(request)
    answers = [json.loads(one.answer()[2]) for one in clients]
    assert answers == [[[(n + 20) * 2]] for n in range(30)]
    rows = [int(line) for line in predictions.read_text().split()]
    assert sum(rows) == 31 and len(rows) <= 16


def test_drain_ends_idle_connections_and_answers_the_rest(
    wire: Any, doubling: Instance, signed: Any, gateway: client.GatewayInfo, config: Any
) -> None:
    idle, busy, slow = wire().send(PING), wire(), wire()
    idle.answer()
    half = signed(b"4", content_type="text/csv")
    slow.send(half)
    time.sleep(0.2)
    busy.send(signed(b"3", content_type="text/csv") + b"3")
    time.sleep(0.02)
    os.kill(gateway.pid, signal.SIGTERM)
    assert idle.is_closed
    status, headers, body = busy.answer()
    assert (status, headers["connection"], json.loads(body)) == (200, "close", [[6]])
    slow.send(b"4")
    assert json.loads(slow.answer()[2]) == [[8]]
    wait_for(lambda: client.info(config) is None)


class Recorder:
    """A transport that only notes what is done to it."""

    def __init__(self) -> None:
        self.aborted = False
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(
    ("data", "patience"),
    [
        (b"", http.IDLE_S),
        (b"POST /x HT", http.HEAD_S),
        (b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n1234", http.BODY_IDLE_S),
        (b"GET /ping HTTP/1.1\r\n\r\n", http.IDLE_S),
    ],
)
def test_those_who_let_wait_are_cut_off(monkeypatch: Any, data: bytes, patience: float) -> None:
    def answer(request: http.Request) -> None:
        request.respond(http.STATUS[200], b"")

    now = time.monotonic()
    server = http.Server(answer, lambda: 1000)
    connection, transport = http.HttpConnection(server), Recorder()
    connection.connection_made(transport)  # type: ignore[arg-type]
    if data:
        connection.data_received(data)
    for passed, cut in ((patience - 2, False), (patience + 2, True)):
        monkeypatch.setattr(time, "monotonic", lambda passed=passed: now + passed)
        server.tick()
        assert transport.aborted is cut


def test_a_body_in_drops_has_an_end(monkeypatch: Any) -> None:
    now = time.monotonic()
    server = http.Server(lambda _: None, lambda: 1000)
    connection, transport = http.HttpConnection(server), Recorder()
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(b"POST /x HTTP/1.1\r\nContent-Length: 999\r\n\r\n")
    for second in range(0, 700, 20):
        monkeypatch.setattr(time, "monotonic", lambda second=second: now + second)
        server.tick()
        if transport.aborted:
            break
        connection.data_received(b"1")
    assert http.BODY_S <= second <= http.BODY_S + 40


def test_a_worker_that_ends_before_it_was_written_to_has_seen_nothing() -> None:
    """What one turn of the loop sends is written at its end; the worker may be gone by then."""
    told: list[tuple[str, Exception]] = []

    class Receiver:
        def __init__(self, name: str) -> None:
            self.name = name

        def answered(self, head: bytes, body: bytes) -> None:
            raise AssertionError("nobody answered")

        def failed(self, error: Exception) -> None:
            told.append((self.name, error))

    async def scene() -> None:
        one, transport = connection.Connection(lambda _: None, lambda: None), Recorder()
        one.connection_made(transport)  # type: ignore[arg-type]
        one.send(b"{}", b"", Receiver("written"))
        await asyncio.sleep(0)
        assert transport.written
        one.send(b"{}", b"", Receiver("not written"))
        one.eof_received()

    asyncio.run(scene())
    assert [(name, type(error)) for name, error in told] == [
        ("written", connection.WorkerDied),
        ("not written", connection.NotDelivered),
    ]


def test_workers_of_another_form_are_not_asked(tmp_path: Path) -> None:
    """They are replaced before long; requests wait for that."""

    class Waiter:
        alone = False
        slot: Any = None

        def assigned(self, slot: Any) -> None:
            self.slot = slot

    async def worker(path: str, says: bytes) -> tuple[Any, list[Any]]:
        streams: list[Any] = []

        def greet(_: Any, writer: Any) -> None:
            streams.append(writer)
            writer.write(says)

        return await asyncio.start_unix_server(greet, path), streams

    async def scene() -> None:
        path, waiter = str(tmp_path / "socket"), Waiter()
        others = [b"", framing.encode({"form": framing.FORM + 1}, b"", 0, 9), b"\0" * 16]
        one = pool.Pool(9)
        one.update([("instance", path)])
        one.acquire(waiter)
        for says in others:
            server, streams = await worker(path, says)
            for _ in range(6000):
                await asyncio.sleep(0.01)
                if streams:
                    break
            await asyncio.sleep(0.1)
            assert streams and waiter.slot is None
            server.close()
            for stream in streams:
                stream.close()
        server, streams = await worker(path, framing.greeting(9))
        for _ in range(6000):
            if waiter.slot is not None:
                break
            await asyncio.sleep(0.01)
        assert waiter.slot.connection.room == 9
        server.close()
        waiter.slot.close()

    asyncio.run(scene())
