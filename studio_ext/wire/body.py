"""Request bodies: read whole within a limit, or streamed and checked as they pass.

Checks of a stream come out as `ApiError` from its iterator, at the latest in place of its end, so
a handler that stores only after the last chunk never stores a wrong payload.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import AsyncIterator, Mapping

from .errors import ApiError
from .signature import ALGORITHM, EMPTY_SHA256, Signed, payload_mismatch

Chunks = AsyncIterator[bytes]

_CHUNK_HEADER_LIMIT = 8 * 1024  # size, extensions and signature of a chunk; one trailer line
_TRAILER_LINES = 32


async def read_all(chunks: Chunks, limit: int) -> bytes:
    """The whole body; refuses one larger than `limit` bytes without holding more."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        parts.append(chunk)
    return b"".join(parts)


def too_large(limit: int) -> ApiError:
    return ApiError("RequestEntityTooLarge", f"The request body exceeds {limit} bytes.", 413)


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Whether the body is in aws-chunked form, which wraps the payload in signed frames."""
    return headers.get("x-amz-content-sha256", "").startswith("STREAMING-")


async def once(body: bytes) -> Chunks:
    """A body that was read already, as a stream."""
    yield body


def unwrapped_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of the payload inside an aws-chunked body."""
    unwrapped = dict(headers)
    encodings = [part.strip() for part in headers.get("content-encoding", "").split(",")]
    rest = [part for part in encodings if part and part != "aws-chunked"]
    unwrapped.pop("content-encoding", None)
    if rest:
        unwrapped["content-encoding"] = ",".join(rest)
    if "x-amz-decoded-content-length" in headers:
        unwrapped["content-length"] = headers["x-amz-decoded-content-length"]
    return unwrapped


def check_md5(headers: Mapping[str, str], body: bytes) -> None:
    """Refuses a body that is not the one `Content-MD5` was made of."""
    declared = headers.get("content-md5")
    if declared is not None:
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        if base64.b64encode(digest).decode() != declared:
            text = "The Content-MD5 you specified did not match what we received."
            raise ApiError("BadDigest", text)


