"""Who may call: header and query signatures, their limits and their errors."""

from __future__ import annotations

import http.client
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.wire.errors import ApiError
from studio_ext.wire.identity import Credential
from studio_ext.wire.signature import EMPTY_SHA256, authenticate, verify

# As in conftest.py, which is not importable in every import mode.
KEY, SECRET = "AKIASTUDIOTEST000000", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
STORED = Credential("AKID", "secret/+=", None, "default", "default", "arn:role")


def lookup(key: str) -> Credential | None:
    return STORED if key == "AKID" else None


def code_of(call, *arguments, **named) -> tuple[str, int]:
    with pytest.raises(ClientError) as failure:
        call(*arguments, **named)
    response = failure.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


# --- through clients


@pytest.mark.parametrize(
    ("service", "method", "unknown", "missing"),
    [
        ("sagemaker", "list_training_jobs", "InvalidClientTokenId", "MissingAuthenticationToken"),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "MissingAuthenticationToken"),
        ("s3", "list_buckets", "InvalidAccessKeyId", "AccessDenied"),
    ],
)
def test_refused_in_each_protocol(client, seen, service, method, unknown, missing):
    assert code_of(getattr(client(service, key="AKIANOBODY"), method)) == (unknown, 403)
    wrong = getattr(client(service, secret="wrong"), method)
    assert code_of(wrong) == ("SignatureDoesNotMatch", 403)
    anonymous = getattr(client(service, signature_version=UNSIGNED), method)
    assert code_of(anonymous) == (missing, 403)
    assert not seen


def test_refused_upload_reaches_no_handler(client, seen):
    upload = client("s3", secret="wrong").put_object
    assert code_of(upload, Bucket="b", Key="k", Body=b"x" * 3_000_000)[0] == "SignatureDoesNotMatch"
    assert not seen


def test_session_tokens(client, seen):
    sts = client("sts", "ASIATEMP", "temporary secret", "the token")
    assert sts.get_caller_identity()["Arn"].endswith("/ana")
    for token in (None, "another"):
        call = client("sts", "ASIATEMP", "temporary secret", token).get_caller_identity
        assert code_of(call) == ("InvalidClientTokenId", 403)
    call = client("s3", "ASIATEMP", "temporary secret", "another").list_buckets
    assert code_of(call) == ("InvalidToken", 403)
    call = client("sts", "ASIAOLD", "old secret", "old token").get_caller_identity
    assert code_of(call) == ("ExpiredTokenException", 403)


@pytest.mark.parametrize(
    ("service", "minutes", "expected"),
    [
        ("s3", -14, b"ListAllMyBucketsResult"), ("s3", 14, b"ListAllMyBucketsResult"),
        ("s3", -16, b"<Code>RequestTimeTooSkewed</Code>"),
        ("s3", 16, b"<Code>RequestTimeTooSkewed</Code>"),
        ("lambda", -16, b"Signature expired"), ("lambda", 16, b"Signature not yet current"),
    ],
)  # fmt: skip
def test_skewed_clocks(server, seen, monkeypatch, service, minutes, expected):
    moved = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moved)
    target, headers = sign(server.url + "/", service=service, keys=(KEY, SECRET))
    status, text = send("GET", server.url + target, headers=headers)
    assert expected in text
    assert status == (403 if abs(minutes) > 15 else 200)


# --- presigned URLs


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("key", ["plain", "a b+c/ü☃", "//x/../y%20"])
def test_presigned_put_and_get(client, seen, version, key):
    s3 = client("s3", signature_version=version)
    where = {"Bucket": "b", "Key": key}
    put = s3.generate_presigned_url("put_object", where)
    assert ("AWSAccessKeyId" in put) == (version == "s3")
    assert send("PUT", put, b"body") == (200, b"")
    assert seen.last["Key"] == key
    arguments = {**where, "ResponseContentType": "text/x"}
    get = s3.generate_presigned_url("get_object", arguments, ExpiresIn=60)
    assert send("GET", get) == (200, b"body")
    assert seen.last["ResponseContentType"] == "text/x"


