"""Who calls: signatures checked against credentials that stay known without the database."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from ...store.credentials import Credential
from ...wire.errors import ApiError
from ...wire.signature import verify

logger = logging.getLogger(__name__)

_FRESH_S = 5.0
_MAX_KNOWN = 10_000
_NEGATIVE_S = 1.0  # for how long a key that there is not is not looked for again
#: As long as a database's server takes to start again; clients wait no longer than a minute.
PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 8.0)
_KEY = re.compile(r"[A-Za-z0-9_]{1,128}")
Load = Callable[[str], Credential | None]


class Unlearned(Exception):
    """A key that has to be learned before it can be told who signed."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Identity:
    """Finds the credential behind a request. ``load`` reads one and may block.

    ``pauses``: seconds between attempts at that while it fails.
    """

    def __init__(self, load: Load, pauses: Sequence[float] = PAUSES_S) -> None:
        self._load = load
        self._pauses = pauses
        self._known: dict[str, tuple[float, Credential | None]] = {}
        self._refreshing: set[str] = set()

    def caller(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Credential:
        """The credential that signed a request; ApiError when none did.

        ``url`` is path and query as sent, ``headers`` have lower-case names. Raises Unlearned
        where the key has to be learned first.
        """
        digest = hashlib.sha256(body).hexdigest()
        credential = verify(method, url, headers, digest, self._lookup)
        assert isinstance(credential, Credential)
        return credential

    def _lookup(self, key: str) -> Credential | None:
        found = self._known.get(key)
        if found is None:
            if _KEY.fullmatch(key):
                raise Unlearned(key)
            return None  # nobody ever gave out such a key
        age = time.monotonic() - found[0]
        if found[1] is None and age > _NEGATIVE_S:
            raise Unlearned(key)
        if age > _FRESH_S and key not in self._refreshing:
            # The known one serves until the new one is here, however slow the database is.
            self._refreshing.add(key)
            task = asyncio.get_running_loop().create_task(self.learn(key))
            task.add_done_callback(lambda _: self._refreshing.discard(key))
        return found[1]

    async def learn(self, key: str) -> None:
        """Read a key; what is known stays when that fails.

        For one that is not known a database that is away is waited for, a while.
        """
        credential: Credential | None = None
        for pause in (*self._pauses, None):
            try:
                credential = await asyncio.to_thread(self._load, key)
                break
            except (SQLAlchemyError, OSError) as error:
                if self._known.get(key, (0.0, None))[1] is not None:
                    logger.warning("Credentials cannot be read, using those known: %s", error)
                    return
                if pause is None:
                    logger.warning("Credentials cannot be read: %s", error)
                    text = "The access keys cannot be read at the moment. Please try again."
                    raise ApiError("ServiceUnavailable", text, 503) from error
            await asyncio.sleep(pause)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = (time.monotonic(), credential)
