"""Random conversations with S3, for Hypothesis: the same one with us and with moto."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from s3_checks import plain_answer

KEYS = [
    "a", "b", "a/b", "a/b/c", "a/", "A", "é", "e\u0301", "a b", "a+b", "a%2Fb", "%", "💩", "ab",
    "a-b", "a~b", "~", "*", "a&b=c", "a?b", "'\"<>&", "\u202ex", ".hidden", "a..b", "x" * 1024,
]  # fmt: skip
WRONG_KEYS = ["x" * 1025, "é" * 513]
BODIES = [b"", b"x", b"hello world", bytes(range(256)) * 5]
PREFIXES = ["", "a", "a/", "é", "z", "a b", "\u202e", "%"]
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2101, 1, 1, tzinfo=UTC)
MAX_STEPS = 8


@dataclass(frozen=True)
class Step:
    """One call. ``upload`` is the number of the upload it is about, among those begun so far."""

    operation: str
    params: dict[str, Any] = field(default_factory=dict)
    upload: int | None = None

    def __repr__(self) -> str:
        about = "" if self.upload is None else f" of upload {self.upload}"
        return f"{self.operation}({self.params}){about}"


Outcome = tuple[int, str | None, Any]


@dataclass
class Talker:
    """One side of a conversation, in a bucket of its own."""

    client: Any
    bucket: str
    uploads: list[tuple[str, str]] = field(default_factory=list)

    def say(self, step: Step) -> Outcome:
        """(status, error code, what else is the same everywhere) of a call."""
        params = {"Bucket": self.bucket, **step.params}
        if "CopySource" in params:
            params["CopySource"] = {"Bucket": self.bucket, "Key": params["CopySource"]}
        if step.upload is not None:
            if not self.uploads:
                return 0, None, None
            key, upload = self.uploads[step.upload % len(self.uploads)]
            params = {"Key": key, "UploadId": upload, **params}
        try:
            answer = getattr(self.client, step.operation)(**params)
        except self.client.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return status, error.response["Error"]["Code"], None
        if step.operation == "create_multipart_upload":
            self.uploads.append((params["Key"], answer["UploadId"]))
        return answer["ResponseMetadata"]["HTTPStatusCode"], None, plain_answer(answer)


def _some(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Each of the parameters, or not."""
    return st.fixed_dictionaries({}, optional=strategies)


def _step(
    operation: str,
    needed: dict[str, st.SearchStrategy[Any]] | None = None,
    upload: bool = False,
    **optional: st.SearchStrategy[Any],
) -> st.SearchStrategy[Step]:
    params = st.builds(
        lambda a, b: {**a, **b}, st.fixed_dictionaries(needed or {}), _some(**optional)
    )
    number = st.integers(0, 3) if upload else st.none()
    return st.builds(Step, st.just(operation), params, number)


_one_of: Callable[..., st.SearchStrategy[Any]] = st.sampled_from
_keys = st.one_of(_one_of(KEYS[:5]), _one_of(KEYS), _one_of(WRONG_KEYS))
_bodies = _one_of(BODIES)
_etags = _one_of(
    ["*", '"9dd4e461268c8034f5c8564e155c67a6"', "9dd4e461268c8034f5c8564e155c67a6", '"none"']
)  # that of b"x"
_times = _one_of([LONG_AGO, FAR_OFF])
_ranges = _one_of(
    ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0", "bytes=5-2", "bytes=99999-", "bytes=0-99999",
     "bytes=-99999", "bytes=a-b", "items=0-1", "bytes=", "0-1", "bytes=3-5"]
)  # fmt: skip
_tags = _one_of(
    [
        [],
        [{"Key": "k", "Value": "v"}],
        [{"Key": "k", "Value": ""}, {"Key": "é", "Value": "ü ü"}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
        [{"Key": f"k{n}", "Value": "v"} for n in range(11)],
        [{"Key": "aws:x", "Value": "v"}],
        [{"Key": "x" * 129, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}],
    ]
)
_metadata = _one_of([{}, {"a": "1"}, {"UPPER": "Case"}, {"long": "x" * 2100}])
_listed: dict[str, st.SearchStrategy[Any]] = {
    "Prefix": _one_of(PREFIXES),
    "Delimiter": _one_of(["/", "b", "é", "", "a/b"]),
    "MaxKeys": _one_of([0, 1, 2, 1000, 5000]),
}
_parts = _one_of(
    [
        [{"PartNumber": 1, "ETag": '"9dd4e461268c8034f5c8564e155c67a6"'}],
        [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}],
        [{"PartNumber": 2, "ETag": '"9dd4e461268c8034f5c8564e155c67a6"'}],
        [],
    ]
)

