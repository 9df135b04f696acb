"""What the gateway answers: SageMaker Runtime's errors, and the heads of HTTP answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from ...wire.errors import ApiError
from .http import STATUS
from .routing import Endpoint


@lru_cache(maxsize=1024)
def invoked(content_type: str, variant: str) -> bytes:
    """Status line and headers of an answered invocation."""
    kind = latin(content_type or "application/octet-stream")
    return (
        STATUS[200]
        + b"content-type: %b\r\n" % kind
        + b"x-amzn-invoked-production-variant: %b\r\n" % variant.encode()
    )


def plain(status: int, content_type: str) -> bytes:
    """Status line and headers of any other answer."""
    return STATUS.get(status, b"HTTP/1.1 %d \r\n" % status) + (
        b"content-type: %b\r\n" % content_type.encode()
    )


def error_of(error: ApiError) -> tuple[bytes, bytes]:
    """Status line and headers, and body, of an error."""
    head = plain(error.status, "application/json")
    head += b"x-amzn-errortype: %b\r\n" % latin(error.code)
    return head, json.dumps({"Message": error.message, **error.fields}).encode()


def latin(text: str) -> bytes:
    """A header's value; what a header cannot hold is left out."""
    return "".join(c for c in text if c >= " " and c != "\x7f").encode("latin-1", "ignore")


def attributes_of(header: Mapping[str, object]) -> bytes:
    """The header of custom attributes, if the model set any."""
    attributes = header.get("attributes")
    if not attributes:
        return b""
    return b"x-amzn-sagemaker-custom-attributes: %b\r\n" % latin(str(attributes))


def invalid(message: str) -> ApiError:
    """ValidationError."""
    return ApiError("ValidationError", message, 400)


def bad_name() -> ApiError:
    """An endpoint's name that can be none."""
    return invalid(
        "1 validation error detected: Value at 'endpointName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: "
        "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def too_large(limit: int) -> ApiError:
    """A body of more than ``limit`` bytes."""
    return invalid(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {limit}"
    )


def unavailable(name: str, reason: str) -> ApiError:
    """No worker can take the request."""
    return ApiError("ServiceUnavailable", f"Endpoint {name} cannot be invoked: {reason}.", 503)


def internal() -> ApiError:
    """A defect of the gateway, whose traceback is in its log."""
    text = "The request failed because of an internal error."
    return ApiError("InternalFailure", text, 500)


def model_error(
    endpoint: Endpoint, status: int, text: str, container: str | None = None
) -> ApiError:
    """The model answered with an error, or (status 0) did not answer.

    ``container`` names the one of an inference pipeline.
    """
    if status:
        who = "client" if status < 500 else "server"
        message = (
            f'Received {who} error ({status}) from {container or "primary"} with message "{text}".'
        )
    else:
        message = text
    message += (
        f" See {endpoint.log_stream_arn or f'/aws/sagemaker/Endpoints/{endpoint.name}'}"
        f" in account {endpoint.account} for more information."
    )
    fields = {
        "OriginalStatusCode": status or 500,
        "OriginalMessage": text,
        "LogStreamArn": endpoint.log_stream_arn,
    }
    return ApiError("ModelError", message, 424, fields=fields)
