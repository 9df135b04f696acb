"""What a request says of the object it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ...store.objects import Attributes, Condition
from ...store.objects.checksums import ALGORITHMS, is_valid, require
from ...wire.dispatch import Call
from ...wire.errors import ApiError
from .acl import check_acl
from .common import Params, not_built, owner_name, unquoted

_TEXT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "WebsiteRedirectLocation",
)
_NOT_BUILT = {
    "SSECustomerAlgorithm",
    "SSECustomerKey",
    "CopySourceSSECustomerAlgorithm",
    "CopySourceSSECustomerKey",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "WriteOffsetBytes",
}
_TRAILER = "x-amz-checksum-"
_CHECKSUMS = {f"Checksum{name}": name for name in ALGORITHMS}


def attributes_of(call: Call, params: Params) -> Attributes:
    """The attributes in a request to put, copy or begin an upload.

    Encryption by S3's or KMS's keys is neither done nor claimed in the answer. What a client would
    rely on later (its own encryption key, object lock) is refused.
    """
    check_acl(params)
    if refused := _NOT_BUILT & params.keys():
        raise not_built(min(refused))
    if params.get("ObjectLockLegalHoldStatus") == "ON":
        raise not_built("ObjectLockLegalHoldStatus")
    headers = {name: params[name] for name in _TEXT_HEADERS if name in params}
    if "Expires" in params:
        headers["Expires"] = params["Expires"].timestamp()
    return Attributes(
        content_type=params.get("ContentType") or Attributes.content_type,
        headers=headers,
        metadata={key.lower(): value for key, value in params.get("Metadata", {}).items()},
        tags=tags_of(params.get("Tagging", "")),
        storage_class=storage_class(call, params),
        owner=owner_name(call),
    )


def storage_class(call: Call, params: Params) -> str:
    """The storage class asked for; a label without effect, but it must be one of S3's."""
    wanted = params.get("StorageClass") or Attributes.storage_class
    shape = call.operation.input_shape.members["StorageClass"]
    if wanted not in shape.metadata["enum"]:
        raise ApiError("InvalidStorageClass", "The storage class you specified is not valid")
    return str(wanted)


def tags_of(header: str) -> dict[str, str]:
    """Tags in the form of a query string."""
    pairs = parse_qsl(header, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        text = (
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
            "parameters without tag name duplicates."
        )
        raise ApiError("InvalidArgument", text)
    return dict(pairs)


def condition_of(params: Params) -> Condition:
    """The condition on the object in place."""
    return Condition(unquoted(params.get("IfMatch")), unquoted(params.get("IfNoneMatch")))


@dataclass(frozen=True)
class Promise:
    """Checksums that a client announces of its body: in headers, or behind the body."""

    algorithms: Sequence[str]
    known: dict[str, str]
    trailing: str | None

    def kept(self, call: Call) -> dict[str, str]:
        """All expected values, once the body was read."""
        if self.trailing is None:
            return self.known
        value = call.trailers.get(_TRAILER + self.trailing.lower())
        if value is None:
            raise ApiError(
                "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform "
                "to our published schema.",
            )
        _require_valid(self.trailing, value)
        return {**self.known, self.trailing: value}


def promise_of(call: Call, params: Params) -> Promise:
    """What must be computed of the body, and what it must come to."""
    known = checksums_of(params)
    trailing = _trailing(call)
    algorithms = [*known, *([trailing] if trailing else [])]
    if len(algorithms) > 1:
        raise ApiError(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    if "ChecksumAlgorithm" in params:
        wanted = require(params["ChecksumAlgorithm"])
        if algorithms and algorithms != [wanted]:
            text = "Value for x-amz-sdk-checksum-algorithm header is invalid."
            raise ApiError("InvalidRequest", text)
        if call.body is not None and not algorithms:
            raise ApiError(
                "InvalidRequest",
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
                "x-amz-trailer headers were found.",
            )
        algorithms = [wanted]
    if "ContentMD5" in params:
        if not is_valid("MD5", params["ContentMD5"]):
            raise ApiError("InvalidDigest", "The Content-MD5 you specified was invalid.")
        known["Content-MD5"] = params["ContentMD5"]
    return Promise(algorithms, known, trailing)


def checksums_of(params: Params) -> dict[str, str]:
    """The checksum members of a request, {"CRC32": base64}."""
    found = {_CHECKSUMS[member]: params[member] for member in _CHECKSUMS.keys() & params.keys()}
    for name, value in found.items():
        _require_valid(name, value.partition("-")[0])
    return found


def _trailing(call: Call) -> str | None:
    for name in call.headers.get("x-amz-trailer", "").lower().split(","):
        if name.strip().startswith(_TRAILER):
            return require(name.strip().removeprefix(_TRAILER))
    return None


def _require_valid(algorithm: str, value: str) -> None:
    if not is_valid(algorithm, value):
        text = f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."
        raise ApiError("InvalidRequest", text)
