"""HTTP by hand: requests as bytes, so that anything can be wrong with them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, unquote_to_bytes

from botocore.utils import normalize_url_path

TIMEOUT_S = 30.0
_SAFE = "-_.~"


@dataclass(frozen=True)
class Key:
    """What a client signs with."""

    access: str
    secret: str
    token: str | None = None


@dataclass(frozen=True)
class Wire:
    """A request before it is signed. ``path`` and ``query`` are encoded as they will be sent;
    ``service`` is the signing name."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    service: str = "sagemaker"
    protocol: str = "json"

    def with_header(self, name: str, value: str) -> Wire:
        """The request with a header set."""
        kept = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return replace(self, headers=(*kept, (name, value)))

    @property
    def target(self) -> str:
        """The request line's target."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def raw(self) -> bytes:
        """All of the request's bytes, with a Content-Length unless it has a length already."""
        names = {name.lower() for name, _ in self.headers}
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body


def signed(
    wire: Wire,
    key: Key,
    host: str,
    *,
    region: str = "us-east-1",
    now: float | None = None,
    body_hash: str | None = None,
) -> Wire:
    """The request with an Authorization header; SigV4 after AWS's own description of it."""
    stamp = _stamp(now)
    body_hash = body_hash or hashlib.sha256(wire.body).hexdigest()
    wire = wire.with_header("Host", host).with_header("X-Amz-Date", stamp)
    if wire.service == "s3":
        wire = wire.with_header("X-Amz-Content-SHA256", body_hash)
    if key.token:
        wire = wire.with_header("X-Amz-Security-Token", key.token)
    names = _signed_names(wire)
    signature = _signature(wire, key, region, stamp, names, wire.query, body_hash)
    return wire.with_header(
        "Authorization",
        f"AWS4-HMAC-SHA256 Credential={key.access}/{_scope(stamp, region, wire.service)}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}",
    )


def presigned(
    wire: Wire, key: Key, host: str, *, expires: object = 300, now: float | None = None
) -> Wire:
    """The request with its signature in the query, as a presigned URL has it."""
    stamp, region = _stamp(now), "us-east-1"
    wire = wire.with_header("Host", host)
    fields = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key.access}/{_scope(stamp, region, wire.service)}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": "host",
        **({"X-Amz-Security-Token": key.token} if key.token else {}),
    }
    added = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in fields.items())
    query = f"{wire.query}&{added}" if wire.query else added
    signature = _signature(wire, key, region, stamp, ["host"], query, "UNSIGNED-PAYLOAD")
    return replace(wire, query=f"{query}&X-Amz-Signature={signature}")


def _stamp(now: float | None) -> str:
    moment = datetime.fromtimestamp(time.time() if now is None else now, UTC)
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _scope(stamp: str, region: str, service: str) -> str:
    return f"{stamp[:8]}/{region}/{service}/aws4_request"


def _signed_names(wire: Wire) -> list[str]:
    names = {name.lower() for name, _ in wire.headers}
    return sorted(n for n in names if n in ("host", "content-type") or n.startswith("x-amz"))


def _signature(
    wire: Wire, key: Key, region: str, stamp: str, names: list[str], query: str, body_hash: str
) -> str:
    values: dict[str, list[str]] = {}
    for name, value in wire.headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    pairs = sorted(
        tuple(quote(unquote_to_bytes(part), safe=_SAFE) for part in item.partition("=")[::2])
        for item in query.split("&")
        if item
    )
    if wire.service == "s3":
        path = quote(unquote_to_bytes(wire.path), safe="/" + _SAFE)
    else:
        path = quote(normalize_url_path(wire.path), safe="/~")
    canonical = "\n".join(
        [
            wire.method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{','.join(values[name])}" for name in names),
            "",
            ";".join(names),
            body_hash,
        ]
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{_scope(stamp, region, wire.service)}\n{digest}"
    secret = f"AWS4{key.secret}".encode()
    for part in (stamp[:8], region, wire.service, "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` 0 means that the server closed without a word, and -1 that it
    said something which is no HTTP answer (``trouble`` says what)."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    trouble: str = ""


class Sender:
    """Sends raw requests to one server and keeps a connection for as long as that is allowed."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._socket: socket.socket | None = None

    @property
    def authority(self) -> str:
        """The value of a right Host header."""
        return f"{self.host}:{self.port}"

    def send(self, raw: bytes, method: str = "GET", *, end: bool = False) -> Answer:
        """The answer to a request. ``end`` closes our half after it, as a client that gives up."""
        started = time.monotonic()
        fresh = self._socket is None or end
        if fresh:
            self.close()
            self._socket = socket.create_connection((self.host, self.port), timeout=TIMEOUT_S)
        answer = self._exchange(raw, method, end)
        if answer.status == 0 and not fresh:  # the idle connection was closed meanwhile
            self.close()
            self._socket = socket.create_connection((self.host, self.port), timeout=TIMEOUT_S)
            answer = self._exchange(raw, method, end)
        if end or answer.status <= 0 or answer.headers.get("connection", "").lower() == "close":
            self.close()
        return replace(answer, seconds=time.monotonic() - started)

    def _exchange(self, raw: bytes, method: str, end: bool) -> Answer:
        assert self._socket is not None
        # A server may answer and close before it has read everything.
        with contextlib.suppress(OSError):
            self._socket.sendall(raw)
            if end:
                self._socket.shutdown(socket.SHUT_WR)
        response = HTTPResponse(self._socket, method=method)
        try:
            response.begin()
            body = response.read()
        except TimeoutError:
            return Answer(-1, trouble=f"no answer within {TIMEOUT_S:g} s")
        except (ConnectionResetError, BrokenPipeError):
            return Answer(0)
        except HTTPException as error:
            if type(error).__name__ in ("RemoteDisconnected", "BadStatusLine") and not str(
                error
            ).strip("'\""):
                return Answer(0)
            if type(error).__name__ == "RemoteDisconnected":
                return Answer(0)
            return Answer(-1, trouble=f"not an HTTP answer: {error!r}")
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body)

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
