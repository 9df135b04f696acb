"""Checks who signed a request: SigV4 in headers or in the query, SigV2 in the query (S3 URLs).

It finds the claim in a request, looks the key up, makes the signature that it should have and
compares. It loads nothing of botocore, so the invocation gateway can afford `verify`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

from .errors import ApiError
from .identity import CredentialLike
from .request import Request, parse_query

SKEW_S = 15 * 60
MAX_PRESIGN_S = 7 * 24 * 3600
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
ALGORITHM = "AWS4-HMAC-SHA256"

Lookup = Callable[[str], CredentialLike | None]

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),?\s*SignedHeaders=([^,\s]+),?\s*"
)
_SIGNATURE = re.compile(r"\w+")
_LONGEST = 4096  # bytes of a claim, which are kept for the next request
_FORM = "Use AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature."
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
_TIMESTAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")


@dataclass(slots=True)
class Claim:
    """What a request says of its signature, unchecked. Times are epoch seconds."""

    kind: str  # "header", "query" (SigV4), "v2" (SigV2 query)
    access_key: str
    signature: str
    date: str = ""
    region: str = ""
    service: str = "s3"
    signed_headers: tuple[str, ...] = ()
    timestamp: str = ""
    expires: int | None = None
    token: str | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


class Signed(NamedTuple):
    """A verified signature; `signing_key` continues it over the chunks of a streamed body."""

    credential: CredentialLike
    claim: Claim
    signing_key: bytes = b""


def verify(
    method: str, url: str, headers: Mapping[str, str], body_hash: str | None, lookup: Lookup
) -> CredentialLike:
    """The credential that signed a request, or raises `ApiError`.

    `url` is path and query as sent (still encoded), `headers` have lower-case names, `body_hash`
    is the hex SHA-256 of the payload; None means it is not read yet, in which case the signed
    `x-amz-content-sha256` stands for it and the reader of the body has to check that.
    """
    return authenticate(method, url, headers, body_hash, lookup).credential


def authenticate(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body_hash: str | None,
    lookup: Lookup,
    now: float | None = None,
) -> Signed:
    """As `verify`, with the claim and the signing key. `now` is the server's clock."""
    path, _, query = url.partition("?")
    claim = _claim(headers, query)
    now = time.time() if now is None else now
    _check_time(claim, now)
    credential = lookup(claim.access_key)
    if credential is None:
        raise _unknown_key(claim)
    _check_token(claim, credential, now)
    if claim.kind == "v2":
        from .signature_v2 import signature  # here, because it takes botocore, and few need it

        # A path may begin with "//", which urlsplit alone would take for a host.
        split = urlsplit("http://host" + url)
        keys = credential.access_key_id, credential.secret_access_key
        expected, key = signature(method, split, headers, keys, claim.expires), b""
    else:
        expected, key = _v4_signature(method, path, query, headers, body_hash, claim, credential)
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise ApiError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your secret access key and signing method.",
            403,
        )
    return Signed(credential, claim, key)


def scope_service(request: Request) -> str | None:
    """The service named by a request's (unchecked) credential scope; None when it has none."""
    match = _AUTHORIZATION.match(request.headers.get("authorization", ""))
    credential = match[1] if match else request.first("X-Amz-Credential") or ""
    parts = credential.rsplit("/", 4)
    return parts[3] if len(parts) == 5 else None


# --- finding the claim


def _claim(headers: Mapping[str, str], query: str) -> Claim:
    header = headers.get("authorization")
    if header is not None:
        return _header_claim(header, headers)
    if "Signature=" in query:
        given = parse_query(query)
        fields = {name: values[0] for name, values in given.items()}
        if any(len(given[name]) > 1 for name in given if name.startswith("X-Amz-")):
            raise _malformed("A parameter of the signature is given twice.")
        if "X-Amz-Signature" in fields:
            return _query_claim(fields)
        if {"AWSAccessKeyId", "Signature", "Expires"} <= fields.keys():
            return _v2_claim(fields, headers)
    raise _missing(headers)


def _missing(headers: Mapping[str, str]) -> ApiError:
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if "x-amz-target" in headers or form:
        text = "Request is missing Authentication Token"
        return ApiError("MissingAuthenticationToken", text, 403)
    return ApiError("AccessDenied", "Access Denied", 403)


