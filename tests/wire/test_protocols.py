"""Parsing undoes botocore's serializer, and botocore's parser undoes ours, for any value."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import urlencode

import pytest
from botocore import parsers
from botocore import serialize as botocore_serialize
from botocore.awsrequest import AWSRequest, HeadersDict, prepare_request_dict
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core.model import ServiceModel as MotoServiceModel
from moto.core.serialize import SERIALIZERS

from studio_ext.wire import models
from studio_ext.wire.parse import parse
from studio_ext.wire.request import Request
from studio_ext.wire.routing import Route, resolve
from studio_ext.wire.scalars import parse_text, parse_timestamp
from studio_ext.wire.serialize import serialize

SERVICES = (
    "sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics",
    "s3", "sts", "iam", "logs", "cloudwatch",
)  # fmt: skip

plain = st.text(st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cn", "Co", "Cc")),
                min_size=1, max_size=8)  # fmt: skip
header_safe = st.text("abcXYZ019 -_./", min_size=1, max_size=8).map(str.strip).filter(bool)
moments = st.integers(0, 4_000_000_000).map(lambda s: datetime(1970, 1, 1, tzinfo=UTC)
                                             + timedelta(seconds=s))  # fmt: skip


@cache
def operation(service: str, name: str):
    return models.service_model(service).operation_model(name)


def values(shape, text=plain, depth=0):
    """Values of a shape; required members always, others sometimes, none below four levels."""
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        return _structures(shape, depth)
    if isinstance(shape, ListShape):
        return st.lists(values(shape.member, text, depth + 1), min_size=1, max_size=2)
    if isinstance(shape, MapShape):
        # Names of headers have no case.
        names = values(shape.key, text.map(str.lower) if text is header_safe else text)
        return st.dictionaries(names, values(shape.value, text, depth + 1),
                               min_size=1, max_size=2)  # fmt: skip
    if kind == "string":
        return st.sampled_from(shape.enum) if shape.enum else text
    return {
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(-1e6, 1e6, width=32),
        "double": st.floats(-1e12, 1e12),
        "timestamp": moments,
        "blob": st.binary(max_size=16),
    }[kind]


def _structures(shape, depth):
    required, optional = {}, {}
    for name, member in shape.members.items():
        is_document = isinstance(member, StructureShape) and member.is_document_type
        if member.serialization.get("streaming") or is_document or name.startswith("x-"):
            continue
        text = header_safe if member.serialization.get("location") else plain
        if member.serialization.get("jsonvalue") or member.serialization.get("eventstream"):
            continue
        if name in shape.required_members:
            required[name] = values(member, text, depth + 1)
        elif depth < 3 or shape.is_tagged_union:
            optional[name] = st.deferred(lambda m=member, t=text: values(m, t, depth + 1))
    some = st.sets(st.sampled_from(sorted(optional)), max_size=4) if optional else st.just(set())
    if shape.is_tagged_union:
        return st.sampled_from(sorted(optional)).flatmap(
            lambda name: st.fixed_dictionaries({name: optional[name]})
        )
    return some.flatmap(
        lambda names: st.fixed_dictionaries({**required, **{n: optional[n] for n in names}})
    )


def request_for(model, params) -> Request:
    """What botocore puts on the wire, unsigned."""
    service = model.service_model
    serializer = botocore_serialize.create_serializer(service.resolved_protocol, False)
    prepared = serializer.serialize_to_request(params, model)
    prepare_request_dict(prepared, "http://h", {"client_config": None})
    body = prepared["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    body = body.encode() if isinstance(body, str) else body
    sent = AWSRequest(prepared["method"], prepared["url"], prepared["headers"], b"", {}).prepare()
    path, _, query = sent.url.removeprefix("http://h").partition("?")
    headers = {name.lower(): str(value) for name, value in prepared["headers"].items()}
    name = service.signing_name
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=A/20260101/r/{name}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    return Request(prepared["method"], path, query, headers, body=body)


def sampled(service, wanted=25):
    """Every n-th operation, for services too large to try them all each time."""
    names = sorted(models.service_model(service).operation_names)
    return names[:: max(1, len(names) // wanted)]


CASES = [(service, name) for service in SERVICES for name in sampled(service)]
# Deprecated twins and other hosts; event streams are not spoken.
SKIPPED = {"ListDirectoryBuckets", "WriteGetObjectResponse", "GetBucketLifecycle",
           "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification"}  # fmt: skip
CASES = [
    (service, name)
    for service, name in CASES
    if name not in SKIPPED and not operation(service, name).has_event_stream_output
]


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return one == other


@pytest.mark.parametrize(("service", "name"), CASES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_requests(service, name, data):
    model = operation(service, name)
    params = data.draw(values(model.input_shape)) if model.input_shape else {}
    request = request_for(model, params)
    route = resolve(request, SERVICES)
    assert route.operation.name == name
    parsed = parse(route, request)
    if "payload" in (model.input_shape.serialization if model.input_shape else {}):
        # An absent and an empty raw payload are the same on the wire.
        payload = model.input_shape.serialization["payload"]
        if not params.get(payload):
            parsed.pop(payload, None)
            params.pop(payload, None)
    # Empty structures leave no trace in forms and query strings.
    assert same(_without_empty(params), _without_empty(parsed)), (params, parsed)


@pytest.mark.parametrize(("service", "name"), CASES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answers(service, name, data):
    model = operation(service, name)
    shape = model.output_shape
    result = data.draw(values(shape)) if shape else {}
    if shape and shape.serialization.get("payload") in result:
        body = result[shape.serialization["payload"]]
        if isinstance(body, (bytes, str)):
            return  # raw payloads are seen through real clients elsewhere
    protocol = model.service_model.resolved_protocol
    unknown = {**result, "NoSuchMember": object(), "Nothing": None}
    response = serialize(Route(model, protocol, {}), unknown, "the-id")
    headers = HeadersDict(response.headers)
    wire = {"status_code": 200, "headers": headers, "body": response.body, "context": {}}
    if shape is None:
        return
    parsed = parsers.create_parser(protocol).parse(wire, shape)
    assert parsed.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    for member in [m for m in shape.members if shape.members[m].type_name == "timestamp"]:
        if isinstance(parsed.get(member), datetime):
            parsed[member] = parsed[member].astimezone(UTC)
    if name == "GetBucketLocation":  # parsed by a handler of the client, see test_clients
        return
    # Empty flattened lists and structures leave nothing to see in XML.
    assert same(_without_empty(result), _without_empty(parsed)), (result, parsed, response)


EMPTY = ({}, [], "", None, b"")


def _without_empty(value):
    if isinstance(value, dict):
        kept = {k: _without_empty(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in EMPTY}
    if isinstance(value, list):
        return [v for v in map(_without_empty, value) if v not in EMPTY]
    return value


@pytest.mark.parametrize(
    ("service", "name", "result"),
    [
        ("s3", "ListObjectsV2", {"Name": "b", "Contents": [{"Key": "a&<", "Size": 1}],
                                 "CommonPrefixes": [{"Prefix": "p/"}], "IsTruncated": False}),
        ("s3", "ListParts", {"Parts": [{"PartNumber": 1, "ETag": '"e"'}], "UploadId": "u"}),
        ("sts", "GetCallerIdentity", {"Account": "1", "Arn": "a", "UserId": "u"}),
        ("iam", "ListRoles", {"Roles": [], "IsTruncated": False}),
        ("sagemaker", "ListTags", {"Tags": [{"Key": "k", "Value": "v"}]}),
    ],
)  # fmt: skip
def test_moto_answers_the_same(service, name, result):
    """Another implementation's answer, read by botocore, equals ours read by botocore."""
    model = operation(service, name)
    protocol = model.service_model.resolved_protocol
    ours = serialize(Route(model, protocol, {}), result, "i")
    description = Loader().load_service_model(service, "service-2")
    their_model = MotoServiceModel(description, service).operation_model(name)
    theirs = SERIALIZERS[protocol](operation_model=their_model).serialize(result)
    body = theirs["body"] if isinstance(theirs["body"], bytes) else theirs["body"].encode()
    parser = parsers.create_parser(protocol)
    read = [
        parser.parse({"status_code": 200, "headers": {}, "body": b, "context": {}},
                     model.output_shape)
        for b in (ours.body, body)
    ]  # fmt: skip
    for one in read:
        one.pop("ResponseMetadata")
    assert read[0] == read[1]