STEPS = st.one_of(
    _step(
        "put_object",
        {"Key": _keys, "Body": _bodies},
        Metadata=_metadata,
        ContentType=_one_of(["text/csv", "x/y; charset=é"[:3]]),
        Tagging=_one_of(["a=1", "a=1&b=%C3%A9"]),
        IfNoneMatch=st.just("*"),
        IfMatch=_etags,
        CacheControl=st.just("no-cache"),
        StorageClass=_one_of(["STANDARD", "STANDARD_IA", "NO_SUCH_CLASS"]),
    ),
    _step("put_object", {"Key": _keys, "Body": _bodies}),
    _step(
        "get_object",
        {"Key": _keys},
        Range=_ranges,
        IfMatch=_etags,
        IfNoneMatch=_etags,
        IfModifiedSince=_times,
        IfUnmodifiedSince=_times,
    ),
    _step("get_object", {"Key": _keys}, Range=_ranges),
    _step("head_object", {"Key": _keys}, IfMatch=_etags, IfNoneMatch=_etags, Range=_ranges),
    _step(
        "copy_object",
        {"Key": _keys, "CopySource": _keys},
        MetadataDirective=_one_of(["COPY", "REPLACE"]),
        TaggingDirective=_one_of(["COPY", "REPLACE"]),
        Metadata=_metadata,
        CopySourceIfMatch=_etags,
        CopySourceIfNoneMatch=_etags,
    ),
    _step("delete_object", {"Key": _keys}),
    _step(
        "delete_objects",
        {
            "Delete": st.builds(
                lambda keys, quiet: {"Objects": [{"Key": key} for key in keys], "Quiet": quiet},
                st.lists(_keys, min_size=1, max_size=4, unique=True),
                st.booleans(),
            )
        },
    ),
    _step("list_objects", Marker=_keys, **_listed),
    _step("list_objects_v2", StartAfter=_keys, FetchOwner=st.booleans(), **_listed),
    _step(
        "put_object_tagging", {"Key": _keys, "Tagging": st.builds(lambda t: {"TagSet": t}, _tags)}
    ),
    _step("get_object_tagging", {"Key": _keys}),
    _step("delete_object_tagging", {"Key": _keys}),
    _step(
        "get_object_attributes",
        {"Key": _keys, "ObjectAttributes": st.just(["ETag", "ObjectSize", "StorageClass"])},
    ),
    _step("create_multipart_upload", {"Key": _keys}, Metadata=_metadata, Tagging=st.just("a=1")),
    _step(
        "upload_part", {"PartNumber": _one_of([1, 2, 0, 10001, -1]), "Body": _bodies}, upload=True
    ),
    _step("upload_part", {"PartNumber": st.just(1), "Body": st.just(b"x")}, upload=True),
    _step("upload_part_copy", {"PartNumber": _one_of([1, 2]), "CopySource": _keys}, upload=True),
    _step("list_parts", upload=True, MaxParts=_one_of([1, 1000]), PartNumberMarker=_one_of([0, 1])),
    _step(
        "complete_multipart_upload",
        {"MultipartUpload": st.builds(lambda parts: {"Parts": parts}, _parts)},
        upload=True,
    ),
    _step("abort_multipart_upload", upload=True),
    _step("list_multipart_uploads", Prefix=_one_of(PREFIXES)),
    _step("head_bucket"),
    _step("get_bucket_location"),
    _step("delete_bucket"),
)
SEQUENCES = st.lists(STEPS, min_size=1, max_size=MAX_STEPS)
