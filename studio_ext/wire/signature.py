"""Checks who signed a request: SigV4 in headers or in the query, SigV2 in the query (S3 URLs).

Canonical forms and signatures come from `botocore.auth`, the code that clients sign with; this
module only finds the claim in a request, looks the key up and compares. It loads no service
model, so the invocation gateway can use `verify` alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from botocore.auth import HmacV1QueryAuth, SigV4Auth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

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
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),?\s*SignedHeaders=([^,\s]+),?\s*Signature=(\w+)\s*"
)
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
_TIMESTAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Signed:
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
    # A path may begin with "//", which urlsplit alone would take for a host.
    split = urlsplit("http://host" + url)
    claim = _claim(headers, split.query)
    now = time.time() if now is None else now
    _check_time(claim, now)
    credential = lookup(claim.access_key)
    if credential is None:
        raise _unknown_key(claim)
    _check_token(claim, credential, now)
    if claim.kind == "v2":
        expected, key = _v2_signature(method, split, headers, claim, credential), b""
    else:
        expected, key = _v4_signature(method, split, headers, body_hash, claim, credential)
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
        fields = {name: values[0] for name, values in parse_query(query).items()}
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
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise _malformed("Use AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature.")
    timestamp = headers.get("x-amz-date") or _from_http_date(headers.get("date", ""))
    return Claim(
        kind="header",
        signature=match[3],
        signed_headers=tuple(match[2].split(";")),
        timestamp=timestamp,
        token=headers.get("x-amz-security-token"),
        **_scope(match[1], timestamp),
    )


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
    return Claim(
        kind="query",
        signature=fields["X-Amz-Signature"],
        signed_headers=tuple(signed_headers.split(";")),
        timestamp=timestamp,
        expires=expires,
        token=fields.get("X-Amz-Security-Token"),
        **_scope(credential, timestamp),
    )


def _v2_claim(fields: Mapping[str, str], headers: Mapping[str, str]) -> Claim:
    if not re.fullmatch(r"\d{1,12}", fields["Expires"]):
        raise _malformed("Expires is not a number of seconds.")
    token = fields.get("x-amz-security-token") or headers.get("x-amz-security-token")
    key, signature = fields["AWSAccessKeyId"], fields["Signature"]
    return Claim("v2", key, signature, expires=int(fields["Expires"]), token=token)


def _scope(credential: str, timestamp: str) -> dict[str, Any]:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or parts[1] != timestamp[:8]:
        raise _malformed("The credential scope is not key/date/region/service/aws4_request.")
    return dict(zip(("access_key", "date", "region", "service"), parts, strict=False))


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
    if not hmac.compare_digest(expected.encode(), given.encode()):
        code = "InvalidToken" if claim.service == "s3" else "InvalidClientTokenId"
        raise ApiError(code, "The security token included in the request is invalid.", 403)
    if credential.expires is not None and credential.expires <= now:
        text = "The security token included in the request is expired"
        if claim.service == "s3":
            raise ApiError("ExpiredToken", text, 400)
        raise ApiError("ExpiredTokenException", text, 403)


class _SignedHeaders:
    """The part of `HTTPHeaders` that canonicalisation reads, without its parsing costs."""

    def __init__(self, headers: Mapping[str, str], names: tuple[str, ...]) -> None:
        self._headers, self._names = headers, names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def get_all(self, name: str) -> tuple[str]:
        return (self._headers.get(name, ""),)


class _V4(SigV4Auth):
    """botocore's signer, fed with the headers the client says it signed."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.signed

    def payload(self, request: Any) -> str:
        return request.body_hash

    def canonical_query_string(self, request: Any) -> str:
        pairs = []
        for part in urlsplit(request.url).query.split("&"):
            name, _, value = part.partition("=")
            if part and name != "X-Amz-Signature":
                pairs.append((_encode(name), _encode(value)))
        return "&".join(f"{name}={value}" for name, value in sorted(pairs))

    def _normalize_url_path(self, path: str) -> str:
        # S3 signs the path once encoded, with no dots removed; the others encode it twice.
        if self._service_name == "s3":
            return _encode(path, "/")
        return super()._normalize_url_path(path)


def _encode(text: str, also_safe: str = "") -> str:
    """The canonical percent-encoding of an already encoded text (clients differ in what they
    leave bare). Texts with nothing to encode take the short way."""
    if (_PLAIN_PATH if also_safe else _PLAIN).fullmatch(text):
        return text
    return quote(unquote_to_bytes(text), safe=also_safe + "-_.~")


def _v4_signature(
    method: str,
    split: SplitResult,
    headers: Mapping[str, str],
    body_hash: str | None,
    claim: Claim,
    credential: CredentialLike,
) -> tuple[str, bytes]:
    _check_signed_headers(claim, headers)
    request = SimpleNamespace(
        method=method,
        url=split.geturl(),
        headers={},
        signed=_SignedHeaders(headers, claim.signed_headers),
        body_hash=_payload_hash(claim, headers, body_hash),
        context={"timestamp": claim.timestamp},
    )
    keys = Credentials(credential.access_key_id, credential.secret_access_key)
    signer = _V4(keys, claim.service, claim.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    key = _signing_key(credential.secret_access_key, claim.date, claim.region, claim.service)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), key


def _check_signed_headers(claim: Claim, headers: Mapping[str, str]) -> None:
    names = claim.signed_headers
    if "host" not in names:
        raise _malformed("The host header must be signed.")
    for name in headers.keys() - names:
        # The payload hash may stay unsigned: it enters the signature by itself.
        if name.startswith("x-amz-") and name != "x-amz-content-sha256":
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
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The day's key for a scope; botocore derives it anew for every signature."""
    signer = _V4(Credentials("", secret), service, region)
    key = signer._sign(f"AWS4{secret}".encode(), date)
    for part in (region, service, "aws4_request"):
        key = signer._sign(key, part)
    return key


class _V2(HmacV1QueryAuth):
    """botocore's SigV2 URL signer at the expiry the URL carries."""

    def _get_date(self) -> str:
        return str(self._expires)


def _v2_signature(
    method: str,
    split: SplitResult,
    headers: Mapping[str, str],
    claim: Claim,
    credential: CredentialLike,
) -> str:
    relevant = HTTPHeaders()
    fields = {name.lower(): values[0] for name, values in parse_query(split.query).items()}
    for source in (fields, headers):  # the URL may carry what was signed as a header
        for name, value in source.items():
            if name.startswith("x-amz-") or name in ("content-type", "content-md5"):
                del relevant[name]
                relevant[name] = value
    keys = Credentials(credential.access_key_id, credential.secret_access_key)
    signer = _V2(keys, expires=claim.expires)
    return signer.get_signature(method, split, relevant)
