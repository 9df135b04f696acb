"""Who calls: signatures checked against credentials that stay known without the database."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from ...store.credentials import Credential
from ...wire.signature import verify

logger = logging.getLogger(__name__)

_FRESH_S = 5.0
_MAX_KNOWN = 10_000
_KEY = re.compile(r"(?:Credential=|X-Amz-Credential=)([A-Za-z0-9_]{1,128})")
Load = Callable[[str], Credential | None]


class Identity:
    """Finds the credential behind a request. ``load`` reads one and may block."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._known: dict[str, tuple[float, Credential | None]] = {}
        self._refreshing: set[str] = set()

    async def caller(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Credential:
        """The credential that signed a request; ApiError when none did.

        ``url`` is path and query as sent, ``headers`` have lower-case names.
        """
        match = _KEY.search(headers.get("authorization") or url)
        if match:
            await self._learn(match[1])
        digest = hashlib.sha256(body).hexdigest()
        credential = verify(method, url, headers, digest, self._lookup)
        assert isinstance(credential, Credential)
        return credential

    def _lookup(self, key: str) -> Credential | None:
        found = self._known.get(key)
        return found[1] if found else None

    async def _learn(self, key: str) -> None:
        found = self._known.get(key)
        if found is None or found[1] is None:
            if found is None or time.monotonic() - found[0] > 1.0:
                await self._refresh(key)
        elif time.monotonic() - found[0] > _FRESH_S and key not in self._refreshing:
            # The known one serves until the new one is here, however slow the database is.
            self._refreshing.add(key)
            task = asyncio.get_running_loop().create_task(self._refresh(key))
            task.add_done_callback(lambda _: self._refreshing.discard(key))

    async def _refresh(self, key: str) -> None:
        try:
            credential = await asyncio.to_thread(self._load, key)
        except (SQLAlchemyError, OSError) as error:
            logger.warning("Credentials cannot be read, using those known: %s", error)
            return
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = (time.monotonic(), credential)
