"""What the code of a step prints, for whoever runs the step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_texts: ContextVar[list[str] | None] = ContextVar("studio_wrangler_printed", default=None)


@contextmanager
def collected() -> Iterator[list[str]]:
    """What steps that are run inside print, in order."""
    texts: list[str] = []
    token = _texts.set(texts)
    try:
        yield texts
    finally:
        _texts.reset(token)


def say(text: str) -> None:
    """Hand on what a step has printed; it is lost where nobody collects."""
    texts = _texts.get()
    if text and texts is not None:
        texts.append(text)
