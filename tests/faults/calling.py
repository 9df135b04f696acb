"""One request, and what became of it; nothing is tried twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from tests.faults.history import Call


def call(operation: str, name: str, run: Callable[[], Any]) -> tuple[Call, Any]:
    """The record of a request, and its answer (None when there was none)."""
    started = time.time()
    try:
        answer = run()
    except ClientError as error:
        status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        return Call(operation, name, started, time.time(), "refused", status, code, message), None
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        return _broken(operation, name, started, "undelivered", error), None
    except (BotoCoreError, OSError) as error:
        return _broken(operation, name, started, "unknown", error), None
    return Call(operation, name, started, time.time(), "accepted"), answer


def _broken(operation: str, name: str, started: float, outcome: str, error: Exception) -> Call:
    return Call(operation, name, started, time.time(), outcome, 0, type(error).__name__, str(error))
