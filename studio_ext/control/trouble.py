"""What befalls the machine under a request, as the error that its client is to see."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import exc

from ..files import FULL
from ..wire.errors import ApiError

_FULL_TEXTS = ("database or disk is full", "No space left on device", "could not extend file")
#: PostgreSQL's, when it is not there, or starts, or ends, or has no connection left
_AWAY_TEXTS = (
    "connection failed",
    "connection is bad",
    "the database system is",
    "server closed the connection",
    "terminating connection",
    "the connection is closed",
    "too many clients",
)
_CONFLICT_TEXTS = ("deadlock detected", "could not serialize access")
_BUSY_TEXTS = ("database is locked", "database table is locked")
_IN_THE_WAY = "The database is busy: another request was in the way of this one."
_AWAY = "The database is away or starting again."
_HOME = "The disk that holds Studio's home"
_DATABASE = "The disk of the database's server"
#: PostgreSQL's SQLSTATEs, which say the same in every language: no room; administrator's or crash's
#: shutdown, start, connections; conflicts.
_NO_ROOM = "53100"
_AWAY_STATES = ("57P01", "57P02", "57P03", "53300")
_CONFLICT_STATES = ("40P01", "40001")


def explain(error: BaseException) -> ApiError | None:
    """The error of a full disk (507), or of a database that is busy or away (503, to be tried
    again); None for what is nobody's fault but ours."""
    for each in _chain(error):
        text, state = str(each), getattr(getattr(each, "orig", None), "sqlstate", None)
        if isinstance(each, OSError) and each.errno in FULL:
            return _full(_HOME)
        if state == _NO_ROOM:
            return _full(_DATABASE)
        if isinstance(each, exc.DBAPIError) and any(word in text for word in _FULL_TEXTS):
            return _full(_HOME)
        if state in _CONFLICT_STATES:
            return _unavailable(_IN_THE_WAY)
        if state in _AWAY_STATES:
            return _unavailable(_AWAY)
        if isinstance(each, exc.OperationalError) and "disk I/O error" in text:
            return _unavailable("The disk of the database could not be used: it is full, or fails.")
        if isinstance(each, exc.OperationalError) and any(word in text for word in _BUSY_TEXTS):
            return _unavailable("The database is busy: another process has been writing to it.")
        if isinstance(each, exc.OperationalError) and any(w in text for w in _CONFLICT_TEXTS):
            return _unavailable(_IN_THE_WAY)
        if isinstance(each, exc.OperationalError) and any(word in text for word in _AWAY_TEXTS):
            return _unavailable(_AWAY)
        if isinstance(each, exc.TimeoutError):
            return _unavailable("The database is busy: too many requests are waiting for it.")
        if isinstance(each, exc.DBAPIError) and each.connection_invalidated:
            return _unavailable("The database is busy or away: the connection to it broke.")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(10):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__


def _full(disk: str) -> ApiError:
    text = f"{disk} is full. Nothing was stored; make room and try again."
    return ApiError("InsufficientStorage", text, 507)


def _unavailable(text: str) -> ApiError:
    return ApiError("ServiceUnavailable", f"{text} Please try again.", 503)
