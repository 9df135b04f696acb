"""Conditions and ranges of reads, after RFC 9110 as S3 takes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...store.objects import ObjectInfo, PreconditionFailed
from ...wire.errors import ApiError
from .common import Params, quoted, when

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """A run of an object's bytes; ``partial`` when the answer must say which."""

    offset: int
    length: int
    partial: bool = False

    def header(self, size: int) -> str | None:
        """The Content-Range of an object of ``size`` bytes, or None for all of it."""
        if not self.partial:
            return None
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


def check_read(params: Params, info: ObjectInfo, prefix: str = "") -> None:
    """Raise unless the conditions on reading hold; ``prefix`` is "CopySource" for copies.

    A date condition counts only where there is none on the ETag. A copy never answers 304.
    """
    modified = when(info.modified)
    match = params.get(f"{prefix}IfMatch")
    none_match = params.get(f"{prefix}IfNoneMatch")
    since = params.get(f"{prefix}IfModifiedSince")
    until = params.get(f"{prefix}IfUnmodifiedSince")
    if match is not None:
        if not _names(match, info.etag):
            raise PreconditionFailed("If-Match")
    elif until is not None and modified > until:
        raise PreconditionFailed("If-Unmodified-Since")
    if none_match is not None:
        unchanged, name = _names(none_match, info.etag), "If-None-Match"
    else:
        unchanged, name = since is not None and modified <= since, "If-Modified-Since"
    if unchanged:
        if prefix:
            raise PreconditionFailed(name)
        last = modified.strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = {"ETag": quoted(info.etag), "Last-Modified": last}
        raise ApiError("NotModified", "Not Modified", 304, headers=headers)


def _names(condition: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")]
    return "*" in tags or etag in tags


def requested_span(header: str | None, size: int) -> Span:
    """The bytes that a Range header asks for; a header that makes no sense is ignored."""
    found = _RANGE.fullmatch(header or "")
    first, last = found.groups() if found else ("", "")
    if not first and not last:
        return Span(0, size)
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return Span(0, size)
        length = min(int(last) + 1 if last else size, size) - start
    if length <= 0:
        raise ApiError(
            "InvalidRange",
            "The requested range is not satisfiable",
            416,
            fields={"RangeRequested": header, "ActualObjectSize": size},
            headers={"Content-Range": f"bytes */{size}"},
        )
    return Span(start, length, partial=True)


def copied_span(header: str | None, size: int) -> Span:
    """The bytes of a part that is copied; here the range must be exact."""
    if header is None:
        return Span(0, size)
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
    if not found:
        text = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy"
        )
        raise ApiError("InvalidArgument", text)
    first, last = int(found[1]), int(found[2])
    if first > last or last >= size:
        text = f"Range specified is not valid for source object of size: {size}"
        raise ApiError("InvalidRange", text, 416)
    return Span(first, last - first + 1)
