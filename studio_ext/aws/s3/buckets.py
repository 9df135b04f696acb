"""Buckets."""

from __future__ import annotations

import base64

from ...control import access
from ...store.objects import BucketExists
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .acl import check_acl, grants
from .common import Area, Params, owner, owner_name, when

_HOME_REGION = "us-east-1"  # the one region with no LocationConstraint


class Buckets(Area):
    """Operations on buckets as a whole."""

    def handlers(self) -> dict[str, Handler]:
        return {
            "ListBuckets": self.list,
            "CreateBucket": self.create,
            "HeadBucket": self.head,
            "DeleteBucket": self.delete,
            "GetBucketLocation": self.location,
            "GetBucketVersioning": self.versioning,
            "GetBucketAcl": self.acl,
        }

    def list(self, call: Call, params: Params) -> Params:
        prefix = params.get("Prefix", "")
        after = _bucket_after(params.get("ContinuationToken"))
        limit = params.get("MaxBuckets", 10_000)
        found = [
            bucket
            for bucket in self.store.list_buckets(prefix)
            if access.bucket(call.caller, "s3:ListBucket", bucket)
            and bucket.name > after
            and params.get("BucketRegion") in (None, bucket.region)
        ]
        page = found[:limit]
        answer: Params = {
            "Buckets": [
                {
                    "Name": bucket.name,
                    "CreationDate": when(bucket.created),
                    "BucketRegion": bucket.region,
                }
                for bucket in page
            ],
            "Owner": owner(owner_name(call)),
            "Prefix": params.get("Prefix"),
        }
        if len(found) > len(page):
            answer["ContinuationToken"] = base64.b64encode(page[-1].name.encode()).decode()
        return answer

    def create(self, call: Call, params: Params) -> Params:
        name = params["Bucket"]
        check_acl(params)
        if params.get("ObjectLockEnabledForBucket"):
            raise ApiError("NotImplemented", "Studio does not implement S3 Object Lock.", 501)
        region = _region(call, params)
        try:
            self.store.create_bucket(
                name, account=call.caller.account_id, owner=owner_name(call), region=region
            )
        except BucketExists:
            if self.store.owned(name).account != call.caller.account_id:
                raise taken(name) from None
            # In us-east-1, and there alone, creating an own bucket again succeeds.
            if region != _HOME_REGION or self.store.head_bucket(name).region != region:
                raise
        return {"Location": f"/{name}"}

    def head(self, _call: Call, params: Params) -> Params:
        bucket = self.store.head_bucket(params["Bucket"])
        return {"BucketRegion": bucket.region, "AccessPointAlias": False}

    def delete(self, _call: Call, params: Params) -> None:
        self.store.delete_bucket(params["Bucket"])

    def location(self, _call: Call, params: Params) -> Params:
        region = self.store.head_bucket(params["Bucket"]).region
        return {"LocationConstraint": None if region == _HOME_REGION else region}

    def versioning(self, _call: Call, params: Params) -> Params:
        self.store.head_bucket(params["Bucket"])
        return {}  # never enabled: no Status

    def acl(self, _call: Call, params: Params) -> Params:
        return grants(self.store.head_bucket(params["Bucket"]).owner)


def taken(name: str) -> ApiError:
    """The answer to who wants the name of somebody else's bucket."""
    text = (
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again."
    )
    return ApiError("BucketAlreadyExists", text, 409, fields={"BucketName": name})


def _region(call: Call, params: Params) -> str:
    """The region a new bucket gets."""
    wanted = params.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    shape = call.operation.input_shape.members["CreateBucketConfiguration"]
    known = shape.members["LocationConstraint"].metadata["enum"]
    if wanted == _HOME_REGION or (wanted is not None and wanted not in known):
        raise ApiError(
            "InvalidLocationConstraint", "The specified location-constraint is not valid"
        )
    if call.region != _HOME_REGION and wanted != call.region:
        text = (
            f"The {wanted or 'unspecified'} location constraint is incompatible for the region "
            "specific endpoint this request was sent to."
        )
        raise ApiError("IllegalLocationConstraintException", text)
    return wanted or _HOME_REGION


def _bucket_after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return base64.b64decode(token, validate=True).decode()
    except ValueError:  # not base64, not ASCII, or not of UTF-8
        text = "The continuation token provided is incorrect"
        raise ApiError("InvalidArgument", text) from None
