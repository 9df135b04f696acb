"""What holds for every operation: who may call it, and errors in the wire's form.

Whether a caller may is decided in control/access.py; here stands what each operation asks.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...control import access
from ...store.objects import NoSuchBucket, NoSuchKey, ObjectStore, ObjectStoreError
from ...wire.dispatch import Call, Caller, Handler
from ...wire.errors import ApiError
from .common import Params, check_version, source_of

#: The operations that any caller may ask for, and IAM's action where its name is another. What
#: else another store knows (replication, logging ...) could reach past a bucket: with that
#: store's keys, which are one for all callers.
_ACTIONS = {
    **{
        name: name
        for name in (
            "GetObject PutObject DeleteObject AbortMultipartUpload GetObjectTagging "
            "PutObjectTagging DeleteObjectTagging GetObjectAcl PutObjectAcl DeleteBucket "
            "GetBucketLocation GetBucketVersioning GetBucketAcl GetBucketPolicy PutBucketPolicy "
            "DeleteBucketPolicy"
        ).split()
    },
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
}
#: They concern no bucket that is there, or look at each key or bucket themselves.
_DECIDE_THEMSELVES = ("CreateBucket", "ListBuckets", "DeleteObjects")


def guarded(store: ObjectStore, name: str, handler: Handler) -> Handler:
    """The handler of an operation, for callers who may call it, with errors in the wire's form."""
    if inspect.iscoroutinefunction(handler):

        async def stream(call: Call, params: Params) -> Any:
            with translated(store, call, params):
                if store.ownership.remembers(params.get("Bucket", "")):
                    check(store, name, call, params)  # waits for nothing
                else:
                    await asyncio.to_thread(check, store, name, call, params)
                return await handler(call, params)

        return stream

    def run(call: Call, params: Params) -> Any:
        with translated(store, call, params):
            check(store, name, call, params)
            return handler(call, params)

    return run


def check(store: ObjectStore, name: str, call: Call, params: Params) -> None:
    """Raise unless the caller may call an operation with these parameters."""
    for member, value in params.items():
        # No row holds one, and PostgreSQL takes none.
        if isinstance(value, str) and "\0" in value:
            code = "InvalidURI" if member == "Key" else "InvalidArgument"
            raise ApiError(code, f"{member} has a NUL character.", fields={"ArgumentName": member})
    bucket = params.get("Bucket")
    if name not in _DECIDE_THEMSELVES:
        if bucket is None or (name not in _ACTIONS and not access.administers(call.caller)):
            raise denied()
        require(store, call.caller, f"s3:{_ACTIONS.get(name, name)}", bucket, params.get("Key"))
    source = None
    if "CopySource" in params:
        source, key = source_of(params)
        require(store, call.caller, "s3:GetObject", source, key)
    for owner, named in (
        (params.get("ExpectedBucketOwner"), bucket),
        (params.get("ExpectedSourceBucketOwner"), source),
    ):
        if owner and named and store.owned(named).account != owner:
            raise denied()
    check_version(params.get("VersionId"))


def require(store: ObjectStore, caller: Caller, action: str, bucket: str, key: str | None) -> None:
    """Raise AccessDenied unless a caller may do something in a bucket."""
    if not access.bucket(caller, action, store.owned(bucket), key):
        raise denied()


def denied() -> ApiError:
    """S3's answer to who may not."""
    return ApiError("AccessDenied", "Access Denied", 403)


def _may_list(store: ObjectStore, caller: Caller, params: Params) -> bool:
    """Whether a caller may know which keys the buckets of a request have."""
    buckets = {params["Bucket"], *([source_of(params)[0]] if "CopySource" in params else [])}
    try:
        return all(access.bucket(caller, "s3:ListBucket", store.owned(name)) for name in buckets)
    except NoSuchBucket:
        return True


@contextmanager
def translated(store: ObjectStore, call: Call, params: Params) -> Iterator[None]:
    """Errors of the store in the wire's form."""
    try:
        yield
    except NoSuchKey as error:
        if not _may_list(store, call.caller, params):
            raise denied() from None  # as S3 does: nothing is told of keys
        raise _wire_form(error) from error
    except ObjectStoreError as error:
        raise _wire_form(error) from error


def _wire_form(error: ObjectStoreError) -> ApiError:
    return ApiError(error.code, error.message, error.status, fields=error.fields)
