"""What the S3 handlers share: errors, checks that hold for every operation, small forms."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from ...store.objects import LocalObjectStore
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError

Params = dict[str, Any]


class Area(ABC):
    """A group of handlers on one store."""

    def __init__(self, store: LocalObjectStore) -> None:
        self.store = store

    @abstractmethod
    def handlers(self) -> dict[str, Handler]:
        """Handlers by operation name."""


def check_version(version: str | None) -> None:
    """Objects have the one version that S3 calls null."""
    if version not in (None, "null"):
        raise ApiError("InvalidArgument", "Invalid version id specified")


def source_of(params: Params) -> tuple[str, str]:
    """(bucket, key) of ``x-amz-copy-source``."""
    text, _, query = params["CopySource"].partition("?")
    if query:
        check_version(query.removeprefix("versionId="))
    bucket, separator, key = unquote(text).lstrip("/").partition("/")
    if not separator or not bucket or not key or "\0" in bucket + key:
        raise ApiError(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            fields={"ArgumentName": "x-amz-copy-source", "ArgumentValue": params["CopySource"]},
        )
    return bucket, key


def owner_name(call: Call) -> str:
    """ "<domain>/<user profile>" of the caller."""
    return f"{call.caller.domain}/{call.caller.user_profile}"


def owner(name: str) -> dict[str, str]:
    """S3's Owner; the canonical id is derived from the name."""
    return {"DisplayName": name, "ID": hashlib.sha256(name.encode()).hexdigest()}


def when(timestamp: float) -> datetime:
    """Epoch seconds as S3 shows them everywhere: whole seconds, UTC."""
    return datetime.fromtimestamp(int(timestamp), UTC)


def quoted(etag: str) -> str:
    """An ETag in the quotes that HTTP wants."""
    return f'"{etag}"'


def unquoted(etag: str | None) -> str | None:
    """An ETag or condition without quotes."""
    return None if etag is None else etag.strip().strip('"')


def checksum_members(checksums: Mapping[str, str], kind: str | None) -> dict[str, str]:
    """{"CRC32": ...} as response members."""
    members = {f"Checksum{name}": value for name, value in checksums.items()}
    return members | {"ChecksumType": kind} if members and kind else members


def wants_checksum(params: Params) -> bool:
    """Whether the answer is to carry checksums; AWS's C++ client writes the value in lower case."""
    return str(params.get("ChecksumMode", "")).upper() == "ENABLED"


class Encoder:
    """Applies ``encoding-type=url`` to the names of a listing."""

    def __init__(self, params: Params) -> None:
        kind = params.get("EncodingType")
        if kind not in (None, "url"):
            raise ApiError("InvalidArgument", "Invalid Encoding Method specified in Request")
        self.kind: str | None = kind

    def __call__(self, text: str | None) -> str | None:
        return quote(text, safe="/") if text and self.kind else text


def page_size(params: Params, name: str, limit: int = 1000) -> int:
    """How many entries a page may have."""
    wanted = params.get(name, limit)
    if wanted < 0:
        raise ApiError(
            "InvalidArgument",
            f"Argument {name} must be an integer between 0 and 2147483647",
            fields={"ArgumentName": name, "ArgumentValue": wanted},
        )
    return int(min(wanted, limit))


def not_built(what: str) -> ApiError:
    """The answer to what would change the outcome if it were ignored."""
    text = f"A header you provided implies functionality that is not implemented: {what}"
    return ApiError("NotImplemented", text, 501)
