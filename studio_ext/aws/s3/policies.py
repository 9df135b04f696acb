"""Bucket policies: how an owner lets others in."""

from __future__ import annotations

from collections.abc import Callable

from ...control import policies
from ...store.objects import ObjectStore
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .common import Params

#: Gives the account of the user profile that an ARN names; None when there is none.
Resolve = Callable[[str], str | None]


class Policies:
    """GetBucketPolicy, PutBucketPolicy and DeleteBucketPolicy, over any store."""

    def __init__(self, store: ObjectStore, resolve: Resolve) -> None:
        self._store = store
        self._resolve = resolve

    def handlers(self) -> dict[str, Handler]:
        return {
            "GetBucketPolicy": self.get,
            "PutBucketPolicy": self.put,
            "DeleteBucketPolicy": self.delete,
        }

    def get(self, _call: Call, params: Params) -> Params:
        policy = self._store.owned(params["Bucket"]).policy
        if policy is None:
            text = "The bucket policy does not exist"
            fields = {"BucketName": params["Bucket"]}
            raise ApiError("NoSuchBucketPolicy", text, 404, fields=fields)
        return {"Policy": policy["text"]}

    def put(self, _call: Call, params: Params) -> None:
        try:
            policy = policies.parse(params["Policy"], params["Bucket"], self._resolve)
        except policies.MalformedPolicy as error:
            raise ApiError("MalformedPolicy", str(error)) from None
        except policies.NotBuilt as error:
            raise ApiError("NotImplemented", str(error), 501) from None
        self._store.ownership.set_policy(params["Bucket"], policy)

    def delete(self, _call: Call, params: Params) -> None:
        self._store.ownership.set_policy(params["Bucket"], None)
