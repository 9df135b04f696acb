"""Listings of a bucket's objects."""

from __future__ import annotations

import base64
import binascii

from ...store.objects import Summary
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .common import Area, Encoder, Params, owner, page_size, quoted, when


class Listings(Area):
    """ListObjects, ListObjectsV2 and ListObjectVersions."""

    def handlers(self) -> dict[str, Handler]:
        return {
            "ListObjects": self.list_v1,
            "ListObjectsV2": self.list_v2,
            "ListObjectVersions": self.versions,
        }

    def list_v1(self, _call: Call, params: Params) -> Params:
        marker = params.get("Marker", "")
        answer, last = self._page(params, marker)
        answer["Marker"] = Encoder(params)(marker)
        # Without a delimiter the last key is the next marker, and S3 leaves it to the client.
        if answer["IsTruncated"] and params.get("Delimiter"):
            answer["NextMarker"] = Encoder(params)(last)
        return answer

    def list_v2(self, _call: Call, params: Params) -> Params:
        token = params.get("ContinuationToken")
        start = params.get("StartAfter", "") if token is None else _from_token(token)
        answer, last = self._page(params, start, fetch_owner=params.get("FetchOwner", False))
        answer["KeyCount"] = len(answer["Contents"]) + len(answer["CommonPrefixes"])
        answer["ContinuationToken"] = token
        answer["StartAfter"] = Encoder(params)(params.get("StartAfter"))
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = _to_token(last)
        return answer

    def versions(self, _call: Call, params: Params) -> Params:
        """Every object is its own null version."""
        marker = params.get("KeyMarker", "")
        answer, last = self._page(params, marker)
        answer["Versions"] = [
            {**item, "VersionId": "null", "IsLatest": True} for item in answer.pop("Contents")
        ]
        answer["KeyMarker"] = Encoder(params)(marker)
        answer["VersionIdMarker"] = params.get("VersionIdMarker", "")
        if answer["IsTruncated"]:
            answer |= {"NextKeyMarker": Encoder(params)(last), "NextVersionIdMarker": "null"}
        return answer

    def _page(self, params: Params, start: str, fetch_owner: bool = True) -> tuple[Params, str]:
        """The members that the three answers share, and the last key or prefix."""
        encode = Encoder(params)
        prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter", "")
        limit = page_size(params, "MaxKeys")
        page = self.store.list(
            params["Bucket"], prefix, delimiter=delimiter, start_after=start, limit=limit
        )
        answer: Params = {
            "Name": params["Bucket"],
            "Prefix": encode(prefix),
            "Delimiter": encode(delimiter) or None,
            "MaxKeys": limit,
            "EncodingType": encode.kind,
            "IsTruncated": page.truncated,
            "Contents": [_entry(item, encode, fetch_owner) for item in page.objects],
            "CommonPrefixes": [{"Prefix": encode(name)} for name in page.prefixes],
        }
        return answer, page.last


def _entry(item: Summary, encode: Encoder, fetch_owner: bool) -> Params:
    entry: Params = {
        "Key": encode(item.key),
        "LastModified": when(item.modified),
        "ETag": quoted(item.etag),
        "Size": item.size,
        "StorageClass": item.storage_class,
    }
    if item.checksum_algorithms:
        entry["ChecksumAlgorithm"] = list(item.checksum_algorithms)
        entry["ChecksumType"] = item.checksum_type
    if fetch_owner:
        entry["Owner"] = owner(item.owner)
    return entry


def _to_token(last: str) -> str:
    return base64.urlsafe_b64encode(b"\1" + last.encode()).decode()


def _from_token(token: str) -> str:
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
        if not data.startswith(b"\1"):
            raise ValueError(token)
        return data[1:].decode()
    except (binascii.Error, ValueError):
        text = "The continuation token provided is incorrect"
        raise ApiError(
            "InvalidArgument", text, fields={"ArgumentName": "continuation-token"}
        ) from None
