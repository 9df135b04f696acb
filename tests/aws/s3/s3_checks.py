"""Checks that run unchanged against any S3: each is a conversation, its transcript the answer."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

MB = 1 << 20
Check = Callable[["Talk"], None]
CHECKS: dict[str, Check] = {}

#: differs between any two servers, or between two runs
_VOLATILE = {
    "Owner",
    "Initiator",
    "UploadId",
    "Location",
    "CreationDate",
    "Initiated",
    "RequestId",
    "HostId",
    "HTTPHeaders",
    "RetryAttempts",
    "NextContinuationToken",
    "ContinuationToken",
    "NextUploadIdMarker",
    "UploadIdMarker",
    "MaxAttemptsReached",
    # S3 sends these and moto does not always
    "ChecksumType",
    "ChecksumAlgorithm",
    "EncodingType",
    "Marker",
    "AccessPointAlias",
    "BucketArn",
}


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


class Talk:
    """Calls a client and writes down what came of it."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.transcript: list[tuple[str, Any]] = []

    def __call__(self, operation: str, *, also_drop: tuple[str, ...] = (), **params: Any) -> Any:
        if operation != "list_buckets":
            params.setdefault("Bucket", self.bucket)
        try:
            answer = getattr(self.client, operation)(**params)
        except ClientError as error:
            details = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.transcript.append((operation, (status, details["Code"], details["Message"])))
            return error.response
        if "Body" in answer:
            body = answer["Body"].read()
            answer = {**answer, "Body": body}
        self.transcript.append((operation, _plain(answer, _VOLATILE | set(also_drop))))
        return answer

    def note(self, value: Any) -> None:
        self.transcript.append(("note", value))


def plain_answer(answer: dict[str, Any]) -> Any:
    """What of an answer is the same with every server."""
    if "Body" in answer:
        answer = {**answer, "Body": answer["Body"].read()}
    return _plain(answer, _VOLATILE)


def _plain(value: Any, dropped: set[str]) -> Any:
    if isinstance(value, dict):
        plain = {k: _plain(v, dropped) for k, v in value.items() if k not in dropped}
        return {k: v for k, v in plain.items() if v not in ("", [])}
    if isinstance(value, list):
        return [_plain(item, dropped) for item in value]
    if isinstance(value, datetime):
        return "a time"
    if isinstance(value, bytes) and len(value) > 200:
        return (len(value), hashlib.md5(value).hexdigest())
    return value


def complete(talk: Talk, upload: dict[str, Any], parts: dict[str, Any]) -> None:
    talk("complete_multipart_upload", also_drop=("VersionId",), MultipartUpload=parts, **upload)


def error_of_complete(talk: Talk, upload: dict[str, Any], parts: dict[str, Any]) -> str:
    """The code alone: moto words the message in its own way."""
    with pytest.raises(ClientError) as error:
        talk.client.complete_multipart_upload(Bucket=talk.bucket, MultipartUpload=parts, **upload)
    return str(error.value.response["Error"]["Code"])


def parts_of(*answers: Any) -> dict[str, Any]:
    return {
        "Parts": [{"PartNumber": n, "ETag": answer["ETag"]} for n, answer in enumerate(answers, 1)]
    }


def fill(talk: Talk, *keys: str) -> None:
    for key in keys:
        talk.client.put_object(Bucket=talk.bucket, Key=key, Body=key.encode())


# --- buckets


@check
def create_bucket_again_in_us_east_1(talk: Talk) -> None:
    talk("create_bucket")
    talk("head_bucket", also_drop=("BucketArn",))


@check
def create_bucket_with_constraint(talk: Talk) -> None:
    name = talk.bucket + "-eu"
    there = {"LocationConstraint": "eu-west-1"}
    talk("create_bucket", Bucket=name, CreateBucketConfiguration=there, also_drop=("BucketArn",))
    talk("get_bucket_location", Bucket=name)
    talk("create_bucket", Bucket=name, CreateBucketConfiguration=there)


@check
def bucket_location_default(talk: Talk) -> None:
    talk("get_bucket_location")


@check
def missing_bucket(talk: Talk) -> None:
    for operation in ("head_bucket", "delete_bucket", "list_objects_v2", "list_objects"):
        talk(operation, Bucket="no-such-bucket")
    for operation in ("get_object", "head_object", "delete_object", "put_object"):
        talk(operation, Bucket="no-such-bucket", Key="k")
    talk("create_multipart_upload", Bucket="no-such-bucket", Key="k")