def _header_claim(header: str, headers: Mapping[str, str]) -> Claim:
    start, _, signature = header.rpartition("Signature=")
    scope, names = _authorization(start)
    signature = signature.rstrip()
    if not (signature.isalnum() or _SIGNATURE.fullmatch(signature)):
        raise _malformed(_FORM)
    timestamp = headers.get("x-amz-date") or _from_http_date(headers.get("date", ""))
    token = headers.get("x-amz-security-token")
    key, date, region, service = _dated(scope, timestamp)
    return Claim("header", key, signature, date, region, service, names, timestamp, None, token)


@lru_cache(maxsize=1024)
def _authorization(start: str) -> tuple[_Scope | None, tuple[str, ...]]:
    """Scope and signed headers; a client repeats them all day, only its signatures change."""
    match = _AUTHORIZATION.fullmatch(start)
    if match is None or len(start) > _LONGEST:
        raise _malformed(_FORM)
    return _scope(match[1]), tuple(match[2].split(";"))


def _query_claim(fields: Mapping[str, str]) -> Claim:
    try:
        expires = int(fields["X-Amz-Expires"])
        timestamp = fields["X-Amz-Date"]
        credential = fields["X-Amz-Credential"]
        signed_headers = fields["X-Amz-SignedHeaders"]
    except (KeyError, ValueError):
        raise _malformed("Query-string authentication lacks a parameter.") from None
    if fields.get("X-Amz-Algorithm") != ALGORITHM or not 0 < expires <= MAX_PRESIGN_S:
        raise _malformed("X-Amz-Algorithm or X-Amz-Expires is not valid.")
    names, token = tuple(signed_headers.split(";")), fields.get("X-Amz-Security-Token")
    key, date, region, service = _dated(_scope(credential), timestamp)
    signature = fields["X-Amz-Signature"]
    return Claim("query", key, signature, date, region, service, names, timestamp, expires, token)


def _v2_claim(fields: Mapping[str, str], headers: Mapping[str, str]) -> Claim:
    if not re.fullmatch(r"\d{1,12}", fields["Expires"]):
        raise _malformed("Expires is not a number of seconds.")
    token = fields.get("x-amz-security-token") or headers.get("x-amz-security-token")
    key, signature = fields["AWSAccessKeyId"], fields["Signature"]
    return Claim("v2", key, signature, expires=int(fields["Expires"]), token=token)


_Scope = tuple[str, str, str, str]  # access key, date, region, service


def _scope(credential: str) -> _Scope | None:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        return None
    return parts[0], parts[1], parts[2], parts[3]


def _dated(scope: _Scope | None, timestamp: str) -> _Scope:
    """A scope that is one, and of the day of the signature."""
    if scope is None or scope[1] != timestamp[:8]:
        raise _malformed("The credential scope is not key/date/region/service/aws4_request.")
    return scope


def _from_http_date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        raise _malformed("Signed requests need an X-Amz-Date or Date header.") from None


def _malformed(text: str) -> ApiError:
    return ApiError("IncompleteSignature", text, 400)


# --- checking it


def _check_time(claim: Claim, now: float) -> None:
    if claim.kind == "v2":
        if now > (claim.expires or 0):
            raise ApiError("AccessDenied", "Request has expired", 403)
        return
    signed_at = _epoch(claim.timestamp)
    if claim.kind == "query":
        if now > signed_at + (claim.expires or 0):
            raise ApiError("AccessDenied", "Request has expired", 403)
        if signed_at > now + SKEW_S:
            raise ApiError("AccessDenied", "Request is not yet valid", 403)
    elif abs(now - signed_at) > SKEW_S:
        text = "The difference between the request time and the current time is too large."
        if claim.service == "s3":
            raise ApiError("RequestTimeTooSkewed", text, 403)
        when = "Signature expired" if signed_at < now else "Signature not yet current"
        raise ApiError("SignatureDoesNotMatch", f"{when}: {claim.timestamp}. {text}", 403)


@lru_cache(maxsize=64)
def _epoch(timestamp: str) -> int:
    match = _TIMESTAMP.fullmatch(timestamp)
    if match is None:
        raise _malformed("The request's date is not in the form YYYYMMDD'T'HHMMSS'Z'.")
    return timegm(tuple(int(part) for part in match.groups()))


def _unknown_key(claim: Claim) -> ApiError:
    if claim.service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return ApiError("InvalidAccessKeyId", text, 403)
    text = "The security token included in the request is invalid."
    return ApiError("InvalidClientTokenId", text, 403)


