"""Attacks on one right request below its parameters: its signature, its form as HTTP."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from fuzz_frames import framed
from fuzz_http import Key, Wire, presigned, signed
from fuzz_judge import Case
from fuzz_wire import LITERALS

#: What a request with a wrong signature may be answered with, in any of the protocols.
DENIED = frozenset(
    {
        403,
        405,
        "UnknownOperationException",
        "IncompleteSignature",
        "XAmzContentSHA256Mismatch",
        "InvalidRequest",
        "InvalidURI",
    }
)
_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {n} "{f"&{p};" * 10}">' for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><b>&i;</b>"
)
#: What two readers could take for different requests must be taken for none.
_SMUGGLING = frozenset({"both-lengths", "obfuscated-te", "two-te", "two-lengths", "bare-lf"})
_REFUSED: frozenset[str | int] = frozenset({400})
_TOO_LARGE = b"x" * ((32 << 20) + 1)
_BODIES: dict[str, bytes] = {
    "empty": b"",
    "nul": b"\0" * 100,
    "json-list": b"[]",
    "json-number": b"1",
    "json-deep": LITERALS["@lists@"].encode(),
    "json-deep-objects": LITERALS["@objects@"].encode(),
    "json-comment": b"{} // x",
    "json-same-twice": b'{"a":1,"a":2}',
    "json-huge-key": b'{"' + b"k" * (1 << 20) + b'":1}',
    "xml-bomb": _BOMB.encode(),
    "xml-external": b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>',
    "xml-deep": (b"<a>" * 10_000) + (b"</a>" * 10_000),
    "xml-encoding": b'<?xml version="1.0" encoding="utf-7"?><a/>',
    "xml-no-such-encoding": b'<?xml version="1.0" encoding="klingon"?><a/>',
    "xml-attributes": b"<a " + b"".join(b'a%d="" ' % n for n in range(20_000)) + b"/>",
    "form-many": b"&".join(b"a.%d.b=1" % n for n in range(50_000)),
    "form-deep": b"Action=ListRoles&" + b"a." * 50_000 + b"a=1",
    "form-percent": b"Action=%ff%zz%&=&&&=x",
}


@dataclass(frozen=True)
class Attack:
    """A maker of bytes to send, and how to judge the answer. ``end``: give up after them."""

    kind: str
    raw: Callable[[], bytes]
    case: Case
    end: bool = False


class Attacker:
    """Makes the attacks on one request."""

    def __init__(
        self, wire: Wire, key: Key, host: str, operation: str, source: random.Random
    ) -> None:
        self.wire, self.key, self.host = wire, key, host
        self.operation = operation
        self.random = source
        self.right = signed(wire, key, host)

    def attacks(self) -> Iterator[Attack]:
        """All of them."""
        yield from self._signatures()
        yield from self._replays()
        yield from self._presigned()
        yield from self._bodies()
        yield from self._http()
        if self.wire.service == "s3" and self.wire.method == "PUT":
            for kind, wire in framed(self.wire):
                digest = dict(wire.headers)["X-Amz-Content-SHA256"]
                make = partial(signed, wire, self.key, self.host, body_hash=digest)
                # What is not a stream may be taken as it is; its hash was signed.
                yield Attack(f"frames:{kind}", lambda m=make: m().raw(), self._case(wire))

    def _case(
        self, wire: Wire, refused: bool = False, codes: object = (), raw: bool = False
    ) -> Case:
        return Case(
            self.operation,
            "any",  # the request may no longer say what it was for
            wire.method,
            refused,
            codes=codes,
            raw=raw,
            private=(self.key.secret,),
        )

    def _denied(self, kind: str, wire: Wire) -> Attack:
        return Attack(kind, wire.raw, self._case(wire, True, DENIED))

    # --- signatures

    def _signatures(self) -> Iterator[Attack]:
        wire, key, host, now = self.wire, self.key, self.host, time.time()
        yield self._denied("unsigned", wire.with_header("Host", host))
        wrong = replace(key, secret=key.secret + "x")
        yield self._denied("wrong-secret", signed(wire, wrong, host))
        unknown = replace(key, access="AKIAIOSFODNN7EXAMPLE")
        yield self._denied("unknown-key", signed(wire, unknown, host))
        yield self._denied("wrong-token", signed(wire, replace(key, token="forged"), host))
        yield self._denied("expired", signed(wire, key, host, now=now - 3600))
        yield self._denied("from-the-future", signed(wire, key, host, now=now + 3600))
        yield self._denied("other-service", _relabelled(signed(wire, key, host), wire.service))
        text = dict(self.right.headers)["Authorization"]
        last = "0" if text[-1] != "0" else "1"
        for kind, header in {
            "one-digit": text[:-1] + last,
            "no-signature": text.rpartition(", ")[0],
            "empty": "",
            "basic": "Basic dXNlcjpwYXNz",
            "garbage": "AWS4-HMAC-SHA256 \x01\xff\u202e",
            "long": "AWS4-HMAC-SHA256 Credential=" + "a/" * 8000,
            "spaces": "AWS4-HMAC-SHA256" + " " * 20000 + "x",
            "commas": text.replace(", ", "," * 5000),
            "no-scope": text.replace("/aws4_request", ""),
            "path-as-service": text.replace(f"/{wire.service}/", "/..%2f..%2fetc/"),
            "unsigned-host": text.replace("host;", "").replace(";host", ""),
            "newline-signature": text + "%0a",
            "unicode-key": text.replace(key.access, "\u00e9\u202e"),
        }.items():
            yield self._denied(
                f"authorization:{kind}", self.right.with_header("Authorization", header)
            )
        for kind, date in {
            "none": "",
            "words": "yesterday",
            "year-0": "00000101T000000Z",
            "month-99": "20269999T999999Z",
            "digits": "9" * 5000,
            "arabic": "٢٠٢٦١١٢١T٠٠٠٠٠٠Z",
        }.items():
            yield self._denied(f"date:{kind}", self.right.with_header("X-Amz-Date", date))
        yield self._denied("unsigned-amz-header", self.right.with_header("X-Amz-Extra", "1"))

    def _replays(self) -> Iterator[Attack]:
        """A request that was signed, with another part in place of the signed one."""
        right = self.right
        # What is streamed is compared with its hash when the parameters have been looked at.
        other = replace(right, body=right.body + b" ")
        yield Attack("replay:body", other.raw, self._case(other, refused=True))
        yield self._denied("replay:query", replace(right, query=_joined(right.query, "x=1")))
        yield self._denied("replay:host", right.with_header("Host", "evil.example"))
        method = "PUT" if right.method != "PUT" else "GET"
        yield self._denied("replay:method", replace(right, method=method))
        if right.path != "/":
            yield self._denied("replay:path", replace(right, path=right.path.rstrip("/") + "x"))
        if any(name == "X-Amz-Target" for name, _ in right.headers):
            other = "ListEndpoints" if self.operation.endswith("ListModels") else "ListModels"
            moved = right.with_header("X-Amz-Target", f"SageMaker.{other}")
            yield self._denied("replay:target", moved)

    def _presigned(self) -> Iterator[Attack]:
        if self.wire.service != "s3":
            return
        wire, key, host, now = self.wire, self.key, self.host, time.time()
        right = presigned(wire, key, host)
        yield self._denied("presign:expired", presigned(wire, key, host, expires=10, now=now - 60))
        for expires in (0, -1, 604801, "9" * 5000, "1e9", "", "NaN"):
            bad = presigned(wire, key, host, expires=expires)
            yield self._denied(f"presign:expires={str(expires)[:10]}", bad)
        for kind, query in {
            "longer": right.query.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
            "other-key": right.query.replace(key.access, "AKIAOTHER"),
            "no-date": right.query.replace("X-Amz-Date", "X-Amz-Dat"),
            "twice": right.query + "&X-Amz-Signature=" + "0" * 64,
            "extra": right.query.replace("X-Amz-Algorithm", "acl=&X-Amz-Algorithm"),
            "algorithm": right.query.replace("AWS4-HMAC-SHA256", "none"),
            "v2": "AWSAccessKeyId=" + key.access + "&Expires=99999999999&Signature=AAAA%3D",
            "v2-expired": "AWSAccessKeyId=" + key.access + "&Expires=1&Signature=AAAA",
            "v2-words": "AWSAccessKeyId=a&Expires=never&Signature=%FF",
        }.items():
            yield self._denied(f"presign:{kind}", replace(right, query=query))
        moved = replace(right, path=right.path.rstrip("/") + "x")
        yield self._denied("presign:path", moved)
        method = "DELETE" if right.method != "DELETE" else "GET"
        yield self._denied("presign:method", replace(right, method=method))

    # --- bodies and headers, signed as they are

    def _signed(self, kind: str, wire: Wire, refused: bool = False) -> Attack:
        def raw() -> bytes:
            return signed(wire, self.key, self.host).raw()

        return Attack(kind, raw, self._case(wire, refused))

    def _bodies(self) -> Iterator[Attack]:
        wire = self.wire
        streamed = wire.protocol == "rest-xml" and wire.method == "PUT"
        for kind, body in {
            "half": wire.body[: len(wire.body) // 2],
            "twice": wire.body * 2,
            "not-utf-8": wire.body + b"\xff\xfe\xc0\x80",
            "utf-16": wire.body.decode("utf-8", "replace").encode("utf-16"),
            **_BODIES,
        }.items():
            yield self._signed(f"body:{kind}", replace(wire, body=body))
        if not streamed:
            too_large = replace(wire, body=_TOO_LARGE)
            yield self._signed("body:too-large", too_large, refused=wire.method == "POST")
        for kind, value in {
            "type:text": ("Content-Type", "text/plain"),
            "type:xml": ("Content-Type", "application/xml"),
            "type:form": ("Content-Type", "application/x-www-form-urlencoded"),
            "type:garbage": ("Content-Type", "\u202e/;;;=,"),
            "type:long": ("Content-Type", "a/" + "b" * 8000),
            "encoding:gzip": ("Content-Encoding", "gzip"),
            "encoding:unknown": ("Content-Encoding", "zstd"),
            "target:unknown": ("X-Amz-Target", "SageMaker.NoSuchOperation"),
            "target:dots": ("X-Amz-Target", "../../etc.passwd"),
            "target:empty": ("X-Amz-Target", ""),
            "target:long": ("X-Amz-Target", "SageMaker." + "x" * 8000),
            "sha:streaming": ("X-Amz-Content-SHA256", "STREAMING-NOTHING"),
            "expect": ("Expect", "200-never"),
            "many-headers": ("X-Amz-Meta-A", "x" * 30_000),
            "md5:wrong": ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="),
            "md5:garbage": ("Content-MD5", "\u00e9"),
            "range": ("Range", "bytes=" + "0-1," * 2000),
        }.items():
            yield self._signed(f"header:{kind}", wire.with_header(*value))
        for method in ("PATCH", "OPTIONS", "TRACE", "BREW", "DELETE"):
            if method != wire.method:
                yield self._signed(f"method:{method}", replace(wire, method=method))
        for kind, path in {
            "dots": "/../../../etc/passwd",
            "encoded-dots": "/%2e%2e/%2e%2e/etc/passwd",
            "double-slash": "//etc/passwd",
            "bad-percent": "/%zz%ff%",
            "nul": "/a/%00",
            "long": "/" + "a" * 20_000,
            "unicode": "/b/%F0%9F%92%A9/%c0%ae",
        }.items():
            yield self._signed(f"path:{kind}", replace(wire, path=path))

    # --- HTTP

    def _http(self) -> Iterator[Attack]:
        right = self.right
        head, _, body = right.raw().partition(b"\r\n\r\n")
        length = b"Content-Length: %d" % len(right.body)
        many = b"".join(b"\r\nX-%d: 1" % number for number in range(5000))
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        coded = head.replace(length, b"Transfer-Encoding: chunked")
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        both = head + b"\r\nTransfer-Encoding: chunked"
        for kind, raw in {
            "chunked": coded + b"\r\n\r\n" + chunked,
            "chunked-cut": coded + b"\r\n\r\n" + b"ffffff\r\nabc",
            "chunk-size-garbage": coded + b"\r\n\r\n" + b"zz\r\nabc\r\n0\r\n\r\n",
            "chunk-size-negative": coded + b"\r\n\r\n" + b"-1\r\nabc\r\n0\r\n\r\n",
            "chunk-size-huge": coded + b"\r\n\r\n" + b"f" * 40 + b"\r\nabc\r\n",
            "both-lengths": both + b"\r\n\r\n" + chunked + smuggled,
            "obfuscated-te": both.replace(b"chunked", b"\x0bchunked") + b"\r\n\r\n" + chunked,
            "two-te": both + b"\r\nTransfer-Encoding: identity\r\n\r\n" + chunked,
            "two-lengths": head + b"\r\nContent-Length: 3\r\n\r\n" + body,
            "length-longer": head.replace(length, length + b"0") + b"0\r\n\r\n" + body,
            "length-shorter": head.replace(length, b"Content-Length: 1") + b"\r\n\r\n" + body,
            "length-negative": head.replace(length, b"Content-Length: -1") + b"\r\n\r\n" + body,
            "length-words": head.replace(length, b"Content-Length: many") + b"\r\n\r\n" + body,
            "length-huge": head.replace(length, b"Content-Length: " + b"9" * 30) + b"\r\n\r\n",
            "cut-head": head[: len(head) // 2],
            "cut-body": head + b"\r\n\r\n" + body[: len(body) // 2],
            "no-host": b"\r\n".join(
                line for line in head.split(b"\r\n") if not line.startswith(b"Host")
            )
            + b"\r\n\r\n"
            + body,
            "folded": head + b"\r\nX-A: b\r\n c\r\n\r\n" + body,
            "nul-in-header": head + b"\r\nX-A: \0\r\n\r\n" + body,
            "high-bytes": head + b"\r\nX-A: \xff\xfe\r\n\r\n" + body,
            "bare-lf": head.replace(b"\r\n", b"\n") + b"\n\n" + body,
            "http-9": head.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n\r\n" + body,
            "absolute": head.replace(b" /", b" http://evil.example/", 1) + b"\r\n\r\n" + body,
            "authority": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
            "large-header": head + b"\r\nX-A: " + b"a" * (1 << 20) + b"\r\n\r\n" + body,
            "many-headers": head + many + b"\r\n\r\n" + body,
            "upgrade": head + b"\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n" + body,
            "garbage": self.random.randbytes(2000),
            "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 300,
            "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 50,
        }.items():
            codes = _REFUSED if kind in _SMUGGLING else frozenset()
            case = self._case(right, bool(codes), codes, raw=True)
            yield Attack(f"http:{kind}", partial(bytes, raw), case, end=True)


def _relabelled(wire: Wire, service: str) -> Wire:
    text = dict(wire.headers)["Authorization"]
    other = "s3" if service != "s3" else "sts"
    return wire.with_header("Authorization", text.replace(f"/{service}/", f"/{other}/"))


def _joined(query: str, more: str) -> str:
    return f"{query}&{more}" if query else more