@check
def delete_bucket_with_objects(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"1")
    talk("delete_bucket")
    talk("delete_object", Key="k")
    talk("delete_bucket")
    talk("head_bucket")


@check
def versioning_off(talk: Talk) -> None:
    talk("get_bucket_versioning")


# --- put and get


@check
def put_get_head(talk: Talk) -> None:
    talk("put_object", Key="a/b.txt", Body=b"hello", ContentType="text/plain")
    talk("get_object", Key="a/b.txt")
    talk("head_object", Key="a/b.txt")


@check
def put_empty(talk: Talk) -> None:
    talk("put_object", Key="empty", Body=b"")
    talk("get_object", Key="empty")
    talk("head_object", Key="empty")


@check
def put_large(talk: Talk) -> None:
    talk("put_object", Key="big", Body=bytes(range(256)) * 20_000)
    talk("get_object", Key="big")


@check
def overwrite(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"1", Metadata={"old": "1"})
    talk("put_object", Key="k", Body=b"22")
    talk("get_object", Key="k")


@check
def user_metadata_and_headers(talk: Talk) -> None:
    talk(
        "put_object",
        Key="k",
        Body=b"x",
        Metadata={"Colour": "red", "two": "a b"},
        CacheControl="max-age=60",
        ContentDisposition="attachment; filename=x",
        ContentEncoding="gzip",
        ContentLanguage="de",
        Expires=datetime(2030, 1, 2, tzinfo=UTC),
    )
    talk("head_object", Key="k")
    talk("get_object", Key="k")


@check
def strange_keys(talk: Talk) -> None:
    for key in ("a b", "ü/ñ", "a+b&c=d?e#f", "x//y", "/lead", "../up", "per%20cent", "a'\"<>", "~"):
        talk("put_object", Key=key, Body=key.encode())
        talk("get_object", Key=key)
    talk("list_objects_v2")


@check
def key_beside_its_folder(talk: Talk) -> None:
    talk("put_object", Key="x", Body=b"file")
    talk("put_object", Key="x/y", Body=b"inside")
    talk("put_object", Key="x/", Body=b"")
    for key in ("x", "x/y", "x/"):
        talk("get_object", Key=key)


@check
def missing_key(talk: Talk) -> None:
    for operation in ("get_object", "head_object", "get_object_tagging", "get_object_acl"):
        talk(operation, Key="nothing")
    talk("delete_object", Key="nothing")


@check
def storage_class(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"x", StorageClass="STANDARD_IA")
    talk("head_object", Key="k")
    talk("list_objects_v2")


@check
def response_overrides(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"x")
    talk(
        "get_object",
        Key="k",
        ResponseContentType="text/csv",
        ResponseContentDisposition="attachment",
        ResponseCacheControl="no-cache",
        ResponseContentLanguage="fr",
        ResponseContentEncoding="identity",
    )


# --- ranges


def ranged(*headers: str) -> Check:
    def run(talk: Talk) -> None:
        talk.client.put_object(Bucket=talk.bucket, Key="k", Body=b"0123456789")
        for header in headers:
            talk("get_object", Key="k", Range=header)

    return run


CHECKS["range_first_bytes"] = ranged("bytes=0-3", "bytes=0-0")
CHECKS["range_middle"] = ranged("bytes=3-5")
CHECKS["range_open_end"] = ranged("bytes=4-")
CHECKS["range_suffix"] = ranged("bytes=-4", "bytes=-100")
CHECKS["range_beyond_the_end"] = ranged("bytes=5-100")


@check
def range_not_satisfiable(talk: Talk) -> None:
    fill(talk, "k")
    talk("get_object", Key="k", Range="bytes=50-60")


@check
def range_of_head(talk: Talk) -> None:
    talk.client.put_object(Bucket=talk.bucket, Key="k", Body=b"0123456789")
    talk("head_object", Key="k", Range="bytes=2-4")


# --- conditions


@check
def if_match(talk: Talk) -> None:
    etag = talk("put_object", Key="k", Body=b"x")["ETag"]
    talk("get_object", Key="k", IfMatch=etag)
    talk("get_object", Key="k", IfMatch='"other"')
    talk("head_object", Key="k", IfMatch='"other"')


@check
def if_none_match(talk: Talk) -> None:
    etag = talk("put_object", Key="k", Body=b"x")["ETag"]
    talk("get_object", Key="k", IfNoneMatch='"other"')
    talk("get_object", Key="k", IfNoneMatch=etag)
    talk("head_object", Key="k", IfNoneMatch=etag)


