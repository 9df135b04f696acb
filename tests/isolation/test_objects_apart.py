"""Buckets: what another has is refused, what it shares is not, and every way in asks the same."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx
import pytest
from people import Person, denied, refusal
from studio_plane import Studio, archive

from studio_ext.wire.errors import ApiError

KEY = "secret/data.csv"


@pytest.fixture(scope="module", autouse=True)
def data(ana: Person) -> None:
    ana.put(KEY, b"ana's")
    ana.put("public/a.csv", b"for all")
    ana.put("gone/b.csv", b"x")


@pytest.fixture
def policy(ana: Person) -> Any:
    """``policy(statement...)``: set on ana's bucket, taken away after the test."""

    def put(*statements: dict[str, Any]) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        ana.s3.put_bucket_policy(Bucket=ana.bucket, Policy=text)

    yield put
    ana.s3.delete_bucket_policy(Bucket=ana.bucket)


def allow(who: Any, actions: str | list[str], *resources: str, effect: str = "Allow") -> dict:
    return {
        "Effect": effect,
        "Principal": who if who == "*" else {"AWS": who},
        "Action": actions,
        "Resource": [f"arn:aws:s3:::{name}" for name in resources],
    }


def operations(studio: Studio) -> list[str]:
    return list(studio.plane.dispatcher.registry.operations("s3"))


#: What each operation needs beside Bucket and Key.
MORE: dict[str, dict[str, Any]] = {
    "CompleteMultipartUpload": {"UploadId": "u"},
    "AbortMultipartUpload": {"UploadId": "u"},
    "ListParts": {"UploadId": "u"},
    "UploadPart": {"UploadId": "u", "PartNumber": 1, "Body": b"x"},
    "UploadPartCopy": {"UploadId": "u", "PartNumber": 1},
    "PutObjectTagging": {"Tagging": {"TagSet": []}},
    "GetObjectAttributes": {"ObjectAttributes": ["ETag"]},
    "PutBucketPolicy": {"Policy": "{}"},
    "PutObject": {"Body": b"mine now"},
}


def test_no_operation_reaches_anothers_bucket(studio: Studio, ana: Person, ben: Person) -> None:
    """Every operation that there is, so that a new one is in here by itself."""
    before = {key: ana.get(f"s3://{ana.bucket}/{key}") for key in (KEY, "public/a.csv")}
    tried = []
    for name in operations(studio):
        shape = ben.s3.meta.service_model.operation_model(name).input_shape
        if name in ("CreateBucket", "DeleteObjects") or "Bucket" not in shape.required_members:
            continue
        params: dict[str, Any] = {"Bucket": ana.bucket, **MORE.get(name, {})}
        if "Key" in shape.members:
            params["Key"] = KEY
        if "CopySource" in shape.members:
            params |= {"CopySource": f"{ana.bucket}/{KEY}", "Bucket": ben.bucket}
        method = ben.s3.meta.method_to_api_mapping
        python = next(key for key, value in method.items() if value == name)
        assert denied(getattr(ben.s3, python), **params), name
        if "CopySource" in shape.members:  # and the other way round
            params |= {"CopySource": f"{ben.bucket}/x", "Bucket": ana.bucket}
            assert denied(getattr(ben.s3, python), **params), name
        tried.append(name)
    assert len(tried) > 25
    assert {key: ana.get(f"s3://{ana.bucket}/{key}") for key in before} == before


def test_deleting_many_names_each_key(ana: Person, ben: Person) -> None:
    answer = ben.s3.delete_objects(Bucket=ana.bucket, Delete={"Objects": [{"Key": KEY}]})
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [(KEY, "AccessDenied")]
    assert "Deleted" not in answer
    assert ana.get(f"s3://{ana.bucket}/{KEY}") == b"ana's"


def test_lists_and_names(ana: Person, ben: Person, studio: Studio) -> None:
    assert [b["Name"] for b in ben.s3.list_buckets()["Buckets"]] == [ben.bucket]
    code, _, status = refusal(lambda: ben.s3.create_bucket(Bucket=ana.bucket))
    assert (code, status) == ("BucketAlreadyExists", 409)
    assert refusal(lambda: ben.s3.head_bucket(Bucket="not-there-at-all"))[2] == 404
    # Not even the administrator's own: the account is the boundary.
    assert denied(lambda: studio.s3.get_object(Bucket=ana.bucket, Key=KEY))


