"""NextToken: where a List goes on. Opaque to clients, refused when it is not ours."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column

from ..wire.errors import ValidationException


def encode(position: Any, asked: Any) -> str:
    """A token for ``position``, usable only with the same question again."""
    return pack([_digest(position, asked), position])


def pack(value: Any) -> str:
    """JSON as one word."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def unpack(token: str) -> Any:
    """What :func:`pack` made a word of; ValueError for any other, whatever a client made up."""
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decode(token: str, asked: Any) -> Any:
    """The position in a token; ValidationException when it is not of this question."""
    try:
        digest, position = unpack(token)
    except (ValueError, TypeError):
        raise ValidationException("Invalid pagination token: NextToken") from None
    if digest != _digest(position, asked):
        raise ValidationException(
            "Invalid pagination token: NextToken belongs to a request with other parameters"
        )
    return position


def position(token: str, asked: Any, columns: Sequence[Column[Any]]) -> tuple[Any, ...]:
    """The position in a token, a value for each column.

    A client can make a token up: what is none must not reach the database.
    """
    values = decode(token, asked)
    if not isinstance(values, list) or len(values) != len(columns):
        raise ValidationException("Invalid pagination token: NextToken")
    if not all(_fits(value, column) for value, column in zip(values, columns, strict=True)):
        raise ValidationException("Invalid pagination token: NextToken")
    return tuple(values)


def _fits(value: Any, column: Column[Any]) -> bool:
    wanted = column.type.python_type
    if wanted is str or isinstance(value, (str, bool)):
        return type(value) is wanted
    if wanted is int:
        return isinstance(value, int) and 0 <= value < 2**63
    return isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 2**63


def _digest(position: Any, asked: Any) -> str:
    text = json.dumps([position, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
