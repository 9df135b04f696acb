"""Which resource a call is about, by the names that AWS gives parameters and answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_VERBS = ("Create", "Describe", "Update", "Delete", "Stop", "Start", "Invoke", "Put", "Get")


def subject(operation: str, params: Mapping[str, Any], answer: Mapping[str, Any] | None) -> str:
    """An ARN, ``s3://bucket/key``, or a name; empty for calls about none.

    The answer's own ARN is best; then what the request names, first the operation's noun
    (``StopTrainingJob`` has a ``TrainingJobName``).
    """
    for name, value in (answer or {}).items():
        if name.endswith("Arn") and isinstance(value, str):
            return value
    if isinstance(params.get("Bucket"), str):
        key = params.get("Key")
        return f"s3://{params['Bucket']}" + (f"/{key}" if isinstance(key, str) else "")
    if isinstance(named := params.get(_noun(operation)), str):
        return named
    names = [name for name in params if name.endswith(("Arn", "Name", "Id"))]
    found = (params[name] for name in names if isinstance(params.get(name), str))
    return str(next(found, ""))


@lru_cache(maxsize=1024)
def _noun(operation: str) -> str:
    verb = next((verb for verb in _VERBS if operation.startswith(verb)), "")
    return operation.removeprefix(verb) + "Name"
