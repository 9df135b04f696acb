"""S3 in front of another S3: each operation is passed on, signed with that store's own keys.

Clients keep one endpoint and Studio's access keys, whichever store holds the bytes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from ...wire.dispatch import Call, Handler, Registry
from ...wire.errors import ApiError

CHUNK = 256 * 1024
IN_MEMORY = 8 * 1024 * 1024
#: What botocore adds to an answer.
_ADDED = "ResponseMetadata"


def register(registry: Registry, client: Any) -> None:
    """Add a handler for every S3 operation that ``client``, a boto3 S3 client, can be asked."""
    for name in client.meta.service_model.operation_names:
        if hasattr(client, xform_name(name)):
            registry.add("s3", name, _handler(client, name))


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
