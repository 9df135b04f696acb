"""The fuzzer's judge and its hands: what it must find, and what it must let pass."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fuzz_http import Answer, Key, Sender, Wire, presigned, signed
from fuzz_judge import Case, judge

from studio_ext.wire.errors import ApiError
from studio_ext.wire.identity import Credential
from studio_ext.wire.signature import verify

CASE = Case("sagemaker.CreateModel", "json", refused=True, member="ModelName")
KEY = Key("AKIAFUZZ", "secret")


def refusal(message: str, code: str = "ValidationException", status: int = 400) -> Answer:
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(status, {"content-type": "application/x-amz-json-1.1"}, body)


def test_a_good_refusal_passes() -> None:
    assert judge(CASE, refusal("Value at 'modelName' failed to satisfy constraint")) == []


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (refusal("An internal error", "InternalFailure", 500), "status 500"),
        (refusal("modelName: Traceback (most recent call last):"), "traceback"),
        (refusal('modelName: File "/x/y.py", line 3'), "traceback"),
        (refusal("modelName: see /usr/lib/python3/json/decoder.py"), "source file"),
        (refusal("modelName: <studio.Thing object at 0x7f00>"), "object"),
        (refusal("modelName: (sqlite3.IntegrityError) UNIQUE"), "package"),
        (refusal("modelName: KeyError: 'x'"), "Python exception"),
        (refusal("modelName root:x:0:0:root"), "/etc/passwd"),
        (refusal("Something is not as it should be"), "does not name ModelName"),
        (refusal("", "ValidationException"), "without code or message"),
        (refusal("modelName", ""), "without code or message"),
        (refusal("modelName", "NotFound", 501), "status 501"),
        (Answer(400, {}, b"<html>nginx</html>"), "not an error of json"),
        (Answer(400, {}, b"[1]"), "not an error of json"),
        (Answer(200, {}, b"{}"), "accepted"),
        (Answer(0), "closed the connection"),
        (Answer(-1, trouble="no answer within 60 s"), "no answer"),
        (Answer(200, {}, b"{}", seconds=99.0), "took 99.0 s"),
    ],
)
def test_each_fault_is_found(answer: Answer, word: str) -> None:
    problems = judge(CASE, answer)
    assert any(word in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("query", b"<Error><Code>A</Code><Message>ModelName</Message></Error>"),
        ("rest-xml", b'{"__type": "A", "message": "ModelName"}'),
        ("rest-xml", b"<Error><Code>A</Code></Error>"),
    ],
)
def test_errors_have_the_form_of_their_protocol(protocol: str, body: bytes) -> None:
    case = Case("s3.PutObject", protocol)
    assert any("not an error of" in problem for problem in judge(case, Answer(400, {}, body)))


def test_a_wrong_code_is_found() -> None:
    case = Case("s3.GetObject", "json", refused=True, codes=frozenset({403}))
    assert judge(case, refusal("no", "AccessDenied", 403)) == []
    assert judge(case, refusal("no such thing", "NotFound", 404))


def test_a_secret_in_an_answer_is_found() -> None:
    case = Case("sts.GetSessionToken", "json", private=("hunter2",))
    assert judge(case, Answer(200, {}, b'{"a": "hunter2"}'))


@contextmanager
def answering(raw: bytes) -> Iterator[Sender]:
    """A server that says the same to everyone."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(raw)

    thread = threading.Thread(target=run)
    thread.start()
    sender = Sender("127.0.0.1", listener.getsockname()[1])
    yield sender
    sender.close()
    thread.join(60)
    listener.close()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nab", 404),
        (b"", 0),
        (b"what?\r\n\r\n", -1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", -1),
    ],
)
def test_the_sender_tells_what_came(raw: bytes, status: int) -> None:
    with answering(raw) as sender:
        answer = sender.send(b"GET / HTTP/1.1\r\n\r\n")
    assert answer.status == status


@pytest.mark.parametrize(
    "wire",
    [
        Wire("POST", "/", "", (("X-Amz-Target", "SageMaker.ListModels"),), b"{}"),
        Wire("GET", "/b/a%20b//%C3%A9", "prefix=a%2Fb&x", (), b"", "s3", "rest-xml"),
        Wire("POST", "/endpoints/a%2Fb/../c/invocations", "", (), b"1"),
    ],
)
def test_what_is_signed_here_is_signed_rightly(wire: Wire) -> None:
    """Our signatures are right to the server: what is refused is refused for another reason."""

    def lookup(access: str) -> Credential | None:
        known = Credential(KEY.access, KEY.secret, None, "d", "u", "arn")
        return known if access == KEY.access else None

    for ready in (signed(wire, KEY, "h"), presigned(wire, KEY, "h")):
        headers = {name.lower(): value for name, value in ready.headers}
        if ready.query != wire.query and wire.service != "s3":
            continue  # only S3 leaves the payload of a presigned URL unsigned
        digest = headers.get("x-amz-content-sha256") or _digest(wire.body)
        assert verify(ready.method, ready.target, headers, digest, lookup).access_key_id
        with pytest.raises(ApiError):
            verify("PATCH", ready.target, headers, digest, lookup)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
