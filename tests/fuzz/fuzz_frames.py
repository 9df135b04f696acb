"""Bodies in aws-chunked form with something wrong in their frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fuzz_http import Wire

UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_DATA = b"hello world"
_END = b"0\r\n\r\n"
_RIGHT = b"%x\r\n%b\r\n" % (len(_DATA), _DATA)


def framed(wire: Wire) -> Iterator[tuple[str, Wire]]:
    """(kind, request) of each; they are still to be signed, with the hash that they declare."""
    for kind, body in {
        "right": _RIGHT + _END,
        "no-end": _RIGHT,
        "nothing": b"",
        "size-longer": b"ff\r\n" + _DATA + b"\r\n" + _END,
        "size-shorter": b"2\r\n" + _DATA + b"\r\n" + _END,
        "size-negative": b"-b\r\n" + _DATA + b"\r\n" + _END,
        "size-words": b"many\r\n" + _DATA + b"\r\n" + _END,
        "size-huge": b"f" * 16 + b"\r\n" + _DATA + b"\r\n" + _END,
        "size-with-sign": b"+b\r\n" + _DATA + b"\r\n" + _END,
        "size-arabic": "١\r\n".encode() + _DATA + b"\r\n" + _END,
        "extension-long": b"b;" + b"x" * 20_000 + b"\r\n" + _DATA + b"\r\n" + _END,
        "trailer-wrong": _RIGHT + b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        "trailer-letters": _RIGHT + "0\r\nx-amz-checksum-crc32:Ünï\r\n\r\n".encode(),
        "trailers-many": _RIGHT + b"0\r\n" + b"a:b\r\n" * 5000 + b"\r\n",
        "after-the-end": _RIGHT + _END + b"more of it",
        "garbage": bytes(range(256)),
    }.items():
        yield f"unsigned:{kind}", _declared(wire, body, UNSIGNED)
        if kind != "right":
            yield f"signed:{kind}", _declared(wire, body, SIGNED)
    bad = b"b;chunk-signature=" + b"0" * 64 + b"\r\n" + _DATA + b"\r\n"
    end = b"0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n"
    yield "signed:wrong", _declared(wire, bad + end, SIGNED)
    yield "length-lies", _declared(wire, _RIGHT + _END, UNSIGNED, length="5")
    yield "length-words", _declared(wire, _RIGHT + _END, UNSIGNED, length="many")
    yield "length-huge", _declared(wire, _RIGHT + _END, UNSIGNED, length="9" * 30)
    yield "no-such-form", _declared(wire, _RIGHT + _END, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")


def _declared(wire: Wire, body: bytes, form: str, length: str = str(len(_DATA))) -> Wire:
    named = wire.with_header("X-Amz-Content-SHA256", form)
    named = named.with_header("X-Amz-Decoded-Content-Length", length)
    named = named.with_header("Content-Encoding", "aws-chunked")
    return replace(named.with_header("X-Amz-Trailer", "x-amz-checksum-crc32"), body=body)
