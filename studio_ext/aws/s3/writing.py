"""Putting and deleting objects."""

from __future__ import annotations

from functools import partial

from ...control import access
from ...store.objects import BucketInfo, Condition, NoSuchKey, ObjectStoreError
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .common import Area, Params, check_version, checksum_members, quoted, unquoted
from .guard import denied
from .requested import attributes_of, condition_of, promise_of
from .streaming import store_body

_MAX_DELETE = 1000


class Writing(Area):
    """Operations that write objects."""

    def handlers(self) -> dict[str, Handler]:
        return {
            "PutObject": self.put,
            "DeleteObject": self.delete,
            "DeleteObjects": self.delete_many,
        }

    async def put(self, call: Call, params: Params) -> Params:
        promise = promise_of(call, params)
        open_writer = partial(
            self.store.writer,
            params["Bucket"],
            params["Key"],
            attributes=attributes_of(call, params),
            checksums=promise.algorithms,
            condition=condition_of(params),
        )
        info = await store_body(call, params, promise, open_writer)
        return {"ETag": quoted(info.etag), **checksum_members(info.checksums, info.checksum_type)}

    def delete(self, _call: Call, params: Params) -> None:
        condition = Condition(unquoted(params.get("IfMatch")))
        self.store.delete(params["Bucket"], params["Key"], condition=condition)

    def delete_many(self, call: Call, params: Params) -> Params:
        wanted = params["Delete"].get("Objects", [])
        if not 0 < len(wanted) <= _MAX_DELETE:
            raise ApiError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema",
            )
        bucket = params["Bucket"]
        found = self.store.owned(bucket)
        errors = [error for item in wanted if (error := self._refusal(call, found, item))]
        refused = {error["Key"] for error in errors}
        gone = [item for item in wanted if item["Key"] not in refused]
        self.store.delete_many(bucket, [item["Key"] for item in gone if "ETag" not in item])
        if params["Delete"].get("Quiet"):
            return {"Errors": errors}
        deleted = [{k: item[k] for k in ("Key", "VersionId") if k in item} for item in gone]
        return {"Deleted": deleted, "Errors": errors}

    def _refusal(self, call: Call, bucket: BucketInfo, item: Params) -> Params | None:
        """Deletes an object named with its ETag; what is wrong with an item, if anything."""
        try:
            if not access.bucket(call.caller, "s3:DeleteObject", bucket, item["Key"]):
                raise denied()
            check_version(item.get("VersionId"))
            if "ETag" in item:
                condition = Condition(unquoted(item["ETag"]))
                self.store.delete(bucket.name, item["Key"], condition=condition)
        except NoSuchKey:
            return None
        except (ApiError, ObjectStoreError) as error:
            return {"Key": item["Key"], "Code": error.code, "Message": error.message}
        return None