@check
def if_modified_since(talk: Talk) -> None:
    fill(talk, "k")
    talk("get_object", Key="k", IfModifiedSince=datetime(2020, 1, 1, tzinfo=UTC))
    last = talk.client.head_object(Bucket=talk.bucket, Key="k")["LastModified"]
    talk("get_object", Key="k", IfModifiedSince=last)
    talk("head_object", Key="k", IfModifiedSince=last)


@check
def if_unmodified_since(talk: Talk) -> None:
    fill(talk, "k")
    talk("get_object", Key="k", IfUnmodifiedSince=datetime(2020, 1, 1, tzinfo=UTC))
    last = talk.client.head_object(Bucket=talk.bucket, Key="k")["LastModified"]
    talk("get_object", Key="k", IfUnmodifiedSince=last)


@check
def put_if_none_match(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"1", IfNoneMatch="*")
    talk("put_object", Key="k", Body=b"2", IfNoneMatch="*")
    talk("get_object", Key="k")


@check
def put_if_match(talk: Talk) -> None:
    etag = talk("put_object", Key="k", Body=b"1")["ETag"]
    talk("put_object", Key="k", Body=b"2", IfMatch=etag)
    talk("put_object", Key="k", Body=b"3", IfMatch=etag)
    talk("get_object", Key="k")


# --- checksums


@check
def checksum_crc32(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"hello", ChecksumAlgorithm="CRC32")
    talk("list_objects_v2", also_drop=("ChecksumType",))


@check
def checksum_sha256(talk: Talk) -> None:
    talk(
        "put_object",
        Key="k",
        Body=b"hello",
        ChecksumAlgorithm="SHA256",
        also_drop=("ChecksumType",),
    )
    talk("head_object", Key="k", ChecksumMode="ENABLED", also_drop=("ChecksumType",))


@check
def checksum_not_with_a_range(talk: Talk) -> None:
    talk.client.put_object(Bucket=talk.bucket, Key="k", Body=b"hello", ChecksumAlgorithm="SHA1")
    talk(
        "get_object",
        Key="k",
        Range="bytes=0-1",
        ChecksumMode="ENABLED",
        also_drop=("ChecksumType",),
    )


# --- listing


@check
def list_order_is_by_bytes(talk: Talk) -> None:
    fill(
        talk,
        "b",
        "B",
        "a",
        "é",
        "z",
        "Z",
        "_",
        "~",
        "日",
        "a/b",
        "a-b",
        "a.b",
        "\U0001f600",
        "\uffee",
    )
    talk("list_objects_v2")
    talk("list_objects")


@check
def list_empty(talk: Talk) -> None:
    talk("list_objects_v2")
    talk("list_objects")
    talk("list_object_versions")


@check
def list_prefix(talk: Talk) -> None:
    fill(talk, "a/1", "a/2", "ab", "b/1")
    for prefix in ("a", "a/", "a/1", "c"):
        talk("list_objects_v2", Prefix=prefix)


@check
def list_delimiter(talk: Talk) -> None:
    fill(talk, "a/1", "a/2/3", "b", "c/d/e", "c/f")
    for prefix in ("", "a/", "c", "c/", "a/2"):
        talk("list_objects_v2", Prefix=prefix, Delimiter="/")
        talk("list_objects", Prefix=prefix, Delimiter="/")


@check
def list_long_delimiter(talk: Talk) -> None:
    fill(talk, "a--1", "a--2", "b-1", "c--")
    talk("list_objects_v2", Delimiter="--")


@check
def list_v2_pages(talk: Talk) -> None:
    fill(talk, *(f"k{n}" for n in range(7)))
    page = talk("list_objects_v2", MaxKeys=3)
    while page["IsTruncated"]:
        page = talk("list_objects_v2", MaxKeys=3, ContinuationToken=page["NextContinuationToken"])


@check
def list_v2_pages_with_delimiter(talk: Talk) -> None:
    fill(talk, "a/1", "a/2", "b", "c/1", "c/2", "d/1", "e")
    page = talk("list_objects_v2", MaxKeys=2, Delimiter="/")
    while page["IsTruncated"]:
        page = talk(
            "list_objects_v2",
            MaxKeys=2,
            Delimiter="/",
            ContinuationToken=page["NextContinuationToken"],
        )


@check
def list_v1_pages(talk: Talk) -> None:
    fill(talk, *(f"k{n}" for n in range(5)))
    talk("list_objects", MaxKeys=2, also_drop=("NextMarker",))
    talk("list_objects", MaxKeys=2, Marker="k1", also_drop=("NextMarker",))
    talk("list_objects", MaxKeys=2, Marker="k3", also_drop=("NextMarker",))