async def test_a_copy_source_in_disguise(studio: Studio, ana: Person, ben: Person) -> None:
    """As a client may write it that does not encode as boto3 does."""
    invoke = studio.plane.dispatcher.invoke
    for source in (f"/{ana.bucket}/{KEY}", f"%{ord(ana.bucket[0]):x}{ana.bucket[1:]}/{KEY}"):
        params = {"Bucket": ben.bucket, "Key": "x", "CopySource": source}
        with pytest.raises(ApiError, match="Access Denied"):
            await invoke("s3", "CopyObject", params, ben.caller)


def test_a_presigned_url_carries_its_signer(ana: Person, ben: Person) -> None:
    def url(who: Person) -> str:
        params = {"Bucket": ana.bucket, "Key": KEY}
        return str(who.s3.generate_presigned_url("get_object", Params=params))

    assert httpx.get(url(ana)).content == b"ana's"
    assert httpx.get(url(ben)).status_code == 403


def test_anothers_upload_in_parts(ana: Person, ben: Person) -> None:
    begun = ana.s3.create_multipart_upload(Bucket=ana.bucket, Key="parts")
    where = {"UploadId": begun["UploadId"], "Key": "parts"}
    part = {**where, "PartNumber": 1, "Body": b"x"}
    assert denied(lambda: ben.s3.upload_part(Bucket=ana.bucket, **part))
    # By way of a bucket of one's own it is not found.
    assert refusal(lambda: ben.s3.upload_part(Bucket=ben.bucket, **part))[0] == "NoSuchUpload"
    assert denied(lambda: ben.s3.list_parts(Bucket=ana.bucket, **where))
    ana.s3.abort_multipart_upload(Bucket=ana.bucket, **where)


def test_a_policy_grants_what_it_says(ana: Person, ben: Person, policy: Any) -> None:
    policy(
        allow(ben.account, "s3:GetObject", f"{ana.bucket}/public/*"),
        allow(ben.account, "s3:PutObject", f"{ana.bucket}/inbox/*"),
    )
    assert ben.get(f"s3://{ana.bucket}/public/a.csv") == b"for all"
    assert denied(lambda: ben.get(f"s3://{ana.bucket}/{KEY}"))
    ben.s3.put_object(Bucket=ana.bucket, Key="inbox/x", Body=b"from ben")
    assert denied(lambda: ben.get(f"s3://{ana.bucket}/inbox/x"))
    assert denied(lambda: ben.s3.delete_object(Bucket=ana.bucket, Key="inbox/x"))
    assert ana.get(f"s3://{ana.bucket}/inbox/x") == b"from ben"
    # Without s3:ListBucket nothing is told of which keys there are.
    assert denied(lambda: ben.get(f"s3://{ana.bucket}/public/no-such"))
    assert denied(lambda: ben.s3.list_objects_v2(Bucket=ana.bucket))
    copy = {"Bucket": ben.bucket, "Key": "copied"}
    ben.s3.copy_object(**copy, CopySource=f"{ana.bucket}/public/a.csv")
    assert ben.get(f"s3://{ben.bucket}/copied") == b"for all"


def test_listing_is_granted_by_itself(ana: Person, ben: Person, policy: Any) -> None:
    policy(allow("*", ["s3:ListBucket", "s3:GetObject"], ana.bucket, f"{ana.bucket}/public/*"))
    assert ana.bucket in [b["Name"] for b in ben.s3.list_buckets()["Buckets"]]
    keys = {item["Key"] for item in ben.s3.list_objects_v2(Bucket=ana.bucket)["Contents"]}
    assert KEY in keys
    assert refusal(lambda: ben.get(f"s3://{ana.bucket}/public/no"))[0] == "NoSuchKey"
    assert denied(lambda: ben.get(f"s3://{ana.bucket}/{KEY}"))
    assert denied(lambda: ben.s3.get_bucket_policy(Bucket=ana.bucket))


