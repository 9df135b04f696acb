"""S3 in front of another S3: each operation is passed on, signed with that store's own keys.

Clients keep one endpoint and Studio's access keys, whichever store holds the bytes. Who may do
what is Studio's to decide (see ``guard``): to the store behind, all callers are one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from ...control import access
from ...store.objects import BucketExists, ObjectStore
from ...store.objects.remote import RemoteObjectStore
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .buckets import taken
from .common import Params, owner_name
from .guard import require

CHUNK = 256 * 1024
IN_MEMORY = 8 * 1024 * 1024
#: What botocore adds to an answer.
_ADDED = "ResponseMetadata"


def handlers(store: ObjectStore) -> dict[str, Handler]:
    """A handler for every S3 operation that the store's client can be asked."""
    assert isinstance(store, RemoteObjectStore)
    client = store.client
    found = {
        name: _handler(client, name)
        for name in client.meta.service_model.operation_names
        if hasattr(client, xform_name(name))
    }
    return found | _Owned(store, found).handlers()


class _Owned:
    """The operations that know whose the buckets are."""

    def __init__(self, store: RemoteObjectStore, forward: dict[str, Handler]) -> None:
        self._store = store
        self._forward = forward

    def handlers(self) -> dict[str, Handler]:
        return {
            "CreateBucket": self.create,
            "DeleteBucket": self.delete,
            "ListBuckets": self.list,
            "DeleteObjects": self.delete_many,
        }

    async def create(self, call: Call, params: Params) -> Any:
        name, mine = params["Bucket"], call.caller.account_id
        place = params.get("CreateBucketConfiguration", {}).get("LocationConstraint", call.region)
        try:
            await asyncio.to_thread(self._store.claim, name, mine, owner_name(call), place)
        except BucketExists:
            if self._store.owned(name).account != mine:
                raise taken(name) from None
            return await self._call("CreateBucket", call, params)
        try:
            return await self._call("CreateBucket", call, params)
        except ApiError:
            await asyncio.to_thread(self._store.ownership.release, name)
            raise

    async def delete(self, call: Call, params: Params) -> Any:
        answer = await self._call("DeleteBucket", call, params)
        await asyncio.to_thread(self._store.ownership.release, params["Bucket"])
        return answer

    async def list(self, call: Call, params: Params) -> Any:
        answer = await self._call("ListBuckets", call, params)
        answer["Buckets"] = [
            bucket
            for bucket in answer["Buckets"]
            if access.bucket(call.caller, "s3:ListBucket", self._store.owned(bucket["Name"]))
        ]
        return answer

    async def delete_many(self, call: Call, params: Params) -> Any:
        for item in params["Delete"].get("Objects", []):
            require(self._store, call.caller, "s3:DeleteObject", params["Bucket"], item["Key"])
        return await self._call("DeleteObjects", call, params)

    async def _call(self, name: str, call: Call, params: Params) -> Any:
        answer: Any = self._forward[name](call, params)
        return await answer


def _handler(client: Any, name: str) -> Handler:
    operation = getattr(client, xform_name(name))

    async def forward(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        if call.body is None:
            return _answer(await asyncio.to_thread(_run, operation, params))
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as body:
            async for chunk in call.body:
                await asyncio.to_thread(body.write, chunk)
            body.seek(0)
            kept = {k: v for k, v in params.items() if k != "ContentLength"}
            return _answer(await asyncio.to_thread(_run, operation, {**kept, "Body": body}))

    return forward


def _run(operation: Any, params: dict[str, Any]) -> dict[str, Any]:
    if "CopySource" in params:  # botocore encodes it, and it arrives encoded
        params = {**params, "CopySource": unquote(params["CopySource"])}
    try:
        return dict(operation(**params))
    except ClientError as error:
        told = error.response.get("Error", {})
        status = error.response.get(_ADDED, {}).get("HTTPStatusCode", 500)
        known = ("Code", "Message")
        fields = {key: value for key, value in told.items() if key not in known}
        raise ApiError(
            told.get("Code", "InternalError"), told.get("Message", ""), status, fields=fields
        ) from None
    except BotoCoreError as error:
        text = f"The object store behind Studio does not answer: {error}"
        raise ApiError("ServiceUnavailable", text, 503) from None


def _answer(result: dict[str, Any]) -> dict[str, Any]:
    result.pop(_ADDED, None)
    if "Body" in result:
        result["Body"] = _chunks(result["Body"])
    return result


async def _chunks(body: Any) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(body.read, CHUNK):
            yield chunk
    finally:
        body.close()
