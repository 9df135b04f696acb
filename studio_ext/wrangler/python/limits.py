"""How much a step of Python may take before it is ended, and what it is started by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one step's process."""

    #: Wall time of the step, with what it reads.
    seconds: float = 600.0
    #: Bytes of memory that the process may have of its own.
    memory: int = 4 << 30
    #: Rows of a step that holds the whole table (pandas).
    rows: int = 5_000_000
    #: Bytes of a result, as Arrow.
    output: int = 8 << 30
    #: Bytes kept of what the code prints.
    printed: int = 64 << 10
    #: A program and its arguments, before those of the process: it ends by executing them, in the
    #: folder and with the open files it was given. What it forbids itself the process may not do.
    prefix: tuple[str, ...] = ()
