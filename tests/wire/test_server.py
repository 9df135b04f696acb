"""What a client sees of the server below the protocols: bodies, limits, connections, logs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import os
import socket
import time
import zlib
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from studio_ext.wire.dispatch import Caller, Dispatcher, Registry
from studio_ext.wire.errors import ApiError, NotImplementedOperation, ValidationException
from studio_ext.wire.observe import Observer
from studio_ext.wire.server import asgi_app

# As in conftest.py, which is not importable in every import mode.
KEYS = Credentials("AKIASTUDIOTEST000000", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
EMPTY = hashlib.sha256(b"").hexdigest()


def signed(server, method, path, service="s3", body=b"", payload=None, headers=None):
    """The headers of a signed request; `payload` replaces the hash that is signed."""
    request = AWSRequest(method, server.url + path, headers or {}, body)

    class Signer(S3SigV4Auth if service == "s3" else SigV4Auth):
        def payload(self, request):
            return payload or super().payload(request)

    Signer(KEYS, service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def exchange(server, method, path, headers, body=b"", connection=None):
    connection = connection or http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer


def post_json(server, target, body, service="sagemaker"):
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    headers = signed(server, "POST", "/", service, body, headers=headers)
    status, text, answer = exchange(server, "POST", "/", headers, body)
    return status, json.loads(text), answer


# --- hostile and broken requests


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b'"x"', b"\xff", b"nul", b'{"MaxResults": ' + b"9" * 5000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b'{"MaxResults":"3"}', b'{"Nothing":1}',
        b'{"NameContains":{}}', b'{"CreationTimeAfter":"soon"}', b'{"CreationTimeAfter":1e300}',
        b'{"MaxResults":NaN}', b'{"MaxResults":true}',
    ],
)  # fmt: skip
def test_bad_json_is_a_bad_request(server, seen, body):
    status, answer, _ = post_json(server, "SageMaker.ListTrainingJobs", body)
    assert status == 400, answer
    assert answer["__type"] in ("SerializationException", "ValidationException")
    assert not seen


def test_deep_json_inside_a_recursive_shape(server, seen):
    deep = '{"SubExpressions":[' * 3000 + "]}" * 3000
    body = f'{{"Resource":"TrainingJob","SearchExpression":{deep}}}'.encode()
    status, answer, _ = post_json(server, "SageMaker.Search", body)
    assert (status, answer["__type"]) == (400, "SerializationException")
    # Within the JSON parser's limit, but not for the walk over the shapes.
    deep = '{"SubExpressions":[' * 450 + "]}" * 450
    body = f'{{"Resource":"TrainingJob","SearchExpression":{deep}}}'.encode()
    status, answer, _ = post_json(server, "SageMaker.Search", body)
    assert status == 400, answer
    assert not seen


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("SageMaker.NoSuch", "UnknownOperationException"),
        ("SageMaker.__class__", "UnknownOperationException"),
        ("Nothing.ListTrainingJobs", "NotImplemented"), ("", "NotImplemented"),
        ("../../x.y", "NotImplemented"),
    ],
)  # fmt: skip
def test_bad_targets(server, target, code):
    status, answer, _ = post_json(server, target, b"{}")
    assert answer["__type"] == code
    assert status in (400, 501)


@pytest.mark.parametrize(
    "path",
    ["/b/k?somethingNew", "/b/k?acl&torrent", "/b/k?torrent", "/b?nothing", "/b/k?partNumber=1"],
)
def test_unknown_subresources_write_nothing(server, seen, path):
    headers = signed(server, "PUT", path, body=b"x")
    status, text, _ = exchange(server, "PUT", path, headers, b"x")
    assert status in (400, 501), text
    assert not [1 for call, _ in seen if call.operation.name in ("PutObject", "CreateBucket")]


def test_bad_xml(server, seen):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>'
    for body in (b"<Delete>", bomb, b"\xff", b"<Delete><Quiet>maybe</Quiet></Delete>"):
        headers = signed(server, "POST", "/b?delete", body=body)
        status, text, _ = exchange(server, "POST", "/b?delete", headers, body)
        assert status == 400, text
    assert not seen


def test_undecodable_key(server, seen):
    headers = signed(server, "PUT", "/b/%FF", body=b"x")
    assert exchange(server, "PUT", "/b/%FF", headers, b"x")[0] == 400


def test_header_injection(server, seen):
    key = "/b/injected"
    headers = signed(server, "PUT", key, body=b"x")
    assert exchange(server, "PUT", key, headers, b"x")[0] == 200
    path = key + "?response-content-type=a%0D%0AX-Evil%3A%201"
    status, _, answer = exchange(server, "GET", path, signed(server, "GET", path))
    assert status == 200
    assert answer.getheader("x-evil") is None


def test_foreign_payload_is_refused(server, seen):
    headers = signed(server, "PUT", "/b/k", body=b"right")
    status, text, _ = exchange(server, "PUT", "/b/k", headers, b"wrong")
    assert status == 400
    assert b"XAmzContentSHA256Mismatch" in text
    assert not seen
    query = b"Action=GetCallerIdentity&Version=2011-06-15"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    headers = signed(server, "POST", "/", "sts", query, headers=form)
    status, text, _ = exchange(server, "POST", "/", headers, query.replace(b"Get", b"Set"))
    assert (status, b"SignatureDoesNotMatch" in text) == (403, True)


def test_content_md5(server, seen):
    body = b"<Delete><Object><Key>a</Key></Object></Delete>"
    for text, expected in ((body, 200), (b"other", 400)):
        digest = base64.b64encode(hashlib.md5(text).digest()).decode()
        headers = signed(server, "POST", "/b?delete", body=body, headers={"Content-MD5": digest})
        assert exchange(server, "POST", "/b?delete", headers, body)[0] == expected


# --- aws-chunked


def chunks_signed(headers, parts, trailer=None, wrong=None):
    """An aws-chunked body over a request signed with `headers`."""
    authorization = headers["Authorization"]
    scope = authorization.split("Credential=")[1].split(",")[0].partition("/")[2]
    previous = authorization.rpartition("Signature=")[2]
    key = f"AWS4{KEYS.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    body = b""

    def chain(kind, hashes):
        nonlocal previous
        text = f"AWS4-HMAC-SHA256-{kind}\n{headers['X-Amz-Date']}\n{scope}\n{previous}\n{hashes}"
        previous = hmac.new(key, text.encode(), "sha256").hexdigest()
        return previous

    for number, part in enumerate([*parts, b""]):
        signature = chain("PAYLOAD", f"{EMPTY}\n{hashlib.sha256(part).hexdigest()}")
        signature = "0" * 64 if number == wrong else signature
        body += f"{len(part):x};chunk-signature={signature}\r\n".encode() + part
        body += b"\r\n" if part or trailer is None else b""
    if trailer is not None:
        line = f"{trailer[0]}:{trailer[1]}"
        digest = hashlib.sha256(f"{line}\n".encode()).hexdigest()
        signature = chain("TRAILER", digest)
        body += f"{line}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()
    return body


PARTS = [os.urandom(65536), os.urandom(65536), b"rest"]


def test_signed_chunks(server, seen):
    content = b"".join(PARTS)
    length = {"x-amz-decoded-content-length": str(len(content)), "Content-Encoding": "aws-chunked"}
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    def put(**options):
        headers = signed(server, "PUT", "/b/chunked", payload=kind, headers=length)
        body = chunks_signed(headers, PARTS, **options)
        return exchange(server, "PUT", "/b/chunked", headers, body)[:2]

    assert put()[0] == 200
    assert seen.last["ContentLength"] == len(content)
    assert "ContentEncoding" not in seen.last
    status, text, _ = exchange(server, "GET", "/b/chunked", signed(server, "GET", "/b/chunked"))
    assert text == content
    seen.clear()
    for wrong in (0, 2, 3):
        status, text = put(wrong=wrong)
        assert (status, b"SignatureDoesNotMatch" in text) == (403, True)
    assert not seen


@pytest.mark.parametrize("is_signed", [True, False])
def test_chunks_with_a_trailer(server, seen, is_signed):
    content = b"".join(PARTS)
    checksum = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    trailer = ("x-amz-checksum-crc32", checksum)
    kind = "AWS4-HMAC-SHA256-PAYLOAD" if is_signed else "UNSIGNED-PAYLOAD"
    headers = signed(
        server, "PUT", "/b/trailer", payload=f"STREAMING-{kind}-TRAILER",
        headers={"x-amz-decoded-content-length": str(len(content)), "x-amz-trailer": trailer[0]},
    )  # fmt: skip
    if is_signed:
        body = chunks_signed(headers, PARTS, trailer)
    else:
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in PARTS)
        body += f"0\r\n{trailer[0]}:{checksum}\r\n\r\n".encode()
    assert exchange(server, "PUT", "/b/trailer", headers, body)[0] == 200
    assert seen.call.trailers == {trailer[0]: checksum}
    seen.clear()
    changed = body.replace(checksum.encode(), b"AAAAAA==")
    status = exchange(server, "PUT", "/b/trailer", headers, changed)[0]
    # Unsigned, the trailer is for the S3 handler to compare.
    assert status == (403 if is_signed else 200)


@pytest.mark.parametrize(
    "body", [b"", b"zz\r\nx", b"5\r\nabc", b"5\r\nabcdeX\r\n0\r\n\r\n", b"3\r\nabc\r\n", b"-1\r\n",
             b"1" * 9000, b"5\r\nabcde\r\n0\r\n\r\n"],
)  # fmt: skip
def test_broken_chunks(server, seen, body):
    headers = signed(
        server, "PUT", "/b/broken", payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        headers={"x-amz-decoded-content-length": "4"},
    )  # fmt: skip
    assert exchange(server, "PUT", "/b/broken", headers, body)[0] == 400
    assert not seen


# --- sizes and connections


def test_large_parsed_bodies_are_refused(server, seen):
    status, answer, _ = post_json(server, "SageMaker.ListTrainingJobs", b" " * (33 << 20))
    assert status == 413
    assert answer["__type"] == "RequestEntityTooLarge"


def test_expect_continue(server, seen):
    """The server asks for the body only after it accepted the headers."""
    good = signed(server, "PUT", "/b/expected", payload="UNSIGNED-PAYLOAD")
    bad = {**good, "Authorization": good["Authorization"][:-4] + "0000"}
    for headers, first in ((good, b"HTTP/1.1 100"), (bad, b"HTTP/1.1 403")):
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"PUT /b/expected HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{lines}"
        with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as wire:
            wire.sendall(f"{head}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n".encode())
            answer = wire.recv(65536)
            assert answer.startswith(first)
            if headers is good:
                wire.sendall(b"abc")
                assert wire.recv(65536).startswith(b"HTTP/1.1 200")
            else:
                assert b"connection: close" in answer


def test_connections_are_reused(server, seen):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    local = connection.sock.getsockname()
    for body in (b"one", b"two"):
        headers = signed(server, "PUT", "/b/reuse", body=body)
        assert exchange(server, "PUT", "/b/reuse", headers, body, connection)[0] == 200
        bad = {**headers, "Authorization": headers["Authorization"][:-4] + "0000"}
        assert exchange(server, "PUT", "/b/reuse", bad, body, connection)[0] == 403
        assert connection.sock.getsockname() == local


def test_broken_upload_stores_nothing(server, seen):
    headers = signed(server, "PUT", "/b/cut", payload="UNSIGNED-PAYLOAD")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"PUT /b/cut HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{lines}"
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as wire:
        wire.sendall(f"{head}Content-Length: 1000\r\n\r\nabc".encode())
    status, _, _ = exchange(server, "HEAD", "/b/cut", signed(server, "HEAD", "/b/cut"))
    assert status == 404


def test_head_errors_have_no_body(server):
    status, text, answer = exchange(server, "HEAD", "/b/none", signed(server, "HEAD", "/b/none"))
    assert (status, text) == (404, b"")
    assert answer.getheader("x-amz-request-id")


class Notes(Observer):
    """Keeps what it is told, as (what, request id) and the exchanges that ended."""

    def __init__(self):
        self.told, self.ended_ones = [], {}

    def begun(self, exchange):
        self.told.append(("begun", exchange.request_id))
        return "back"

    def admitted(self, call, params):
        self.told.append(("admitted", call.request_id))

    def answered(self, call, params, answer, error):
        self.told.append(("answered", call.request_id))

    def refused(self, exchange, error):
        self.told.append(("refused", exchange.request_id))

    def ended(self, exchange, begun):
        assert begun == "back"
        self.ended_ones[exchange.request_id] = exchange

    def of(self, answer):
        """What was told of one request, and its exchange; known once the answer is out."""
        mine = answer.getheader("x-amzn-requestid") or answer.getheader("x-amz-request-id")
        deadline = time.monotonic() + 60
        while mine not in self.ended_ones:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return [what for what, found in self.told if found == mine], self.ended_ones[mine]


@pytest.fixture
def notes(dispatcher, monkeypatch):
    notes = Notes()
    monkeypatch.setattr(dispatcher, "observer", notes)
    return notes


def test_an_observer_sees_a_call(server, notes):
    _, _, answer = post_json(server, "SageMaker.ListTrainingJobs", b"{}")
    told, seen = notes.of(answer)
    assert told == ["begun", "admitted", "answered"]
    assert (seen.service, seen.operation, seen.status) == ("sagemaker", "ListTrainingJobs", 200)
    assert (seen.caller.domain, seen.caller.access_key) == ("default", KEYS.access_key)
    assert (seen.received, seen.sent, seen.error) == (
        2,
        int(answer.getheader("content-length")),
        "",
    )
    assert seen.source == "127.0.0.1" and 0 < seen.seconds < 10


def test_an_observer_sees_what_is_refused(server, notes):
    status, _, answer = exchange(server, "GET", "/b/none", {})
    told, seen = notes.of(answer)
    assert status == 403 and told == ["begun", "refused"]
    assert (seen.operation, seen.caller, seen.status) == ("GetObject", None, 403)
    # A call that is not valid reaches no handler, but it has an outcome.
    status, _, answer = post_json(server, "SageMaker.AddTags", b"{}")
    told, seen = notes.of(answer)
    assert status == 400 and told == ["begun", "answered"]
    assert seen.error == "ValidationException"


# --- mounted elsewhere, and in process


def asgi_scope(server, method, path, headers, root=""):
    headers = {**headers, "Host": urlsplit(server.url).netloc}
    return {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "raw_path": path.encode(), "root_path": root, "asgi": {"spec_version": "2.4"},
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip


async def call_app(app, scope, body=b""):
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


def test_under_a_root_path(server, dispatcher, seen):
    path = "/studio/aws/b/a%20b"
    scope = asgi_scope(server, "DELETE", path, signed(server, "DELETE", path), "/studio/aws")
    sent = asyncio.run(call_app(asgi_app(dispatcher), scope))
    assert sent[0]["status"] == 204
    assert (seen.last["Bucket"], seen.last["Key"]) == ("b", "a b")


def test_uploads_are_taken_at_the_speed_of_the_handler(server, keys):
    """No chunk is asked of the client before the handler is done with the one before."""
    received, lead = 0, []

    async def put(call, params):
        used = 0
        async for _ in call.body:
            await asyncio.sleep(0)
            lead.append(received - used)
            used += 1
        return {}

    async def receive():
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b"x" * 65536, "more_body": received < 100}

    async def send(message):
        statuses.append(message.get("status"))

    statuses = []
    registry = Registry()
    registry.add("s3", "PutObject", put)
    app = asgi_app(Dispatcher(registry, keys, "us-east-1"))
    headers = signed(server, "PUT", "/b/k", payload="UNSIGNED-PAYLOAD")
    scope = asgi_scope(server, "PUT", "/b/k", {**headers, "Content-Length": str(65536 * 100)})
    asyncio.run(app(scope, receive, send))
    assert statuses[0] == 200
    assert lead == [1] * 100


def test_invoke_in_process(dispatcher, seen):
    caller = Caller("panel", "ana", "d", "arn:role")

    def invoke(operation, params):
        return asyncio.run(dispatcher.invoke("sagemaker", operation, params, caller))

    assert invoke("ListTrainingJobs", {})["TrainingJobSummaries"] == []
    assert seen.call.caller == caller
    with pytest.raises(ValidationException, match="NameContains"):
        invoke("ListTrainingJobs", {"NameContains": 3})
    with pytest.raises(NotImplementedOperation):
        invoke("ListHubs", {})
    with pytest.raises(ApiError, match="UnknownOperation"):
        invoke("Nonsense", {})
    with pytest.raises(ApiError, match="InternalFailure"):
        invoke("DescribeTrainingJob", {"TrainingJobName": "crash"})


def test_handlers_register_once():
    registry = Registry()
    registry.add("s3", "GetObject", lambda call, params: {})
    assert registry.operations("s3") == ("GetObject",)
    assert registry.operations("sts") == ()
    with pytest.raises(ValueError, match="already"):
        registry.add("s3", "GetObject", lambda call, params: {})


def test_slow_handlers_do_not_block_others(keys):
    """Sync handlers run beside each other and beside the event loop."""
    import threading

    gate = threading.Barrier(8, timeout=60)

    def wait(call, params):
        gate.wait()
        return {}

    registry = Registry()
    registry.add("sagemaker", "ListTrainingJobs", wait)
    dispatcher = Dispatcher(registry, keys, "us-east-1")
    caller = Caller("panel", "ana", "d", "arn:role")

    async def main():
        call = [dispatcher.invoke("sagemaker", "ListTrainingJobs", {}, caller) for _ in range(8)]
        return await asyncio.gather(*call)

    assert asyncio.run(main()) == [{}] * 8
    dispatcher.close()


def test_errors_survive_the_client(client):
    with pytest.raises(ClientError) as failure:
        client("sts").get_access_key_info(AccessKeyId="AKIA0000000000000000")
    assert failure.value.response["Error"]["Code"] == "NotImplemented"
    assert failure.value.response["ResponseMetadata"]["RequestId"]
