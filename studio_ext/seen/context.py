"""On whose behalf code runs: the id of the API request, carried along by a context variable.

A request's id goes with what it changes: the resource keeps it in its state, controllers take it
up when they act on the resource, and supervisors of jobs and model servers are handed it.
"""

from __future__ import annotations

from contextvars import ContextVar

#: Under this name a resource's state holds the id of the request that created or last changed it.
KEY = "request"

_id: ContextVar[str] = ContextVar("studio_request_id", default="")
_direct: ContextVar[bool] = ContextVar("studio_request_direct", default=False)


def request_id() -> str:
    """The id of the request that this code runs for; empty when it runs for none."""
    return _id.get()


def direct() -> bool:
    """Whether the request is being answered right now, and not followed up by a controller."""
    return _direct.get()


class acting:
    """Runs the block on behalf of a request. A class, as each request begins with one."""

    __slots__ = ("_before", "_values")

    def __init__(self, request_id: str, *, direct: bool = False) -> None:
        self._values = request_id, direct

    def __enter__(self) -> None:
        request_id, direct = self._values
        self._before = _id.set(request_id), _direct.set(direct)

    def __exit__(self, *_: object) -> None:
        _id.reset(self._before[0])
        _direct.reset(self._before[1])
