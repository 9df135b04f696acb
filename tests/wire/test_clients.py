"""boto3 clients of every protocol against a real server."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime

import pytest
from botocore.auth import AUTH_TYPE_MAPS, S3SigV4Auth
from botocore.exceptions import ClientError

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_json_parameters_and_answer(client, seen):
    answer = client("sagemaker").list_training_jobs(CreationTimeAfter=NOW, MaxResults=3)
    assert answer["TrainingJobSummaries"] == []
    assert "NextToken" not in answer
    assert seen.last == {"CreationTimeAfter": NOW, "MaxResults": 3}
    assert seen.call.caller.user_profile == "default"
    assert seen.call.request_id == answer["ResponseMetadata"]["RequestId"]


def test_json_timestamp_keeps_milliseconds(client, seen):
    answer = client("sagemaker").describe_training_job(TrainingJobName="a")
    assert answer["CreationTime"].timestamp() == 1700000000.123


def test_json_error(client, seen):
    sagemaker = client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="name is taken"):
        sagemaker.describe_training_job(TrainingJobName="taken")


def test_a_bug_is_an_internal_failure_told_only_to_the_log(client, seen, caplog):
    with (
        caplog.at_level(logging.ERROR, "studio_ext.wire.dispatch"),
        pytest.raises(ClientError) as failure,
    ):
        client("sagemaker").describe_training_job(TrainingJobName="crash")
    response = failure.value.response
    assert response["Error"]["Code"] == "InternalFailure"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "secret detail" not in str(response)
    assert "secret detail" in caplog.text
    assert response["ResponseMetadata"]["RequestId"] in caplog.text


def test_unknown_operation_names_itself(client, seen):
    sagemaker = client("sagemaker")
    with pytest.raises(ClientError) as failure:
        sagemaker.create_hub(HubName="h", HubDescription="d")
    assert failure.value.response["Error"]["Code"] == "NotImplemented"
    assert "sagemaker.CreateHub" in failure.value.response["Error"]["Message"]


@pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])
def test_not_implemented_is_not_retried_in_any_mode(client, mode):
    sagemaker = client("sagemaker", retries={"mode": mode, "total_max_attempts": 3})
    with pytest.raises(ClientError) as failure:
        sagemaker.list_hubs()
    assert failure.value.response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize(
    ("service", "method", "arguments", "named"),
    [
        ("s3", "get_bucket_cors", {"Bucket": "b"}, "s3.GetBucketCors"),
        ("iam", "list_users", {}, "iam.ListUsers"),
        ("logs", "describe_log_groups", {}, "logs.DescribeLogGroups"),
        ("glue", "get_databases", {}, "AWSGlue.GetDatabases"),
        ("sagemaker-runtime", "invoke_endpoint_async",
         {"EndpointName": "e", "InputLocation": "s3://b/k"}, "InvokeEndpointAsync"),
        ("lambda", "list_functions", {}, "lambda"),
    ],
)  # fmt: skip
def test_not_implemented_in_every_protocol(client, service, method, arguments, named):
    with pytest.raises(ClientError) as failure:
        getattr(client(service), method)(**arguments)
    assert failure.value.response["Error"]["Code"] == "NotImplemented"
    assert named in failure.value.response["Error"]["Message"]


def test_runtime_body_and_headers(client, seen):
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName="e",
        Body=b"\x00abc",
        ContentType="application/x-www-form-urlencoded",
        TargetVariant="blue",
    )
    assert answer["Body"].read() == b"cba\x00"
    assert answer["ContentType"] == "x/y"
    assert seen.last == {
        "EndpointName": "e",
        "Body": b"\x00abc",
        "TargetVariant": "blue",
        "ContentType": "application/x-www-form-urlencoded",
    }


def test_runtime_error_carries_its_fields(client, seen):
    runtime = client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as failure:
        runtime.invoke_endpoint(EndpointName="broken", Body=b"")
    assert failure.value.response["OriginalStatusCode"] == 500
    assert failure.value.response["OriginalMessage"] == "boom"


def test_services_that_share_the_signing_name(client, seen):
    features = client("sagemaker-featurestore-runtime")
    names = {"FeatureGroupName": "g", "RecordIdentifierValueAsString": "1"}
    features.get_record(**names, FeatureNames=["a", "b"])
    assert seen.last == {**names, "FeatureNames": ["a", "b"]}
    record = [{"FeatureName": "x", "ValueAsString": "é"}]
    features.put_record(FeatureGroupName="g", Record=record)
    assert seen.last == {"FeatureGroupName": "g", "Record": record}
    metric = {"MetricName": "m", "Timestamp": NOW, "Value": 1.0}
    client("sagemaker-metrics").batch_put_metrics(TrialComponentName="t", MetricData=[metric])
    assert seen.last == {"TrialComponentName": "t", "MetricData": [metric]}
    assert seen.call.service == "sagemaker-metrics"


def test_logs_and_cloudwatch(client, seen):
    events = client("logs").get_log_events(logStreamName="s", startFromHead=True)["events"]
    assert events == [{"timestamp": 5, "message": "é\n"}]
    query = {"Id": "m", "Expression": "x"}
    answer = client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=NOW, EndTime=NOW
    )
    assert answer["MetricDataResults"][0]["Timestamps"] == [NOW]
    client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m"}])
    assert seen.last["MetricData"] == [{"MetricName": "m"}]


def test_compressed_requests(client, seen):
    data = [{"MetricName": f"metric {n}", "Value": float(n)} for n in range(500)]
    client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)
    assert seen.call.headers["content-encoding"] == "gzip"
    assert seen.last["MetricData"] == data


def test_sts_and_iam(client, keys):
    sts = client("sts")
    identity = sts.get_caller_identity()
    assert identity["Account"] == "000000000000"
    assert identity["Arn"].endswith(":assumed-role/StudioExecutionRole/default")
    role = client("iam").get_role(RoleName="StudioExecutionRole")["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/StudioExecutionRole"
    assert role["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
    iam = client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="other")
    issued = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="nb", DurationSeconds=900)
    new = issued["Credentials"]
    session = client("sts", new["AccessKeyId"], new["SecretAccessKey"], new["SessionToken"])
    assert session.get_caller_identity()["Account"] == "000000000000"
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role["Arn"] + "2", RoleSessionName="nb")
    expiration = sts.get_session_token()["Credentials"]["Expiration"]
    assert 3590 < (expiration - datetime.now(UTC)).total_seconds() < 3610


# --- S3


def test_s3_object_round_trip(client, seen):
    s3 = client("s3")
    body = bytes(range(256)) * 5000
    s3.put_object(Bucket="b", Key="k", Body=body, Metadata={"Note": "x y"}, ContentType="t/u")
    assert seen.last["Metadata"] == {"note": "x y"}
    assert seen.last["ContentLength"] == len(body)
    answer = s3.get_object(Bucket="b", Key="k")
    assert answer["Body"].read() == body
    assert answer["Metadata"] == {"note": "x y"}
    part = s3.get_object(Bucket="b", Key="k", Range="bytes=5-9", ResponseContentType="q/r")
    assert part["Body"].read() == body[5:10]
    assert part["ContentRange"] == f"bytes 5-9/{len(body)}"
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert part["ContentType"] == "q/r"
    head = s3.head_object(Bucket="b", Key="k")
    assert head["ContentLength"] == len(body)
    assert head["LastModified"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_s3_empty_object(client, seen):
    client("s3").put_object(Bucket="b", Key="empty", Body=b"")
    assert client("s3").get_object(Bucket="b", Key="empty")["Body"].read() == b""


def test_s3_errors(client, seen):
    s3 = client("s3")
    with pytest.raises(s3.exceptions.NoSuchKey) as failure:
        s3.get_object(Bucket="b", Key="<nö>\x01")
    assert failure.value.response["Error"]["Key"].startswith("<nö>")
    with pytest.raises(ClientError) as failure:
        s3.head_object(Bucket="b", Key="none")
    assert failure.value.response["Error"]["Code"] == "404"


@pytest.mark.parametrize(
    "key",
    [
        "a b", "a+b", "a%20b", "ü/☃/𝄞", "a//b", "/leading", "//two", "a/../b", "../up", "./x",
        "trailing/", "?q=1&x", "#frag", "a;b=c", "a:b@c", "'\"<>&", "\t", "~-_.!*()", ".", "..",
        "WriteGetObjectResponse", "service/x/operation/y", "x" * 1024, "[a]{b}|c\\d^`",
    ],
)  # fmt: skip
@pytest.mark.parametrize("signer", ["default", "python"])
def test_s3_keys_arrive_as_they_were_sent(client, seen, monkeypatch, key, signer):
    if signer == "python":  # botocore signs in C where awscrt is installed
        monkeypatch.setitem(AUTH_TYPE_MAPS, "s3v4", S3SigV4Auth)
    s3 = client("s3")
    s3.put_object(Bucket="b", Key=key, Body=key.encode())
    assert seen.last["Key"] == key
    assert s3.get_object(Bucket="b", Key=key)["Body"].read() == key.encode()
    s3.delete_object(Bucket="b", Key=key)
    assert seen.last["Key"] == key


def test_s3_operations_that_share_method_and_path(client, seen):
    s3 = client("s3")
    where = {"Bucket": "b", "Key": "k"}
    part = {"UploadId": "u1", "PartNumber": 2}
    calls = [
        ("CreateBucket", s3.create_bucket, {"Bucket": "b"}),
        ("HeadBucket", s3.head_bucket, {"Bucket": "b"}),
        ("ListBuckets", s3.list_buckets, {}),
        ("ListObjects", s3.list_objects, {"Bucket": "b", "Prefix": "a b+c"}),
        ("ListObjectsV2", s3.list_objects_v2, {"Bucket": "b", "MaxKeys": 2}),
        ("CopyObject", s3.copy_object, {**where, "CopySource": "b/x y"}),
        ("UploadPart", s3.upload_part, {**where, **part, "Body": b"x"}),
        ("UploadPartCopy", s3.upload_part_copy, {**where, **part, "CopySource": "b/x"}),
        ("ListParts", s3.list_parts, {**where, "UploadId": "u1"}),
        ("AbortMultipartUpload", s3.abort_multipart_upload, {**where, "UploadId": "u1"}),
        ("DeleteObject", s3.delete_object, where),
        ("CreateMultipartUpload", s3.create_multipart_upload, where),
        ("PutObjectAcl", s3.put_object_acl, {**where, "ACL": "private"}),
        ("GetObjectTagging", s3.get_object_tagging, where),
        ("PutObjectTagging", s3.put_object_tagging,
         {**where, "Tagging": {"TagSet": [{"Key": "a", "Value": "<b>"}]}}),
        ("PutBucketPolicy", s3.put_bucket_policy, {"Bucket": "b", "Policy": "{}"}),
        ("GetBucketLocation", s3.get_bucket_location, {"Bucket": "b"}),
        ("CompleteMultipartUpload", s3.complete_multipart_upload,
         {**where, "UploadId": "u1", "MultipartUpload": {"Parts": [
             {"PartNumber": 1, "ETag": '"x"'}, {"PartNumber": 2, "ETag": '"y"'}]}}),
        ("DeleteObjects", s3.delete_objects,
         {"Bucket": "b", "Delete": {"Objects": [{"Key": "a&b"}, {"Key": " c "}]}}),
    ]  # fmt: skip
    for name, method, arguments in calls:
        method(**arguments)
        assert seen.call.operation.name == name
        for member, value in arguments.items():
            if member not in ("Body", "CopySource"):
                assert seen.last[member] == value, (name, member)


def test_s3_answers(client, seen):
    s3 = client("s3")
    listed = s3.list_objects_v2(Bucket="b")["Contents"]
    assert [item["Key"] for item in listed] == ["a b", "c\rd"]
    assert s3.get_bucket_location(Bucket="b")["LocationConstraint"] == "eu-west-1"
    assert s3.list_buckets()["Buckets"][0]["CreationDate"].timestamp() == 0
    assert s3.get_object_tagging(Bucket="b", Key="k")["TagSet"] == [{"Key": "k", "Value": "v"}]
    deleted = s3.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "a"}]})["Deleted"]
    assert deleted == [{"Key": "a"}, {"Key": "b"}]
    assert s3.delete_object(Bucket="b", Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_s3_transfer_manager(client, seen):
    s3 = client("s3")
    body = b"0123456789" * 1_000_000  # above the multipart threshold
    s3.upload_fileobj(io.BytesIO(body), "b", "big")
    names = [call.operation.name for call, _ in seen]
    assert names[0] == "CreateMultipartUpload"
    assert names[-1] == "CompleteMultipartUpload"
    assert names.count("UploadPart") == 2
