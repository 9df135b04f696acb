"""Where our answers differ from moto's on purpose, and what S3 itself answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from s3_sequences import Outcome, Step

LONG = "x" * 1025
TAGS = {"TagSet": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}
#: What is wrong with a request as such. S3 looks for it before it looks for what is named.
REQUEST_ERRORS = {
    "InvalidArgument",
    "InvalidRequest",
    "InvalidStorageClass",
    "InvalidTag",
    "BadRequest",
    "KeyTooLongError",
    "MalformedXML",
    "MetadataTooLarge",
}


@dataclass(frozen=True)
class Difference:
    """``holds`` recognises it by a step and both answers; ``example`` ends with such a step."""

    name: str
    why: str
    example: tuple[Step, ...]
    holds: Callable[[Step, Outcome, Outcome], bool]


def _codes(ours: tuple[int, str], theirs: tuple[int, str | None]) -> Callable[..., bool]:
    return lambda _step, a, b: (a[:2], b[:2]) == (ours, theirs)


def _member(operation: str, *names: str) -> Callable[[Step, Outcome, Outcome], bool]:
    """Answers that succeed and differ in these members alone."""

    def holds(step: Step, ours: Outcome, theirs: Outcome) -> bool:
        if step.operation != operation or ours[1] or theirs[1]:
            return False
        return _without(ours[2], names) == _without(theirs[2], names)

    return holds


def _without(answer: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in (answer or {}).items() if name not in names}


def _put(key: str = "a", **params: Any) -> Step:
    return Step("put_object", {"Key": key, "Body": b"x", **params})


_UPLOAD = Step("create_multipart_upload", {"Key": "a"})

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "moto fails",
        "an exception of moto's own; S3 answers 404 NoSuchKey",
        (Step("delete_object_tagging", {"Key": "a"}),),
        lambda _step, ours, theirs: theirs[0] == 500 and ours[0] < 500,
    ),
    Difference(
        "the request is looked at first",
        "S3 refuses what is wrong in itself before it looks for the bucket, key or upload",
        (Step("put_object_tagging", {"Key": "none", "Tagging": TAGS}),),
        lambda _step, ours, theirs: (
            ours[1] in REQUEST_ERRORS
            and theirs[1] in {*REQUEST_ERRORS, "NoSuchKey", "NoSuchBucket", "NoSuchUpload", "404"}
        ),
    ),
    Difference(
        "limits of keys",
        "S3 refuses a key of more than 1,024 bytes everywhere; moto in some operations",
        (Step("create_multipart_upload", {"Key": LONG}),),
        lambda _step, ours, theirs: ours[1] == "KeyTooLongError" and theirs[0] in (200, 204, 404),
    ),
    Difference(
        "limits of metadata",
        "S3 refuses more than 2 KB of user metadata whenever an object is described",
        (Step("create_multipart_upload", {"Key": "a", "Metadata": {"a": "x" * 2100}}),),
        lambda _step, ours, theirs: ours[1] == "MetadataTooLarge" and theirs[0] == 200,
    ),
    Difference(
        "quiet deletes",
        "with Quiet, S3 lists what could not be deleted and nothing else",
        (Step("delete_objects", {"Delete": {"Objects": [{"Key": "a"}], "Quiet": True}}),),
        lambda step, ours, theirs: (
            step.operation == "delete_objects"
            and step.params["Delete"]["Quiet"]
            and _member("delete_objects", "Deleted")(step, ours, theirs)
        ),
    ),
    Difference(
        "the prefix of uploads",
        "S3 repeats the prefix that was asked for",
        (Step("list_multipart_uploads", {"Prefix": "a"}),),
        _member("list_multipart_uploads", "Prefix"),
    ),
    Difference(
        "the prefix in letters beyond ASCII",
        "S3 encodes it as it was asked to, as it does keys; botocore decodes it in V2 alone",
        (Step("list_objects", {"Prefix": "é"}),),
        _member("list_objects", "Prefix"),
    ),
    Difference(
        "where to start, with a plus",
        "S3 encodes it as it was asked to; moto leaves the plus, which is read as a blank",
        (Step("list_objects_v2", {"StartAfter": "a+b"}),),
        _member("list_objects_v2", "StartAfter", "MaxKeys"),
    ),
    Difference(
        "any ETag will do",
        "an asterisk stands for any object that is there (RFC 9110, 13.1.1)",
        (_put(), Step("head_object", {"Key": "a", "IfMatch": "*"})),
        lambda step, ours, theirs: (
            "*" in (step.params.get("IfMatch"), step.params.get("CopySourceIfMatch"))
            and ours[0] in (200, 206, 304, 412, 416)
            and theirs[0] == 412
        ),
    ),
    Difference(
        "at most 1,000 keys",
        "S3 answers MaxKeys 1000 to whoever asks for more",
        (Step("list_objects", {"MaxKeys": 5000}),),
        lambda step, ours, theirs: (
            step.params.get("MaxKeys", 0) > 1000
            and _member(step.operation, "MaxKeys", "Prefix")(step, ours, theirs)
        ),
    ),
    Difference(
        "a part copied from nothing",
        "S3 says NoSuchKey; moto leaves the code out",
        (_UPLOAD, Step("upload_part_copy", {"PartNumber": 1, "CopySource": "none"}, 0)),
        _codes((404, "NoSuchKey"), (404, "404")),
    ),
)


def explained(step: Step, ours: Outcome, theirs: Outcome) -> str | None:
    """The name of the difference that two answers are, None when it is in no table."""
    for difference in DIFFERENCES:
        if difference.holds(step, ours, theirs):
            return difference.name
    return None
