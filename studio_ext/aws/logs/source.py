"""Where logs come from: what the application must offer, and how requests name it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...run.logs import LogLine
from ...wire.dispatch import Call, Caller
from ...wire.errors import ApiError


class Reader(Protocol):
    """Reads one log by byte offsets; `studio_ext.run.logs.LogReader` does.

    The index that dates the lines may lag behind the log while it is written. Bytes that are not
    indexed yet all carry the time `timestamp(huge)`, which is never later than their final time.
    """

    log: Path
    #: nothing more will be written
    ended: bool

    def read(self, offset: int = 0, limit: int = 10_000) -> list[LogLine]: ...

    def offset_at(self, timestamp_ms: int) -> int: ...

    def timestamp(self, offset: int) -> int: ...


@dataclass(frozen=True)
class LogStream:
    """One log; `reader` opens it as it is now and is called only when its lines are wanted."""

    name: str
    created_s: float
    reader: Callable[[], Reader]


class LogSource(Protocol):
    """The logs that a caller may see."""

    def groups(self, caller: Caller) -> Iterable[str]:
        """Names of the log groups."""

    def streams(self, caller: Caller, group: str, prefix: str) -> Iterable[LogStream]:
        """The streams whose names start with `prefix`. Raises KeyError for an unknown group."""


def invalid(message: str) -> ApiError:
    """The error for a parameter that makes no sense."""
    return ApiError("InvalidParameterException", message)


def not_found(what: str) -> ApiError:
    """The error for a missing "log group" or "log stream"; clients match code and text."""
    return ApiError("ResourceNotFoundException", f"The specified {what} does not exist.")


def group_name(params: dict[str, Any]) -> str:
    """The group of a request, which gives either its name or an identifier (name or ARN)."""
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if name and identifier:
        raise invalid("Only one of logGroupName and logGroupIdentifier may be given.")
    if not name and not identifier:
        raise invalid("Either logGroupName or logGroupIdentifier must be given.")
    if name:
        return str(name)
    _, found, rest = str(identifier).partition(":log-group:")
    return rest.removesuffix(":*") if found else str(identifier)


def streams_of(source: LogSource, call: Call, group: str, prefix: str = "") -> list[LogStream]:
    """The group's streams by name; raises the API's error when there is no such group."""
    try:
        return sorted(source.streams(call.caller, group, prefix), key=lambda stream: stream.name)
    except KeyError:
        raise not_found("log group") from None


def stream_named(source: LogSource, call: Call, group: str, name: str) -> LogStream:
    """The stream called `name`; raises the API's error when it or its group is missing."""
    for stream in streams_of(source, call, group, name):
        if stream.name == name:
            return stream
    raise not_found("log stream")


def group_arn(call: Call, group: str) -> str:
    """The ARN of a log group, without the `:*` that some answers add."""
    return f"arn:aws:logs:{call.region}:{call.caller.account_id}:log-group:{group}"