@check
def list_start_after(talk: Talk) -> None:
    fill(talk, "a", "b", "c", "d/1", "d/2")
    talk("list_objects_v2", StartAfter="b")
    talk("list_objects_v2", StartAfter="zz")
    talk("list_objects_v2", StartAfter="d/", Delimiter="/")


@check
def list_max_keys_zero(talk: Talk) -> None:
    fill(talk, "a")
    talk("list_objects_v2", MaxKeys=0)


@check
def list_fetch_owner(talk: Talk) -> None:
    fill(talk, "a")
    talk.note("Owner" in talk("list_objects_v2", FetchOwner=True)["Contents"][0])
    talk.note("Owner" in talk("list_objects_v2")["Contents"][0])


@check
def list_url_encoded(talk: Talk) -> None:
    fill(talk, "a b/ü", "a b/+", "c%")
    talk("list_objects_v2", EncodingType="url", Prefix="a b/")
    talk("list_objects_v2", EncodingType="url", Delimiter="/")


@check
def list_versions(talk: Talk) -> None:
    fill(talk, "a", "b")
    talk("list_object_versions")
    talk("list_object_versions", Prefix="b")


# --- delete


@check
def delete_twice(talk: Talk) -> None:
    fill(talk, "k")
    talk("delete_object", Key="k")
    talk("delete_object", Key="k")
    talk("get_object", Key="k")


@check
def delete_many(talk: Talk) -> None:
    fill(talk, "a", "b", "c d&<é")
    names = [{"Key": key} for key in ("a", "c d&<é", "not there")]
    talk("delete_objects", Delete={"Objects": names})
    talk("list_objects_v2")


# --- copy


@check
def copy_keeps_attributes(talk: Talk) -> None:
    talk("put_object", Key="a", Body=b"x", Metadata={"m": "1"}, ContentType="text/csv")
    talk("copy_object", Key="b c", CopySource={"Bucket": talk.bucket, "Key": "a"})
    talk("get_object", Key="b c")


@check
def copy_replaces_attributes(talk: Talk) -> None:
    talk("put_object", Key="a b", Body=b"x", Metadata={"m": "1"}, ContentType="text/csv")
    talk(
        "copy_object",
        Key="b",
        CopySource={"Bucket": talk.bucket, "Key": "a b"},
        MetadataDirective="REPLACE",
        Metadata={"n": "2"},
        ContentType="text/plain",
    )
    talk("get_object", Key="b")


@check
def copy_onto_itself(talk: Talk) -> None:
    talk("put_object", Key="a", Body=b"x")
    source = {"Bucket": talk.bucket, "Key": "a"}
    talk("copy_object", Key="a", CopySource=source)
    talk(
        "copy_object", Key="a", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"}
    )
    talk("get_object", Key="a")


@check
def copy_of_nothing(talk: Talk) -> None:
    talk("copy_object", Key="b", CopySource={"Bucket": talk.bucket, "Key": "none"})
    talk("copy_object", Key="b", CopySource={"Bucket": "no-such-bucket", "Key": "none"})


@check
def copy_if_match(talk: Talk) -> None:
    etag = talk("put_object", Key="a", Body=b"x")["ETag"]
    source = {"Bucket": talk.bucket, "Key": "a"}
    talk("copy_object", Key="b", CopySource=source, CopySourceIfMatch=etag)


# --- tags


@check
def tagging(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"x", Tagging="a=1&b=two%20words")
    talk("get_object_tagging", Key="k")
    talk("head_object", Key="k")
    talk("put_object_tagging", Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    talk("get_object_tagging", Key="k")
    talk("delete_object_tagging", Key="k")
    talk("get_object_tagging", Key="k")


@check
def tagging_limits(talk: Talk) -> None:
    fill(talk, "k")
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(11)]
    talk("put_object_tagging", Key="k", Tagging={"TagSet": many})


@check
def tags_are_copied(talk: Talk) -> None:
    talk("put_object", Key="a", Body=b"x", Tagging="a=1")
    source = {"Bucket": talk.bucket, "Key": "a"}
    talk("copy_object", Key="b", CopySource=source)
    talk("copy_object", Key="c", CopySource=source, TaggingDirective="REPLACE", Tagging="z=9")
    talk("get_object_tagging", Key="b")
    talk("get_object_tagging", Key="c")


# --- multipart


