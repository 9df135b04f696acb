"""Reading objects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import BinaryIO

from ...store.objects import ObjectInfo
from ...wire.dispatch import Call, FileBody, Handler
from ...wire.errors import ApiError
from .common import Area, Params, checksum_members, quoted, wants_checksum, when
from .ranges import Span, check_read, requested_span

_AT_ONCE = 128 * 1024
_OVERRIDES = {
    "CacheControl": "ResponseCacheControl",
    "ContentDisposition": "ResponseContentDisposition",
    "ContentEncoding": "ResponseContentEncoding",
    "ContentLanguage": "ResponseContentLanguage",
    "ContentType": "ResponseContentType",
    "Expires": "ResponseExpires",
}


class Reading(Area):
    """GetObject and HeadObject."""

    def handlers(self) -> dict[str, Handler]:
        return {"GetObject": self.get, "HeadObject": self.head}

    def get(self, _call: Call, params: Params) -> Params:
        info, file = self.store.open(params["Bucket"], params["Key"])
        try:
            check_read(params, info)
            span, extra = self._span(params, info)
            body = _body(file, span)
            return {"Body": body, **_described(info, span, params), **extra}
        except BaseException:
            file.close()
            raise

    def head(self, _call: Call, params: Params) -> Params:
        info = self.store.stat(params["Bucket"], params["Key"])
        check_read(params, info)
        span, extra = self._span(params, info)
        return {**_described(info, span, params), **extra}

    def _span(self, params: Params, info: ObjectInfo) -> tuple[Span, Params]:
        """The bytes asked for, and members that only an answer about a part has."""
        number = params.get("PartNumber")
        if number is None:
            return requested_span(params.get("Range"), info.size), {}
        if "Range" in params:
            text = "Cannot specify both Range header and partNumber query parameter"
            raise ApiError("InvalidRequest", text)
        parts = self.store.parts_of(info.bucket, info.key)
        sizes = [size for _, size, _ in parts] or [info.size]
        if not 1 <= number <= len(sizes):
            text = "The requested partnumber is not satisfiable"
            raise ApiError("InvalidPartNumber", text, 416)
        span = Span(sum(sizes[: number - 1]), sizes[number - 1], partial=info.size > 0)
        extra: Params = {"PartsCount": len(parts)} if parts else {}
        if parts and wants_checksum(params):
            extra |= checksum_members(parts[number - 1][2], info.checksum_type)
        return span, extra


def _body(file: BinaryIO, span: Span) -> FileBody:
    """What to send of a file: few bytes are read here and now, more of them piece by piece."""
    content = None
    if span.length <= _AT_ONCE:
        content = os.pread(file.fileno(), span.length, span.offset)
    return FileBody(str(file.name), span.offset, span.length, file, content)


def _described(info: ObjectInfo, span: Span, params: Params) -> Params:
    attributes = info.attributes
    answer: Params = {
        "AcceptRanges": "bytes",
        "LastModified": when(info.modified),
        "ContentLength": span.length,
        "ContentRange": span.header(info.size),
        "ETag": quoted(info.etag),
        "ContentType": attributes.content_type,
        "Metadata": dict(attributes.metadata),
        **_stored_headers(attributes.headers),
    }
    if attributes.storage_class != "STANDARD":
        answer["StorageClass"] = attributes.storage_class
    if attributes.tags:
        answer["TagCount"] = len(attributes.tags)
    # Of a part of the object it would be wrong, and clients do verify it.
    if wants_checksum(params) and span.length == info.size:
        answer |= checksum_members(info.checksums, info.checksum_type)
    for member, override in _OVERRIDES.items():
        if override in params:
            answer[member] = params[override]
    return answer


def _stored_headers(headers: Mapping[str, str | float]) -> Params:
    return {
        name: when(value) if isinstance(value, (int, float)) else value
        for name, value in headers.items()
    }
