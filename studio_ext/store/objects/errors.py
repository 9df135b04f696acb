"""What can go wrong with buckets and objects, in S3's own codes and words."""

from __future__ import annotations

from typing import Any


class ObjectStoreError(Exception):
    """A refused call: S3's error code, message and HTTP status, and further error fields."""

    code = "InternalError"
    status = 500

    def __init__(
        self, message: str, code: str | None = None, status: int | None = None, **fields: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.fields = fields


class InvalidRequest(ObjectStoreError):
    """The request breaks one of S3's rules."""

    code = "InvalidRequest"
    status = 400


class NoSuchBucket(ObjectStoreError):
    """There is no bucket of that name."""

    code = "NoSuchBucket"
    status = 404

    def __init__(self, bucket: str) -> None:
        super().__init__("The specified bucket does not exist", BucketName=bucket)


class NoSuchKey(ObjectStoreError):
    """The bucket has no object of that key."""

    code = "NoSuchKey"
    status = 404

    def __init__(self, key: str) -> None:
        super().__init__("The specified key does not exist.", Key=key)


class AccessDenied(ObjectStoreError):
    """The caller may not do this with a bucket or an object in it."""

    code = "AccessDenied"
    status = 403

    def __init__(self, bucket: str, key: str | None = None) -> None:
        fields: dict[str, Any] = {"BucketName": bucket, **({"Key": key} if key else {})}
        super().__init__("Access Denied", **fields)


class NoSuchUpload(ObjectStoreError):
    """The multipart upload was never begun, was aborted or is complete."""

    code = "NoSuchUpload"
    status = 404

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "The specified upload does not exist. The upload ID may be invalid, or the upload "
            "may have been aborted or completed.",
            UploadId=upload_id,
        )


class BucketExists(ObjectStoreError):
    """The name of the bucket is taken."""

    code = "BucketAlreadyOwnedByYou"
    status = 409

    def __init__(self, bucket: str) -> None:
        super().__init__(
            "Your previous request to create the named bucket succeeded and you already own it.",
            BucketName=bucket,
        )


class BucketNotEmpty(ObjectStoreError):
    """Only an empty bucket can be deleted."""

    code = "BucketNotEmpty"
    status = 409

    def __init__(self, bucket: str) -> None:
        super().__init__("The bucket you tried to delete is not empty", BucketName=bucket)


class PreconditionFailed(ObjectStoreError):
    """The object is not in the state that the caller made a condition."""

    code = "PreconditionFailed"
    status = 412

    def __init__(self, condition: str) -> None:
        super().__init__(
            "At least one of the pre-conditions you specified did not hold", Condition=condition
        )


class BadDigest(ObjectStoreError):
    """The bytes that arrived are not the bytes that were sent."""

    code = "BadDigest"
    status = 400

    def __init__(self, algorithm: str) -> None:
        super().__init__(
            "The Content-MD5 you specified did not match what we received."
            if algorithm == "MD5"
            else f"The {algorithm} you specified did not match the calculated checksum."
        )


class InvalidPart(ObjectStoreError):
    """A part to be joined was not uploaded, or not with that ETag."""

    code = "InvalidPart"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            "One or more of the specified parts could not be found.  The part may not have been "
            "uploaded, or the specified entity tag may not match the part's entity tag."
        )