def test_a_denial_outranks(ana: Person, ben: Person, policy: Any) -> None:
    policy(
        allow("*", "s3:*", ana.bucket, f"{ana.bucket}/*"),
        allow("*", "s3:GetObject", f"{ana.bucket}/secret/*", effect="Deny"),
    )
    assert ben.get(f"s3://{ana.bucket}/public/a.csv") == b"for all"
    assert denied(lambda: ben.get(f"s3://{ana.bucket}/{KEY}"))
    assert denied(lambda: ana.get(f"s3://{ana.bucket}/{KEY}"))
    assert denied(lambda: ben.s3.delete_bucket_policy(Bucket=ana.bucket))


def test_a_principal_by_its_profile(studio: Studio, ana: Person, ben: Person, policy: Any) -> None:
    listed = studio.sagemaker.list_user_profiles(UserProfileNameContains="ben")["UserProfiles"]
    (profile,) = [item for item in listed if item["UserProfileName"] == "ben"]
    names = {key: profile[key] for key in ("DomainId", "UserProfileName")}
    arn = studio.sagemaker.describe_user_profile(**names)["UserProfileArn"]
    policy(allow(arn, "s3:GetObject", f"{ana.bucket}/public/*"))
    assert ben.get(f"s3://{ana.bucket}/public/a.csv") == b"for all"
    assert denied(lambda: studio.get(f"s3://{ana.bucket}/public/a.csv"))
    told = json.loads(ana.s3.get_bucket_policy(Bucket=ana.bucket)["Policy"])
    assert told["Statement"][0]["Principal"] == {"AWS": arn}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Principal": {"AWS": "arn:aws:sagemaker:us-east-1:0:user-profile/d-x/no"}}, "Malformed"),
        ({"Action": "sagemaker:CreateModel"}, "MalformedPolicy"),
        ({"Resource": "arn:aws:s3:::another-bucket/*"}, "MalformedPolicy"),
        ({"Effect": "Maybe"}, "MalformedPolicy"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "NotImplemented"),
        ({"NotPrincipal": {"AWS": "*"}}, "NotImplemented"),
    ],
)
def test_a_policy_that_cannot_be_meant(ana: Person, change: dict[str, Any], code: str) -> None:
    statement = allow("*", "s3:GetObject", f"{ana.bucket}/*") | change
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    found, _, _ = refusal(lambda: ana.s3.put_bucket_policy(Bucket=ana.bucket, Policy=text))
    assert found.startswith(code)
    missing = refusal(lambda: ana.s3.get_bucket_policy(Bucket=ana.bucket))
    assert missing[0] == "NoSuchBucketPolicy"


def test_jobs_and_models_read_as_their_owner(ana: Person, ben: Person, policy: Any) -> None:
    uri = ana.put("models/m.tar.gz", archive({"name": "m"}))
    channel = {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{ana.bucket}/public/"}
        },
    }
    output = {"S3OutputPath": f"s3://{ana.bucket}/out"}
    for field, changes in (
        ("InputDataConfig", {"InputDataConfig": [channel]}),
        ("OutputDataConfig", {"OutputDataConfig": output}),
        ("CheckpointConfig", {"CheckpointConfig": {"S3Uri": f"s3://{ana.bucket}/c"}}),
    ):
        code, text, _ = refusal(partial(ben.job, "thief"), **changes)
        assert (code, field in text, "Access denied" in text) == ("ValidationException", True, True)
    code, text, _ = refusal(lambda: ben.model("thief", ModelDataUrl=uri))
    assert code == "ValidationException" and "Access denied to model data" in text
    # Shared, it is read; taken back between admission and start, it is not.
    policy(
        allow(ben.account, ["s3:GetObject", "s3:ListBucket"], ana.bucket, f"{ana.bucket}/public/*")
    )
    script = "import os; print('files', os.listdir('/opt/ml/input/data/train'))"
    ben.run("reader", script, InputDataConfig=[channel])
    assert "files ['a.csv']" in ben.log("reader")