# --- query protocol of services whose newer clients speak JSON


def test_older_clients_speak_query_to_cloudwatch():
    body = urlencode({
        "Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "n s",
        "MetricData.member.1.MetricName": "a", "MetricData.member.1.Value": "1.5",
        "MetricData.member.1.Dimensions.member.1.Name": "d",
        "MetricData.member.1.Dimensions.member.1.Value": "v",
        "MetricData.member.2.MetricName": "b",
        "MetricData.member.2.Timestamp": "2026-01-02T03:04:05Z",
        "MetricData.member.10.MetricName": "c",
    }).encode()  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8",
               "authorization": "AWS4-HMAC-SHA256 Credential=A/1/r/monitoring/aws4_request, "
               "SignedHeaders=host, Signature=0"}  # fmt: skip
    request = Request("POST", "/", "", headers, body=body)
    route = resolve(request, ["cloudwatch"])
    assert (route.operation.name, route.protocol) == ("PutMetricData", "query")
    assert parse(route, request) == {
        "Namespace": "n s",
        "MetricData": [
            {"MetricName": "a", "Value": 1.5, "Dimensions": [{"Name": "d", "Value": "v"}]},
            {"MetricName": "b", "Timestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
            {"MetricName": "c"},
        ],
    }
    text = serialize(route, {}, "i").body
    assert b"<PutMetricDataResponse" in text


@pytest.mark.parametrize("form", ["1767323045", "2026-01-02T03:04:05Z",
                                  "Fri, 02 Jan 2026 03:04:05 GMT", 1767323045.0])  # fmt: skip
def test_timestamp_forms(form):
    assert parse_timestamp(form).astimezone(UTC) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_special_floats():
    shape = models.service_model("cloudwatch").shape_for("DatapointValue")
    assert math.isnan(parse_text(shape, "NaN"))
    assert parse_text(shape, "-Infinity") == -math.inf
    model = operation("cloudwatch", "GetMetricStatistics")
    result = {"Datapoints": [{"Average": math.nan}]}
    body = serialize(Route(model, "json", {}), result, "i").body
    assert b'"Average":"NaN"' in body


def test_models_of_our_own(tmp_path, monkeypatch):
    """A model in botocore's format in an extra folder is served like botocore's."""
    folder = tmp_path / "studio-test" / "2026-01-01"
    folder.mkdir(parents=True)
    preview = {
        "name": "PreviewFlow", "http": {"method": "POST", "requestUri": "/"},
        "input": {"shape": "In"},
    }  # fmt: skip
    model = {
        "metadata": {"protocol": "json", "targetPrefix": "StudioTest", "apiVersion": "2026-01-01",
                     "endpointPrefix": "studio", "serviceId": "Studio"},
        "operations": {"PreviewFlow": preview},
        "shapes": {"In": {"type": "structure", "members": {"At": {"shape": "T"}}},
                   "T": {"type": "timestamp"}},
    }  # fmt: skip
    (folder / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setattr(models, "_loader", Loader(extra_search_paths=[str(tmp_path)]))
    request = Request("POST", "/", "", {"x-amz-target": "StudioTest.PreviewFlow"}, body=b'{"At":0}')
    route = resolve(request, ["sagemaker", "studio-test"])
    assert parse(route, request) == {"At": datetime(1970, 1, 1, tzinfo=UTC)}