def begin(talk: Talk, key: str = "k", **params: Any) -> dict[str, Any]:
    answer = talk("create_multipart_upload", Key=key, **params)
    return {"Key": key, "UploadId": answer["UploadId"]}


@check
def multipart_whole(talk: Talk) -> None:
    upload = begin(talk, Metadata={"m": "1"}, ContentType="text/csv")
    one = talk("upload_part", PartNumber=1, Body=b"a" * 5 * MB, **upload)
    two = talk("upload_part", PartNumber=2, Body=b"b" * 100, **upload)
    talk("list_parts", also_drop=("ChecksumCRC32",), **upload)
    complete(talk, upload, parts_of(one, two))
    talk("get_object", Key="k")
    talk("list_objects_v2")
    talk("list_parts", **upload)


@check
def multipart_single_part(talk: Talk) -> None:
    upload = begin(talk)
    one = talk("upload_part", PartNumber=1, Body=b"tiny", **upload)
    complete(talk, upload, parts_of(one))
    talk("head_object", Key="k")


@check
def multipart_part_sent_again(talk: Talk) -> None:
    upload = begin(talk)
    talk("upload_part", PartNumber=1, Body=b"old", **upload)
    one = talk("upload_part", PartNumber=1, Body=b"new", **upload)
    complete(talk, upload, parts_of(one))
    talk("get_object", Key="k")


@check
def multipart_wrong_etag(talk: Talk) -> None:
    upload = begin(talk)
    talk("upload_part", PartNumber=1, Body=b"x", **upload)
    wrong = {"ETag": '"0123456789abcdef0123456789abcdef"'}
    talk.note(error_of_complete(talk, upload, parts_of(wrong)))


@check
def multipart_too_small(talk: Talk) -> None:
    upload = begin(talk)
    one = talk("upload_part", PartNumber=1, Body=b"x", **upload)
    two = talk("upload_part", PartNumber=2, Body=b"y", **upload)
    talk.note(error_of_complete(talk, upload, parts_of(one, two)))


@check
def multipart_abort(talk: Talk) -> None:
    upload = begin(talk)
    talk("upload_part", PartNumber=1, Body=b"x", **upload)
    talk("list_multipart_uploads", also_drop=("NextKeyMarker", "KeyMarker", "Prefix"))
    talk("abort_multipart_upload", **upload)
    talk("list_multipart_uploads", also_drop=("NextKeyMarker", "KeyMarker", "Prefix"))
    talk("abort_multipart_upload", **upload)


@check
def multipart_unknown_upload(talk: Talk) -> None:
    talk("list_parts", Key="k", UploadId="nothing")
    talk("abort_multipart_upload", Key="k", UploadId="nothing")


@check
def multipart_part_number_out_of_range(talk: Talk) -> None:
    upload = begin(talk)
    talk("upload_part", PartNumber=10_001, Body=b"x", **upload)


@check
def multipart_copied_part(talk: Talk) -> None:
    talk.client.put_object(Bucket=talk.bucket, Key="src", Body=b"0123456789" * 600_000)
    source = {"Bucket": talk.bucket, "Key": "src"}
    upload = begin(talk)
    ranged = {"CopySource": source, "CopySourceRange": f"bytes=0-{5 * MB - 1}"}
    one = talk("upload_part_copy", PartNumber=1, **ranged, **upload)
    two = talk("upload_part_copy", PartNumber=2, CopySource=source, **upload)
    parts = parts_of(one["CopyPartResult"], two["CopyPartResult"])
    complete(talk, upload, parts)
    talk("get_object", Key="k")


@check
def multipart_in_order_of_keys(talk: Talk) -> None:
    for key in ("b", "a", "c/1"):
        begin(talk, key)
    talk("list_multipart_uploads", Prefix="c", also_drop=("NextKeyMarker", "KeyMarker", "Prefix"))


@check
def object_attributes(talk: Talk) -> None:
    talk("put_object", Key="k", Body=b"hello")
    talk("get_object_attributes", Key="k", ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])


@check
def presigned_urls(talk: Talk) -> None:
    params = {"Bucket": talk.bucket, "Key": "a b+ü"}
    put = talk.client.generate_presigned_url("put_object", params)
    request = urllib.request.Request(put, b"signed", {"Content-Type": "x/y"}, method="PUT")
    talk.note(urllib.request.urlopen(request).status)
    get = talk.client.generate_presigned_url("get_object", params)
    with urllib.request.urlopen(get) as answer:
        talk.note((answer.read(), answer.headers["Content-Type"], answer.headers["ETag"]))
