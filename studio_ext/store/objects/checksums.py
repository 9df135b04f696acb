"""The checksums of S3: computed while bytes pass, and combined from those of parts."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from awscrt import checksums as crt

from .errors import BadDigest, InvalidRequest


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, function: Callable[[bytes, int], int], width: int) -> None:
        self._function = function
        self._width = width
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


class _XxHash:
    def __init__(self, hasher: crt.XXHash) -> None:
        self._hasher = hasher
        self.update = hasher.update

    def digest(self) -> bytes:
        return self._hasher.finalize()


_ALGORITHMS: dict[str, tuple[int, Callable[[], _Digest]]] = {
    "CRC32": (4, lambda: _Crc(zlib.crc32, 4)),
    "CRC32C": (4, lambda: _Crc(crt.crc32c, 4)),
    "CRC64NVME": (8, lambda: _Crc(crt.crc64nvme, 8)),
    "SHA1": (20, lambda: hashlib.sha1(usedforsecurity=False)),
    "SHA256": (32, hashlib.sha256),
    "SHA512": (64, hashlib.sha512),
    "MD5": (16, lambda: hashlib.md5(usedforsecurity=False)),
    "XXHASH64": (8, lambda: _XxHash(crt.XXHash.new_xxhash64())),
    "XXHASH3": (8, lambda: _XxHash(crt.XXHash.new_xxhash3_64())),
    "XXHASH128": (16, lambda: _XxHash(crt.XXHash.new_xxhash3_128())),
}
ALGORITHMS = tuple(_ALGORITHMS)

_COMBINE = {
    "CRC32": crt.combine_crc32,
    "CRC32C": crt.combine_crc32c,
    "CRC64NVME": crt.combine_crc64nvme,
}
FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"


def require(algorithm: str) -> str:
    """The algorithm's name, upper case; refuses one that S3 does not know."""
    name = algorithm.upper()
    if name not in _ALGORITHMS:
        raise InvalidRequest(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            f"types: [{', '.join(ALGORITHMS)}]"
        )
    return name


def is_valid(algorithm: str, value: str) -> bool:
    """Whether ``value`` is base64 of as many bytes as the algorithm gives."""
    try:
        return len(base64.b64decode(value, validate=True)) == _ALGORITHMS[algorithm][0]
    except ValueError:  # not base64, or not even ASCII
        return False


class Digester:
    """MD5 (for the ETag) and the wanted checksums of the bytes that pass."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._digests = {name: _ALGORITHMS[require(name)][1]() for name in algorithms}
        self._md5 = _ALGORITHMS["MD5"][1]()
        self.size = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        self._md5.update(data)
        for digest in self._digests.values():
            digest.update(data)

    def finish(self) -> Digests:
        """The results; the digester is used up."""
        found = {
            name: base64.b64encode(digest.digest()).decode()
            for name, digest in self._digests.items()
        }
        return Digests(self.size, self._md5.digest(), found)


class Digests:
    """Size in bytes, MD5 and checksums ({algorithm: base64}) of a run of bytes."""

    def __init__(self, size: int, md5: bytes, checksums: dict[str, str]) -> None:
        self.size = size
        self.md5 = md5
        self.checksums = checksums

    def verify(self, expected: Mapping[str, str]) -> None:
        """Compare with what the client says; "Content-MD5" is the key of the header's MD5."""
        for algorithm, value in expected.items():
            if algorithm == "Content-MD5":
                if base64.b64encode(self.md5).decode() != value:
                    raise BadDigest("MD5")
            elif self.checksums[algorithm] != value:
                raise BadDigest(algorithm)


def default_type(algorithm: str) -> str:
    """How S3 makes the checksum of a multipart object unless it is told."""
    return FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE


def allows_type(algorithm: str, checksum_type: str) -> bool:
    """CRC-64/NVME is never composite, and only CRCs can be combined to a full one."""
    if checksum_type == FULL_OBJECT:
        return algorithm in _COMBINE
    return checksum_type == COMPOSITE and algorithm != "CRC64NVME"


def of_parts(algorithm: str, checksum_type: str, parts: Sequence[tuple[int, str]]) -> str:
    """The checksum of an object from (size, base64) of its parts, in order."""
    if checksum_type == COMPOSITE:
        digest = _ALGORITHMS[algorithm][1]()
        for _, value in parts:
            digest.update(base64.b64decode(value))
        return f"{base64.b64encode(digest.digest()).decode()}-{len(parts)}"
    total = 0
    for size, value in parts:
        total = _COMBINE[algorithm](total, int.from_bytes(base64.b64decode(value), "big"), size)
    return base64.b64encode(total.to_bytes(_ALGORITHMS[algorithm][0], "big")).decode()
