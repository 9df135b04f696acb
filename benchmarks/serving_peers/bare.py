"""A bare ASGI application: parse, predict, JSON. Nothing that serves can do less."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import model

predict = model.load()


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """One row of CSV."""
    body = (await receive())["body"]
    answer = json.dumps(predict(model.parse(body.decode().splitlines())).tolist()).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
