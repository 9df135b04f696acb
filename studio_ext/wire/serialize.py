"""Answers and errors in the form each protocol gives them.

A handler returns a dict like boto3's. Members that are None, or that the operation's output has
not, are left out.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from . import xml
from .errors import ApiError
from .jsonform import to_json
from .models import Located, places_of
from .routing import Route
from .scalars import format_text

S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# The root elements S3 documents, which botocore's parser ignores and its models do not name.
_S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class Response:
    """An answer. `body` is bytes, or what the handler gave for a streamed payload."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = b""


def serialize(route: Route, result: Mapping[str, Any], request_id: str) -> Response:
    """The successful answer of an operation."""
    response = _SERIALIZERS[route.protocol](route.operation, result, request_id)
    response.headers.update(_id_headers(route, request_id))
    return response


def serialize_error(
    protocol: str, error: ApiError, request_id: str, operation: OperationModel | None = None
) -> Response:
    """The answer of a failed call; `operation` may be unknown."""
    service = operation.service_model.service_name if operation else ""
    if protocol == "rest-xml":
        response = _s3_error(error, request_id)
    elif protocol == "query":
        response = _query_error(error, request_id, operation)
    else:
        response = _json_error(error, operation)
    response.headers["x-amz-request-id" if protocol == "rest-xml" else "x-amzn-RequestId"] = (
        request_id
    )
    response.headers.update({k: header_text(v) for k, v in error.headers.items()})
    if service == "cloudwatch" and protocol == "json":
        # Clients of a service that moved from query to JSON look for the old code here.
        response.headers["x-amzn-query-error"] = f"{error.code};{_fault(error)}"
    return response


def _id_headers(route: Route, request_id: str) -> dict[str, str]:
    if route.operation.service_model.service_name == "s3":
        return {"x-amz-request-id": request_id, "x-amz-id-2": request_id}
    return {"x-amzn-RequestId": request_id}


def header_text(value: Any) -> str:
    """A header value with control characters, which could forge further headers, made blanks."""
    text = str(value)
    return (text if text.isprintable() else _CONTROL.sub(" ", text)).strip()


# --- json


def _json(operation: OperationModel, result: Mapping[str, Any], _request_id: str) -> Response:
    shape = operation.output_shape
    version = operation.service_model.metadata.get("jsonVersion", "1.1")
    body = b"" if shape is None else _dump(to_json(shape, result))
    return Response(200, {"content-type": f"application/x-amz-json-{version}"}, body)


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _dump(value: Any) -> bytes:
    return _encode(value).encode()


def _json_error(error: ApiError, operation: OperationModel | None) -> Response:
    body: dict[str, Any] = {"__type": error.code, "message": error.message}
    for name, value in error.fields.items():
        body[name] = value if isinstance(value, (str, int, float, bool)) else str(value)
    version = operation.service_model.metadata.get("jsonVersion") if operation else None
    kind = f"x-amz-json-{version or '1.1'}"
    if operation is not None and operation.service_model.resolved_protocol == "rest-json":
        kind = "json"
        # SageMaker's runtime models spell the member with a capital.
        body["Message"] = error.message
    headers = {"content-type": f"application/{kind}", "x-amzn-ErrorType": header_text(error.code)}
    return Response(error.status, headers, _dump(body))


# --- rest


def _rest_json(operation: OperationModel, result: Mapping[str, Any], _request_id: str) -> Response:
    def body(shape: StructureShape, values: Mapping[str, Any]) -> bytes:
        members = {n: m for n, m in shape.members.items() if "location" not in m.serialization}
        return _dump(
            {
                m.serialization.get("name", n): to_json(m, values[n])
                for n, m in members.items()
                if values.get(n) is not None
            }
        )

    return _rest(operation, result, "application/json", body)


