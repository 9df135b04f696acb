"""Which keys the gateway knows, and what it says while it cannot read them."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from studio_ext.hosting.gateway import identity
from studio_ext.store.credentials import Credential
from studio_ext.wire.errors import ApiError

KNOWN = Credential("KEY", "secret", None, "domain", "ben", "role", "000000000000")


def headers(key: str) -> dict[str, str]:
    request = AWSRequest("POST", "http://host/x", headers={"Host": "host"})
    SigV4Auth(Credentials(key, "secret"), "sagemaker", "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


class Keys:
    """A table of keys that can be put out of reach."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.keys: dict[str, Credential] = {}
        self.broken = False

    def get(self, key: str) -> Credential | None:
        self.asked.append(key)
        if self.broken:
            raise OSError("out of reach")
        return self.keys.get(key)


async def who(known: identity.Identity, key: str) -> Any:
    """Who signed; the code of the error when nobody did."""
    try:
        try:
            return known.caller("POST", "/x", headers(key), b"")
        except identity.Unlearned as missing:
            await known.learn(missing.key)
            return known.caller("POST", "/x", headers(key), b"")
    except ApiError as error:
        return error.code


def test_keys_are_learned_kept_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        keys, now = Keys(), time.monotonic()
        known = identity.Identity(keys.get, pauses=())

        def later(seconds: float) -> None:
            nonlocal now
            now += seconds
            # Its clock alone: the event loop goes on by the other one.
            monkeypatch.setattr(identity, "time", SimpleNamespace(monotonic=lambda: now))

        later(0)
        assert await who(known, "KEY") == "InvalidClientTokenId"
        assert await who(known, "KEY") == "InvalidClientTokenId"
        assert keys.asked == ["KEY"]  # that there is none is known for a moment
        later(2)
        keys.broken = True
        assert await who(known, "KEY") == "ServiceUnavailable"  # there may be one by now
        keys.broken, keys.keys = False, {"KEY": KNOWN}
        assert await who(known, "KEY") is KNOWN
        keys.broken = True
        later(60)
        assert await who(known, "KEY") is KNOWN  # those known go on
        await asyncio.sleep(0.05)  # it is asked for again meanwhile
        assert len(keys.asked) == 4
        keys.broken, keys.keys = False, {}
        later(60)
        assert await who(known, "KEY") is KNOWN
        await asyncio.sleep(0.05)
        assert await who(known, "KEY") == "InvalidClientTokenId"

    asyncio.run(scene())


def test_a_database_that_is_away_for_a_moment_is_waited_for() -> None:
    async def scene() -> None:
        keys = Keys()
        keys.keys, keys.broken = {"KEY": KNOWN}, True

        def get(key: str) -> Credential | None:
            keys.broken = len(keys.asked) < 3
            return keys.get(key)

        known = identity.Identity(get, pauses=(0.0, 0.0, 0.0))
        assert await who(known, "KEY") is KNOWN
        assert len(keys.asked) == 4
        keys.asked.clear()
        assert await who(identity.Identity(get, pauses=(0.0, 0.0)), "KEY") == "ServiceUnavailable"
        assert len(keys.asked) == 3

    asyncio.run(scene())


def test_what_can_be_no_key_is_not_looked_for() -> None:
    keys = Keys()
    known = identity.Identity(keys.get)
    assert asyncio.run(who(known, "no-key")) == "InvalidClientTokenId"
    assert asyncio.run(who(known, "K" * 129)) == "InvalidClientTokenId"
    assert keys.asked == []
