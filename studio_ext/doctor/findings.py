"""What a check finds, in words that say what it means and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ..config import Config

Level = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    ``text`` says how it is; where it is not well, ``meaning`` what does not work therefore, and
    ``mend`` the command that mends it. ``fix`` does so itself, where that can do no harm.
    """

    level: Level
    subject: str
    text: str
    meaning: str = ""
    mend: str = ""
    fix: Callable[[], None] | None = field(default=None, compare=False)


Check = Callable[[Config], Iterator[Finding]]


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding("OK", subject, text)


def size(count: float) -> str:
    """Bytes for people."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