def _rest_xml(operation: OperationModel, result: Mapping[str, Any], _request_id: str) -> Response:
    def body(shape: StructureShape, values: Mapping[str, Any]) -> bytes:
        tag = _S3_ROOTS.get(operation.name, shape.serialization.get("name") or shape.name)
        if operation.name == "GetBucketLocation":  # the one answer that is text, not members
            tag, inside = "LocationConstraint", xml.escaped(values.get("LocationConstraint") or "")
        else:
            inside = xml.content(shape, values)
        is_s3 = operation.service_model.service_name == "s3"
        return xml.document(xml.element(tag, inside, S3_NAMESPACE if is_s3 else None))

    return _rest(operation, result, "application/xml", body)


def _rest(
    operation: OperationModel,
    result: Mapping[str, Any],
    content_type: str,
    render: Callable[[Any, Any], bytes],
) -> Response:
    shape = operation.output_shape
    response = Response(int(operation.http.get("responseCode", 200)))
    if shape is None:
        return response
    places = places_of(shape)
    for name, value in result.items():
        if value is not None and (place := places.by_name.get(name)) is not None:
            _place(response, place, value)
    payload = shape.serialization.get("payload")
    if payload is None:
        if not places.whole:
            response.body = render(shape, result)
            response.headers.setdefault("content-type", content_type)
    else:
        _payload(response, shape.members[payload], result.get(payload), content_type, render)
    if operation.service_model.service_name == "s3" and response.headers.get("content-range"):
        response.status = 206
    return response


def _payload(
    response: Response,
    member: Shape,
    value: Any,
    content_type: str,
    render: Callable[[Any, Any], bytes],
) -> None:
    if value is None:
        return
    if isinstance(member, StructureShape):
        response.body = render(member, value)
        response.headers.setdefault("content-type", content_type)
    else:
        response.body = value.encode() if isinstance(value, str) else value
        default = "text/plain" if member.type_name == "string" else "application/octet-stream"
        response.headers.setdefault("content-type", default)


def _place(response: Response, place: Located, value: Any) -> None:
    _, location, wire, member, is_json = place
    if location == "statusCode":
        response.status = int(value)
    elif location == "headers":
        for key, text in value.items():
            response.headers[wire + key.lower()] = header_text(text)
    elif location == "header":
        text = base64.b64encode(_dump(value)).decode() if is_json else _header_value(member, value)
        response.headers[wire] = header_text(text)


def _header_value(member: Shape, value: Any) -> str:
    if isinstance(member, ListShape):
        return ", ".join(_header_value(member.member, item) for item in value)
    return format_text(member, value, "rfc822")


def _s3_error(error: ApiError, request_id: str) -> Response:
    if error.status == 304:
        return Response(304)
    told = {"Code": error.code, "Message": error.message, **error.fields, "RequestId": request_id}
    body = xml.document(xml.element("Error", xml.texts(told)))
    return Response(error.status, {"content-type": "application/xml"}, body)


# --- query


def _query(operation: OperationModel, result: Mapping[str, Any], request_id: str) -> Response:
    shape = operation.output_shape
    inside = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        inside = xml.element(wrapper, xml.content(shape, result))
    inside += xml.element("ResponseMetadata", xml.texts({"RequestId": request_id}))
    root = xml.element(f"{operation.name}Response", inside, _query_namespace(operation))
    return Response(200, {"content-type": "text/xml"}, xml.document(root))


def _query_error(error: ApiError, request_id: str, operation: OperationModel | None) -> Response:
    told = {"Type": _fault(error), "Code": error.code, "Message": error.message, **error.fields}
    inside = xml.element("Error", xml.texts(told)) + xml.texts({"RequestId": request_id})
    root = xml.element("ErrorResponse", inside, _query_namespace(operation))
    return Response(error.status, {"content-type": "text/xml"}, xml.document(root))


def _query_namespace(operation: OperationModel | None) -> str | None:
    return operation.service_model.metadata.get("xmlNamespace") if operation else None


def _fault(error: ApiError) -> str:
    return "Sender" if error.status < 500 else "Receiver"


_SERIALIZERS: dict[str, Callable[[OperationModel, Mapping[str, Any], str], Response]] = {
    "json": _json,
    "rest-json": _rest_json,
    "rest-xml": _rest_xml,
    "query": _query,
}