def send(method: str, url: str, body: bytes | None = None, headers=None) -> tuple[int, bytes]:
    """Sends the URL exactly as given (`requests` would tidy `..` away)."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    target = urlunsplit(("", "", parts.path, parts.query, ""))
    target = target[2:] if target.startswith("////") else target
    connection.request(method, target, body, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_by_temporary_keys(client, seen, version):
    s3 = client("s3", "ASIATEMP", "temporary secret", "the token", signature_version=version)
    url = s3.generate_presigned_url("get_object", {"Bucket": "b", "Key": "none"})
    assert b"NoSuchKey" in send("GET", url)[1]
    status, text = send("GET", url.replace("the%20token", "x").replace("the+token", "x"))
    assert status == 403
    assert b"InvalidToken" in text


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_limits(client, seen, version):
    s3 = client("s3", signature_version=version)
    url = s3.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"}, ExpiresIn=100)
    for changed in (url.replace("/b/k", "/b/other"), url + "&versionId=1"):
        status, text = send("GET", changed)
        assert (status, b"SignatureDoesNotMatch" in text) == (403, True)
    assert b"SignatureDoesNotMatch" in send("DELETE", url)[1]
    url = s3.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"}, ExpiresIn=1)
    time.sleep(2.1)  # whole seconds count
    status, text = send("GET", url)
    assert (status, b"Request has expired" in text) == (403, True)
    unknown = client("s3", key="AKIANOBODY", signature_version=version)
    url = unknown.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"})
    assert b"InvalidAccessKeyId" in send("GET", url)[1]


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_headers_are_part_of_it(client, seen, version):
    s3 = client("s3", signature_version=version)
    arguments = {"Bucket": "b", "Key": "k", "ContentType": "text/x", "Metadata": {"a": "b"}}
    url = s3.generate_presigned_url("put_object", arguments)
    headers = {"Content-Type": "text/x", "x-amz-meta-a": "b"}
    assert requests.put(url, b"1", headers=headers, timeout=60).status_code == 200
    assert seen.last["ContentType"] == "text/x"
    wrong = {**headers, "Content-Type": "text/y"}
    assert requests.put(url, b"1", headers=wrong, timeout=60).status_code == 403
    extra = {**headers, "x-amz-acl": "public-read"}
    assert requests.put(url, b"1", headers=extra, timeout=60).status_code == 403


def test_presigned_sts(client):
    url = client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    status, text = send("GET", url)
    assert status == 200
    assert b"<Account>000000000000</Account>" in text


# --- the function itself


def sign(
    url="http://h:1/b/k", method="GET", service="s3", body=b"", headers=None, keys=None
):  # fmt: skip
    """Path with query, and headers, of a request signed by botocore's own Python code."""
    credentials = Credentials(*(keys or ("AKID", STORED.secret_access_key)))
    request = AWSRequest(method, url, headers or {}, body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(credentials, service, "eu-west-1").add_auth(request)
    signed = {name.lower(): value for name, value in request.headers.items()}
    parts = urlsplit(url)
    return url[len(f"http://{parts.netloc}") :] or "/", {"host": parts.netloc, **signed}


def refusal(*arguments, **named) -> str:
    with pytest.raises(ApiError) as failure:
        authenticate(*arguments, **named)
    return failure.value.code


def test_verify_returns_the_credential():
    url, headers = sign()
    assert verify("GET", url, headers, EMPTY_SHA256, lookup) is STORED
    assert refusal("PUT", url, headers, None, lookup) == "SignatureDoesNotMatch"
    assert refusal("GET", url + "?x", headers, None, lookup) == "SignatureDoesNotMatch"
    assert refusal("GET", url, headers, "0" * 64, lookup) == "XAmzContentSHA256Mismatch"
    assert refusal("GET", url, {**headers, "x-amz-acl": "x"}, None, lookup) == "AccessDenied"
    changed = {**headers, "host": "other"}
    assert refusal("GET", url, changed, None, lookup) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), ("Credential=AKID/", "Credential="),
        ("host;", ""), ("/aws4_request", "/aws3_request"), ("Signature=", "Signature=zz, x="),
        ("AWS4", "AWS AKID:sig AWS4"),
    ],
)  # fmt: skip
def test_malformed_headers(old, new):
    url, headers = sign()
    assert old in headers["authorization"]
    headers["authorization"] = headers["authorization"].replace(old, new)
    assert refusal("GET", url, headers, None, lookup) == "IncompleteSignature"


@pytest.mark.parametrize("date", ["", "2026", "20261301T000000Z ", "2026-01-01T00:00:00Z"])
def test_malformed_dates(date):
    url, headers = sign()
    assert refusal("GET", url, {**headers, "x-amz-date": date}, None, lookup) in (
        "IncompleteSignature",
        "SignatureDoesNotMatch",
    )


def test_body_must_be_hashed_by_someone():
    url, headers = sign(service="sagemaker", method="POST", body=b"{}")
    assert "x-amz-content-sha256" not in headers
    assert refusal("POST", url, headers, None, lookup) == "InvalidRequest"
    assert refusal("POST", url, headers, EMPTY_SHA256, lookup) == "SignatureDoesNotMatch"


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(path=text, query=st.dictionaries(text.filter(bool), text, max_size=3), value=text)
def test_whatever_botocore_signs_verifies(path, query, value):
    from botocore.utils import percent_encode, percent_encode_sequence

    url = "http://h/" + percent_encode(path, safe="/~")
    if query:
        url += "?" + percent_encode_sequence(query)
    header = " ".join(value.encode("unicode_escape").decode().split())
    for service in ("s3", "sagemaker"):
        target, headers = sign(url, service=service, headers={"x-amz-meta-v": header})
        assert verify("GET", target, headers, EMPTY_SHA256, lookup) is STORED


def test_other_clients_may_leave_more_characters_bare():
    """Signed over the canonical encoding, sent with `!` and `'` unescaped."""
    encoded, headers = sign("http://h/b/a%21b%27c?prefix=x%2Fy")
    assert encoded == "/b/a%21b%27c?prefix=x%2Fy"
    assert verify("GET", "/b/a!b'c?prefix=x/y", headers, None, lookup) is STORED


def test_verify_is_cheap():
    """The gateway verifies each prediction; generous here, since machines differ."""
    url, headers = sign("http://h/endpoints/e/invocations", "POST", "sagemaker", b"1,2,3")
    from hashlib import sha256

    body_hash = sha256(b"1,2,3").hexdigest()
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(100):
            verify("POST", url, headers, body_hash, lookup)
        best = min(best, (time.perf_counter() - started) / 100)
    assert best < 500e-6
    print(f"verify: {best * 1e6:.0f} us")