def _check_token(claim: Claim, credential: CredentialLike, now: float) -> None:
    expected, given = credential.session_token or "", claim.token or ""
    if (expected or given) and not hmac.compare_digest(expected.encode(), given.encode()):
        code = "InvalidToken" if claim.service == "s3" else "InvalidClientTokenId"
        raise ApiError(code, "The security token included in the request is invalid.", 403)
    if credential.expires is not None and credential.expires <= now:
        text = "The security token included in the request is expired"
        if claim.service == "s3":
            raise ApiError("ExpiredToken", text, 400)
        raise ApiError("ExpiredTokenException", text, 403)


def _canonical_query(query: str) -> str:
    pairs = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if part and name != "X-Amz-Signature":
            pairs.append((_encode(name), _encode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _canonical_path(path: str, service: str) -> str:
    # S3 signs the path once encoded, with no dots removed; the others encode it twice.
    if service == "s3":
        return _encode(path, "/") or "/"
    return _canonical_path_of_others(path)


@lru_cache(maxsize=64)
def _canonical_path_of_others(path: str) -> str:
    if _PLAIN_PATH.fullmatch(path) and "//" not in path and "/." not in path:
        return path or "/"
    from botocore.utils import normalize_url_path  # here, because few need it

    return quote(normalize_url_path(path), safe="/~")


@lru_cache(maxsize=1024)
def _sorted_names(names: tuple[str, ...]) -> tuple[list[str], str]:
    """The signed headers in their order, and their list as it is signed."""
    return sorted(set(names)), ";".join(sorted({name.lower().strip() for name in names}))


def _canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], claim: Claim, body_hash: str
) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

    As ``botocore.auth.SigV4Auth`` makes it, less what it does for clients; the tests hold the two
    together.
    """
    names, listed = _sorted_names(claim.signed_headers)
    path = _canonical_path(path, claim.service)
    query = _canonical_query(query) if query else ""
    values = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in names]
    return "\n".join((method.upper(), path, query, *values, "", listed, body_hash))


def _encode(text: str, also_safe: str = "") -> str:
    """The canonical percent-encoding of an already encoded text (clients differ in what they
    leave bare). Texts with nothing to encode take the short way."""
    if (_PLAIN_PATH if also_safe else _PLAIN).fullmatch(text):
        return text
    return quote(unquote_to_bytes(text), safe=also_safe + "-_.~")


def _v4_signature(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body_hash: str | None,
    claim: Claim,
    credential: CredentialLike,
) -> tuple[str, bytes]:
    _check_signed_headers(claim.signed_headers, tuple(headers))
    payload = _payload_hash(claim, headers, body_hash)
    request = _canonical_request(method, path, query, headers, claim, payload)
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{digest}"
    secret = credential.secret_access_key
    key, keyed = _signing_key(secret, claim.date, claim.region, claim.service)
    code = keyed.copy()
    code.update(text.encode())
    return code.hexdigest(), key


@lru_cache(maxsize=64)
def _check_signed_headers(names: tuple[str, ...], headers: tuple[str, ...]) -> None:
    if "host" not in names:
        raise _malformed("The host header must be signed.")
    for name in headers:
        # The payload hash may stay unsigned: it enters the signature by itself.
        if name[:6] == "x-amz-" and name not in names and name != "x-amz-content-sha256":
            text = f"There were headers present in the request which were not signed: {name}"
            raise ApiError("AccessDenied", text, 403)


def _payload_hash(claim: Claim, headers: Mapping[str, str], body_hash: str | None) -> str:
    """The payload hash that was signed; a declared one must be that of the payload read."""
    declared = headers.get("x-amz-content-sha256")
    if declared is None:
        if claim.kind == "query" and claim.service == "s3":
            return UNSIGNED_PAYLOAD
        if body_hash is None:
            text = "Missing required header for this request: x-amz-content-sha256"
            raise ApiError("InvalidRequest", text)
        return body_hash
    is_hash = len(declared) == 64
    if is_hash and body_hash is not None and not hmac.compare_digest(declared, body_hash):
        raise payload_mismatch()
    return declared


def payload_mismatch() -> ApiError:
    """The payload is not the one whose hash was signed."""
    text = "The provided 'x-amz-content-sha256' header does not match what was computed."
    return ApiError("XAmzContentSHA256Mismatch", text)


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> tuple[bytes, hmac.HMAC]:
    """The day's key for a scope, which botocore derives anew for every signature, and a code that
    has begun with it: OpenSSL takes longer to find its algorithm and begin than to sign."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key, hmac.new(key, digestmod="sha256")