def decompressed(headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """A body that a client compressed, whole again and within `limit` bytes."""
    if headers.get("content-encoding") != "gzip":
        return body
    inflater = zlib.decompressobj(wbits=31)
    try:
        whole = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise ApiError("SerializationException", "The body is not gzip data.") from None
    if len(whole) > limit:
        raise too_large(limit)
    return whole


def payload(
    chunks: Chunks, headers: Mapping[str, str], signed: Signed, trailers: dict[str, str]
) -> Chunks:
    """The payload of a signed body, verified while it is read; `trailers` fills at its end."""
    declared = headers.get("x-amz-content-sha256", "")
    if declared.startswith("STREAMING-"):
        return _decoded(chunks, headers, declared, signed, trailers)
    if len(declared) == 64:
        return _hashed(chunks, declared)
    return chunks


async def _hashed(chunks: Chunks, expected: str) -> Chunks:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if not hmac.compare_digest(digest.hexdigest(), expected):
        raise payload_mismatch()


async def _decoded(
    chunks: Chunks,
    headers: Mapping[str, str],
    declared: str,
    signed: Signed,
    trailers: dict[str, str],
) -> Chunks:
    verifier = _verifier(declared, signed)
    source = _Source(chunks)
    total = 0
    while True:
        size, signature = _chunk_header(await source.line())
        digest = hashlib.sha256()
        remaining = size
        while remaining:
            piece = await source.read(remaining)
            remaining -= len(piece)
            if verifier is not None:
                digest.update(piece)
            yield piece
        if verifier is not None:
            verifier.check(signature, digest.hexdigest())
        total += size
        if size == 0:
            break
        await source.expect_line_end()
    await _read_trailers(source, trailers, verifier if "TRAILER" in declared else None)
    length = headers.get("x-amz-decoded-content-length")
    if length is not None and length != str(total):
        raise _incomplete()


def _verifier(declared: str, signed: Signed) -> _ChunkVerifier | None:
    if declared == "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
        return None
    if declared.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        return _ChunkVerifier(signed)
    raise ApiError("NotImplemented", f"Studio does not support {declared}.", 501)


def _chunk_header(line: bytes) -> tuple[int, str]:
    size, _, rest = line.partition(b";")
    try:
        signature = rest.partition(b"chunk-signature=")[2].decode("ascii").strip()
        if not size.strip().isalnum() or len(size) > 16:
            raise ValueError(size)
        return int(size, 16), signature
    except ValueError:
        raise ApiError("InvalidRequest", "The aws-chunked body is malformed.") from None


async def _read_trailers(
    source: _Source, trailers: dict[str, str], verifier: _ChunkVerifier | None
) -> None:
    canonical = b""
    for _ in range(_TRAILER_LINES):
        line = await source.line(end_ok=True)
        name, _, value = line.decode("utf-8", "replace").partition(":")
        name, value = name.strip().lower(), value.strip()
        if not line:
            break
        if name == "x-amz-trailer-signature":
            if verifier is not None:
                verifier.check_trailer(value, canonical)
                verifier = None
            continue
        trailers[name] = value
        canonical += f"{name}:{value}\n".encode()
    if verifier is not None:
        raise _bad_chunk()  # the trailer had to be signed and was not


class _ChunkVerifier:
    """Each chunk's signature covers the one before it, from the request's own onwards."""

    def __init__(self, signed: Signed) -> None:
        self._key = signed.signing_key
        self._previous = signed.claim.signature
        self._context = f"{signed.claim.timestamp}\n{signed.claim.scope}"

    def check(self, signature: str, payload_hash: str) -> None:
        self._step("PAYLOAD", signature, f"{EMPTY_SHA256}\n{payload_hash}")

    def check_trailer(self, signature: str, canonical: bytes) -> None:
        self._step("TRAILER", signature, hashlib.sha256(canonical).hexdigest())

    def _step(self, kind: str, signature: str, hashes: str) -> None:
        text = f"{ALGORITHM}-{kind}\n{self._context}\n{self._previous}\n{hashes}"
        expected = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise _bad_chunk()
        self._previous = signature


def _bad_chunk() -> ApiError:
    text = "The chunk signature we calculated does not match the signature you provided."
    return ApiError("SignatureDoesNotMatch", text, 403)


def _incomplete() -> ApiError:
    text = "You did not provide the number of bytes specified by the Content-Length HTTP header."
    return ApiError("IncompleteBody", text)


class _Source:
    """Reads lines and runs of bytes from chunks cut anywhere."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._buffer = b""
        self._at = 0

    async def _more(self) -> bool:
        async for chunk in self._chunks:
            if chunk:
                self._buffer, self._at = self._buffer[self._at :] + chunk, 0
                return True
        return False

    async def line(self, end_ok: bool = False) -> bytes:
        """Up to CRLF, without it. At the end of the body: b"" if `end_ok`, else an error."""
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            if len(self._buffer) - self._at > _CHUNK_HEADER_LIMIT:
                raise ApiError("InvalidRequest", "The aws-chunked body is malformed.")
            if not await self._more():
                rest = self._buffer[self._at :]
                if not end_ok:
                    raise _incomplete()
                self._buffer, self._at = b"", 0
                return rest
        line, self._at = self._buffer[self._at : end], end + 2
        return line

    async def read(self, limit: int) -> bytes:
        """Some bytes, at most `limit`."""
        if self._at >= len(self._buffer) and not await self._more():
            raise _incomplete()
        piece = self._buffer[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    async def expect_line_end(self) -> None:
        if await self.line() != b"":
            raise ApiError("InvalidRequest", "The aws-chunked body is malformed.")
