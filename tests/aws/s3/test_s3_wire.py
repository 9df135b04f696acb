"""What moto does not do as S3 does: the answers written out."""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from s3_checks import MB, parts_of
from s3_servers import make_client

from studio_ext.store.objects import LocalObjectStore
from studio_ext.store.objects.checksums import ALGORITHMS, Digester


def refused(call: Callable[..., Any], **params: Any) -> tuple[int, str]:
    """(HTTP status, code) of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call(**params)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def begin(client: Any, bucket: str, key: str = "k", **params: Any) -> dict[str, Any]:
    answer = client.create_multipart_upload(Bucket=bucket, Key=key, **params)
    return {"Bucket": bucket, "Key": key, "UploadId": answer["UploadId"]}


# --- buckets


@pytest.mark.parametrize(
    "name", ["xy", "Upper", "with_underscore", "a..b", "192.168.1.1", "-dash", "xn--x", "x" * 64]
)
def test_bad_bucket_names(client: Any, name: str) -> None:
    assert refused(client.create_bucket, Bucket=name) == (400, "InvalidBucketName")


def test_us_east_1_is_no_location_constraint(client: Any, new_name: Callable[[], str]) -> None:
    there = {"LocationConstraint": "us-east-1"}
    status, code = refused(client.create_bucket, Bucket=new_name(), CreateBucketConfiguration=there)
    assert status == 400 and code in ("InvalidLocationConstraint", "InvalidArgument")


def test_expected_owner(client: Any, bucket: str) -> None:
    client.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")
    client.put_object(Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner="000000000000")
    other = {"Bucket": bucket, "ExpectedBucketOwner": "111111111111"}
    assert refused(client.head_bucket, **other) == (403, "403")
    assert refused(client.put_object, Key="k", Body=b"y", **other) == (403, "AccessDenied")
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_list_buckets_in_pages(client: Any, new_name: Callable[[], str]) -> None:
    names = sorted(f"{new_name()}-paged" for _ in range(3))
    for name in names:
        client.create_bucket(Bucket=name)
    pages = client.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2})
    found = [bucket["Name"] for page in pages for bucket in page["Buckets"]]
    assert [name for name in found if name in names] == names
    assert found == sorted(found)


def test_deleting_a_bucket_ends_its_uploads(
    client: Any, bucket: str, object_store: LocalObjectStore
) -> None:
    upload = begin(client, bucket)
    client.upload_part(PartNumber=1, Body=b"x", **upload)
    client.delete_bucket(Bucket=bucket)
    client.create_bucket(Bucket=bucket)
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


# --- checksums


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_checksum_is_computed_returned_and_verified(
    client: Any, bucket: str, algorithm: str
) -> None:
    digester = Digester([algorithm])
    digester.update(b"hello")
    value = digester.finish().checksums[algorithm]
    member = f"Checksum{algorithm}"
    answer = client.put_object(Bucket=bucket, Key="k", Body=b"hello", **{member: value})
    assert answer[member] == value
    assert answer["ChecksumType"] == "FULL_OBJECT"
    got = client.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (got[member], got["Body"].read()) == (value, b"hello")
    status = refused(client.put_object, Bucket=bucket, Key="k", Body=b"hallo", **{member: value})
    assert status == (400, "BadDigest")
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"


def test_known_checksums() -> None:
    # the check values of the CRC catalogue for b"123456789"
    digester = Digester(["CRC32", "CRC32C", "CRC64NVME"])
    digester.update(b"1234")
    digester.update(b"56789")
    found = {k: base64.b64decode(v).hex() for k, v in digester.finish().checksums.items()}
    assert found == {"CRC32": "cbf43926", "CRC32C": "e3069283", "CRC64NVME": "ae8b14860a799888"}


def test_malformed_checksum(client: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    assert refused(client.put_object, ChecksumCRC32="no base64", **params)[1] == "InvalidRequest"
    assert refused(client.put_object, ChecksumCRC32="AAAA", **params)[1] == "InvalidRequest"


def test_content_md5(client: Any, bucket: str) -> None:
    good = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    bad = base64.b64encode(hashlib.md5(b"y").digest()).decode()
    params = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    assert refused(client.put_object, ContentMD5=bad, **params) == (400, "BadDigest")
    assert refused(client.put_object, ContentMD5="no", **params) == (400, "InvalidDigest")
    client.put_object(ContentMD5=good, **params)


# --- objects


def test_key_too_long(client: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "Body": b"x"}
    assert refused(client.put_object, Key="ü" * 513, **params) == (400, "KeyTooLongError")
    client.put_object(Key="ü" * 512, **params)


def test_metadata_too_large(client: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "Key": "k", "Metadata": {"m": "x" * 2048}}
    assert refused(client.put_object, **params) == (400, "MetadataTooLarge")


def test_unknown_storage_class(client: Any, bucket: str) -> None:
    status, code = refused(client.put_object, Bucket=bucket, Key="k", StorageClass="NO_SUCH")
    assert status == 400 and code in ("InvalidStorageClass", "InvalidArgument")


def test_public_lists_are_refused(client: Any, bucket: str) -> None:
    public = {"Bucket": bucket, "Key": "k", "ACL": "public-read"}
    assert refused(client.put_object, **public) == (400, "AccessControlListNotSupported")
    client.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
    assert refused(client.put_object_acl, **public) == (400, "AccessControlListNotSupported")
    acl = client.get_object_acl(Bucket=bucket, Key="k")
    assert [grant["Permission"] for grant in acl["Grants"]] == ["FULL_CONTROL"]
    assert acl["Grants"][0]["Grantee"]["ID"] == acl["Owner"]["ID"]
    assert acl["Grants"][0]["Grantee"]["Type"] == "CanonicalUser"


def test_own_encryption_keys_are_refused(url: str, bucket: str) -> None:
    def add(request: Any, **_: Any) -> None:
        request.headers["x-amz-server-side-encryption-customer-algorithm"] = "AES256"

    client = make_client(url)  # boto3 has no way to ask for it over plain HTTP
    client.meta.events.register_first("before-sign.s3.PutObject", add)
    status = refused(client.put_object, Bucket=bucket, Key="k", Body=b"x")
    assert status == (501, "NotImplemented")


def test_unknown_version(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    client.get_object(Bucket=bucket, Key="k", VersionId="null")
    status = refused(client.get_object, Bucket=bucket, Key="k", VersionId="3sL4kqtJlcpXrof3vjVBH")
    assert status == (400, "InvalidArgument")


def test_range_that_makes_no_sense_is_ignored(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    for header in ("bytes=5-2", "chars=1-2", "bytes=-", "bytes=1-2,4-5"):
        answer = client.get_object(Bucket=bucket, Key="k", Range=header)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert answer["Body"].read() == b"0123456789"
    assert refused(client.get_object, Bucket=bucket, Key="k", Range="bytes=-0")[0] == 416


def test_put_with_a_condition_on_nothing(client: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "Key": "none", "Body": b"x"}
    assert refused(client.put_object, IfMatch='"abc"', **params) == (404, "NoSuchKey")
    assert refused(client.put_object, IfNoneMatch='"abc"', **params) == (501, "NotImplemented")


def test_conditional_delete(client: Any, bucket: str) -> None:
    etag = client.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    where = {"Bucket": bucket, "Key": "k"}
    assert refused(client.delete_object, IfMatch='"no"', **where) == (412, "PreconditionFailed")
    client.delete_object(IfMatch=etag, **where)
    assert refused(client.head_object, **where) == (404, "404")


def test_copy_conditions_and_directive(client: Any, bucket: str) -> None:
    etag = client.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    params = {"Bucket": bucket, "Key": "b", "CopySource": {"Bucket": bucket, "Key": "a"}}
    failed = (412, "PreconditionFailed")
    assert refused(client.copy_object, CopySourceIfNoneMatch=etag, **params) == failed
    assert refused(client.copy_object, CopySourceIfMatch='"no"', **params) == failed
    client.copy_object(**params)
    assert refused(client.copy_object, IfNoneMatch="*", **params) == failed


def test_copy_with_another_checksum(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"hello", ChecksumAlgorithm="CRC32")
    source = {"Bucket": bucket, "Key": "a"}
    answer = client.copy_object(
        Bucket=bucket, Key="b", CopySource=source, ChecksumAlgorithm="SHA256"
    )
    expected = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert answer["CopyObjectResult"]["ChecksumSHA256"] == expected


def test_delete_many_quietly_and_with_errors(client: Any, bucket: str) -> None:
    for key in "abc":
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    wanted = [
        {"Key": "a"},
        {"Key": "b", "VersionId": "unknown"},
        {"Key": "c", "ETag": '"other"'},
    ]
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": wanted, "Quiet": True})
    assert "Deleted" not in answer
    assert {(e["Key"], e["Code"]) for e in answer["Errors"]} == {
        ("b", "InvalidArgument"),
        ("c", "PreconditionFailed"),
    }
    listed = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["b", "c"]
    many = [{"Key": str(n)} for n in range(1001)]
    status = refused(client.delete_objects, Bucket=bucket, Delete={"Objects": many})
    assert status == (400, "MalformedXML")


def test_duplicate_tags(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    twice = {"TagSet": [{"Key": "k", "Value": "v"}, {"Key": "k", "Value": "w"}]}
    status = refused(client.put_object_tagging, Bucket=bucket, Key="k", Tagging=twice)
    assert status == (400, "InvalidTag")


# --- listing


def test_v1_markers_go_behind_a_common_prefix(client: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b", "c/1", "d"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    seen: list[str] = []
    marker = ""
    while True:
        page = client.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=2, Marker=marker)
        seen += [item["Key"] for item in page.get("Contents", [])]
        seen += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            break
        marker = page["NextMarker"]
    assert seen == ["b", "a/", "d", "c/"]


def test_checksums_in_a_listing(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x", ChecksumAlgorithm="SHA1")
    for listing in (client.list_objects, client.list_objects_v2):
        entry = listing(Bucket=bucket)["Contents"][0]
        assert (entry["ChecksumAlgorithm"], entry["ChecksumType"]) == (["SHA1"], "FULL_OBJECT")


def test_foreign_continuation_token(client: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "ContinuationToken": "made-up"}
    assert refused(client.list_objects_v2, **params) == (400, "InvalidArgument")


def test_keys_that_xml_cannot_hold(client: Any, bucket: str) -> None:
    keys = ["tab\tand\nline", "bell\x07", "]]>&amp;"]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    listed = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == sorted(keys)


# --- multipart


def test_full_object_checksum_of_parts(client: Any, bucket: str) -> None:
    whole = [b"a" * 5 * MB, b"b" * 5 * MB, b"c"]
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME"):
        upload = begin(client, bucket, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
        digester = Digester([algorithm])
        answers = []
        for number, body in enumerate(whole, 1):
            digester.update(body)
            answers.append(
                client.upload_part(
                    PartNumber=number, Body=body, ChecksumAlgorithm=algorithm, **upload
                )
            )
        value = digester.finish().checksums[algorithm]
        answer = client.complete_multipart_upload(
            MultipartUpload=parts_of(*answers), **{f"Checksum{algorithm}": value}, **upload
        )
        assert answer[f"Checksum{algorithm}"] == value
        got = client.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert got["Body"].read() == b"".join(whole)  # boto3 verifies the checksum too


def test_composite_checksum_of_parts(client: Any, bucket: str) -> None:
    upload = begin(client, bucket, ChecksumAlgorithm="SHA256")
    bodies = [b"a" * 5 * MB, b"b"]
    answers = [
        client.upload_part(PartNumber=n, Body=body, ChecksumAlgorithm="SHA256", **upload)
        for n, body in enumerate(bodies, 1)
    ]
    parts = parts_of(*answers)
    for part, answer in zip(parts["Parts"], answers, strict=True):
        part["ChecksumSHA256"] = answer["ChecksumSHA256"]
    answer = client.complete_multipart_upload(MultipartUpload=parts, **upload)
    digests = b"".join(hashlib.sha256(body).digest() for body in bodies)
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2"
    assert (answer["ChecksumSHA256"], answer["ChecksumType"]) == (expected, "COMPOSITE")
    wanted = ["ETag", "Checksum", "ObjectParts", "ObjectSize", "StorageClass"]
    found = client.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=wanted)
    assert found["ObjectParts"]["TotalPartsCount"] == 2
    assert [part["Size"] for part in found["ObjectParts"]["Parts"]] == [5 * MB, 1]
    assert found["Checksum"]["ChecksumSHA256"] == expected


def test_wrong_part_checksum(client: Any, bucket: str) -> None:
    upload = begin(client, bucket, ChecksumAlgorithm="CRC32")
    params = {"PartNumber": 1, "Body": b"x", **upload}
    assert refused(client.upload_part, ChecksumCRC32="AAAAAA==", **params) == (400, "BadDigest")
    assert refused(client.upload_part, ChecksumAlgorithm="SHA1", **params)[1] == "InvalidRequest"


def test_types_that_do_not_go_together(client: Any, bucket: str) -> None:
    for algorithm, kind in (("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        params = {"Bucket": bucket, "Key": "k"}
        params |= {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
        assert refused(client.create_multipart_upload, **params) == (400, "InvalidRequest")


def test_part_order(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    answers = [client.upload_part(PartNumber=n, Body=b"a" * 5 * MB, **upload) for n in (1, 2)]
    parts = parts_of(*answers)
    parts["Parts"].reverse()
    status = refused(client.complete_multipart_upload, MultipartUpload=parts, **upload)
    assert status == (400, "InvalidPartOrder")
    client.complete_multipart_upload(MultipartUpload=parts_of(*answers), **upload)


def test_completing_again_answers_the_same(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    part = client.upload_part(PartNumber=1, Body=b"x", **upload)
    call = {"MultipartUpload": parts_of(part), **upload}
    first = client.complete_multipart_upload(**call)["ETag"]
    assert client.complete_multipart_upload(**call)["ETag"] == first
    client.put_object(Bucket=bucket, Key="k", Body=b"newer")
    assert refused(client.complete_multipart_upload, **call) == (404, "NoSuchUpload")


def test_ended_uploads_take_no_parts(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    client.abort_multipart_upload(**upload)
    assert refused(client.upload_part, PartNumber=1, Body=b"x", **upload) == (404, "NoSuchUpload")
    whole = {"MultipartUpload": parts_of({"ETag": '"x"'}), **upload}
    assert refused(client.complete_multipart_upload, **whole) == (404, "NoSuchUpload")


def test_no_parts(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    status, _ = refused(client.complete_multipart_upload, MultipartUpload={"Parts": []}, **upload)
    assert status == 400


def test_complete_if_none_match(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"there")
    upload = begin(client, bucket)
    part = client.upload_part(PartNumber=1, Body=b"x", **upload)
    status = refused(
        client.complete_multipart_upload,
        MultipartUpload=parts_of(part),
        IfNoneMatch="*",
        **upload,
    )
    assert status == (412, "PreconditionFailed")
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"


def test_parts_in_pages(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    for number in (1, 3, 7):
        client.upload_part(PartNumber=number, Body=b"%d" % number, **upload)
    pages = client.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2})
    assert [[p["PartNumber"] for p in page["Parts"]] for page in pages] == [[1, 3], [7]]


def test_read_by_part_number(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    bodies = [b"a" * 5 * MB, b"b" * 100]
    answers = [
        client.upload_part(PartNumber=n, Body=body, **upload) for n, body in enumerate(bodies, 1)
    ]
    client.complete_multipart_upload(MultipartUpload=parts_of(*answers), **upload)
    where = {"Bucket": bucket, "Key": "k"}
    answer = client.get_object(PartNumber=2, **where)
    assert answer["Body"].read() == bodies[1]
    assert answer["ContentRange"] == f"bytes {5 * MB}-{5 * MB + 99}/{5 * MB + 100}"
    assert (answer["PartsCount"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (2, 206)
    assert client.head_object(PartNumber=1, **where)["ContentLength"] == 5 * MB
    assert refused(client.get_object, PartNumber=3, **where)[0] == 416


def test_uploads_in_pages_and_by_folder(client: Any, bucket: str) -> None:
    keys = ["a/1", "a/2", "b", "b", "c/1"]
    for key in keys:
        begin(client, bucket, key)
    pages = client.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    found = [upload["Key"] for page in pages for upload in page["Uploads"]]
    assert found == keys
    answer = client.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [upload["Key"] for upload in answer["Uploads"]] == ["b", "b"]
    assert [item["Prefix"] for item in answer["CommonPrefixes"]] == ["a/", "c/"]


# --- other clients


def test_transfer_manager_both_ways(client: Any, bucket: str, tmp_path: Any) -> None:
    source, target = tmp_path / "up", tmp_path / "down"
    source.write_bytes(bytes(range(256)) * (20 * MB // 256))
    client.upload_file(str(source), bucket, "big")
    assert client.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-3"')
    client.download_file(bucket, "big", str(target))
    assert target.read_bytes() == source.read_bytes()


def test_presigned_with_signature_2(url: str, bucket: str, client: Any) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    old = make_client(url, signature_version="s3")
    link = old.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    assert urllib.request.urlopen(link).read() == b"x"


def test_unsigned_requests_are_refused(url: str, bucket: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{url}/{bucket}/k")
    assert error.value.code == 403


def test_a_cut_upload_leaves_nothing(
    url: str, bucket: str, client: Any, object_store: LocalObjectStore
) -> None:
    client.put_object(Bucket=bucket, Key="before", Body=b"y")
    root = object_store.local_path(bucket, "before").parent.parent
    files = set(root.rglob("*"))
    params = {"Bucket": bucket, "Key": "k"}
    parts = urlsplit(client.generate_presigned_url("put_object", params))
    connection = http.client.HTTPConnection(parts.netloc)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Length", str(4 * MB))
    connection.endheaders()
    connection.send(b"x" * 3 * MB)
    wait_until(lambda: any(path.is_file() for path in set(root.rglob("*")) - files))
    connection.close()
    wait_until(lambda: not any(path.is_file() for path in set(root.rglob("*")) - files))
    listed = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["before"]


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)
