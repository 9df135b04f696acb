"""Uploads in parts."""

from __future__ import annotations

from functools import partial

from ...store.objects.checksums import ALGORITHMS
from ...store.objects.uploads import Chosen, PartInfo
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .common import (
    Area,
    Encoder,
    Params,
    checksum_members,
    owner,
    page_size,
    quoted,
    source_of,
    unquoted,
    when,
)
from .ranges import check_read, copied_span
from .requested import attributes_of, checksums_of, condition_of, promise_of
from .streaming import store_body

_CHUNK = 1 << 20


class Multipart(Area):
    """Operations on multipart uploads."""

    def handlers(self) -> dict[str, Handler]:
        return {
            "CreateMultipartUpload": self.create,
            "UploadPart": self.upload_part,
            "UploadPartCopy": self.copy_part,
            "ListParts": self.list_parts,
            "ListMultipartUploads": self.list_uploads,
            "CompleteMultipartUpload": self.complete,
            "AbortMultipartUpload": self.abort,
        }

    def create(self, call: Call, params: Params) -> Params:
        upload = self.store.multipart.create(
            params["Bucket"],
            params["Key"],
            attributes=attributes_of(call, params),
            checksum_algorithm=params.get("ChecksumAlgorithm"),
            checksum_type=params.get("ChecksumType"),
        )
        return {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.id,
            "ChecksumAlgorithm": upload.checksum_algorithm,
            "ChecksumType": upload.checksum_type,
        }

    async def upload_part(self, call: Call, params: Params) -> Params:
        promise = promise_of(call, params)
        open_writer = partial(
            self.store.multipart.writer,
            params["Bucket"],
            params["Key"],
            params["UploadId"],
            params["PartNumber"],
            promise.algorithms,
            size=params.get("ContentLength"),
        )
        part = await store_body(call, params, promise, open_writer)
        return {"ETag": quoted(part.etag), **checksum_members(part.checksums, None)}

    def copy_part(self, _call: Call, params: Params) -> Params:
        info, file = self.store.open(*source_of(params))
        with file:
            check_read(params, info, "CopySource")
            span = copied_span(params.get("CopySourceRange"), info.size)
            with self.store.multipart.writer(
                params["Bucket"],
                params["Key"],
                params["UploadId"],
                params["PartNumber"],
                size=span.length,
            ) as writer:
                file.seek(span.offset)
                left = span.length
                while left:
                    chunk = file.read(min(_CHUNK, left))
                    writer.write(chunk)
                    left -= len(chunk)
                part = writer.commit()
        result = {
            "ETag": quoted(part.etag),
            "LastModified": when(part.modified),
            **checksum_members(part.checksums, None),
        }
        return {"CopyPartResult": result}

    def list_parts(self, _call: Call, params: Params) -> Params:
        bucket, key, upload_id = params["Bucket"], params["Key"], params["UploadId"]
        limit = page_size(params, "MaxParts")
        marker = params.get("PartNumberMarker", 0)
        upload = self.store.multipart.get(bucket, key, upload_id)
        found, truncated = self.store.multipart.parts(
            bucket, key, upload_id, after=marker, limit=limit
        )
        return {
            "Bucket": bucket,
            "Key": key,
            "UploadId": upload_id,
            "PartNumberMarker": marker,
            "NextPartNumberMarker": found[-1].number if found else 0,
            "MaxParts": limit,
            "IsTruncated": truncated,
            "Parts": [_part(part) for part in found],
            "Initiator": owner(upload.attributes.owner),
            "Owner": owner(upload.attributes.owner),
            "StorageClass": upload.attributes.storage_class,
            "ChecksumAlgorithm": upload.checksum_algorithm,
            "ChecksumType": upload.checksum_type,
        }

    def list_uploads(self, _call: Call, params: Params) -> Params:
        encode = Encoder(params)
        limit = page_size(params, "MaxUploads")
        prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter", "")
        page = self.store.multipart.in_progress(
            params["Bucket"],
            prefix,
            delimiter=delimiter,
            after_key=params.get("KeyMarker", ""),
            after_id=params.get("UploadIdMarker", ""),
            limit=limit,
        )
        return {
            "Bucket": params["Bucket"],
            "KeyMarker": encode(params.get("KeyMarker", "")),
            "UploadIdMarker": params.get("UploadIdMarker", ""),
            "NextKeyMarker": encode(page.next_key) if page.truncated else None,
            "NextUploadIdMarker": page.next_id if page.truncated else None,
            "Prefix": encode(prefix),
            "Delimiter": encode(delimiter) or None,
            "EncodingType": encode.kind,
            "MaxUploads": limit,
            "IsTruncated": page.truncated,
            "Uploads": [
                {
                    "UploadId": upload.id,
                    "Key": encode(upload.key),
                    "Initiated": when(upload.initiated),
                    "StorageClass": upload.attributes.storage_class,
                    "Owner": owner(upload.attributes.owner),
                    "Initiator": owner(upload.attributes.owner),
                    "ChecksumAlgorithm": upload.checksum_algorithm,
                    "ChecksumType": upload.checksum_type,
                }
                for upload in page.uploads
            ],
            "CommonPrefixes": [{"Prefix": encode(name)} for name in page.prefixes],
        }

    def complete(self, _call: Call, params: Params) -> Params:
        bucket, key = params["Bucket"], params["Key"]
        if "MultipartUpload" in params and not params["MultipartUpload"].get("Parts"):
            raise _malformed()
        info = self.store.multipart.complete(
            bucket,
            key,
            params["UploadId"],
            [_chosen(part) for part in params.get("MultipartUpload", {}).get("Parts", [])],
            condition=condition_of(params),
            expected=checksums_of(params),
            size=params.get("MpuObjectSize"),
        )
        return {
            "Location": f"/{bucket}/{key}",
            "Bucket": bucket,
            "Key": key,
            "ETag": quoted(info.etag),
            **checksum_members(info.checksums, info.checksum_type),
        }

    def abort(self, _call: Call, params: Params) -> None:
        self.store.multipart.abort(params["Bucket"], params["Key"], params["UploadId"])


def _part(part: PartInfo) -> Params:
    return {
        "PartNumber": part.number,
        "LastModified": when(part.modified),
        "ETag": quoted(part.etag),
        "Size": part.size,
        **checksum_members(part.checksums, None),
    }


def _malformed() -> ApiError:
    return ApiError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def _chosen(part: Params) -> Chosen:
    if "PartNumber" not in part or "ETag" not in part:
        raise _malformed()
    sums = {name: part[f"Checksum{name}"] for name in ALGORITHMS if f"Checksum{name}" in part}
    return Chosen(part["PartNumber"], unquoted(part["ETag"]) or "", sums)
