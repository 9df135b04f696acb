"""What goes wrong in a flow, and where: the field, the value, what would be right."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_log = logging.getLogger(__name__)

SHOWN = 200
NAMED = 8


class WranglerError(Exception):
    """Anything a user of a flow can mend. ``field`` names the parameter, where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class FlowError(WranglerError):
    """The document is not a flow: not JSON, no nodes, a cycle, an input that is not there."""


class DamagedError(FlowError):
    """What a flow file keeps of a fit cannot be read: the step has to learn anew."""


class ParameterError(WranglerError):
    """A parameter of a step has a value that it cannot have."""

    def __init__(self, field: str, value: Any, right: str) -> None:
        super().__init__(f"{field}: {shown(value)} {right}", field=field)
        self.value = value


class ColumnError(WranglerError):
    """A step names a column that is not there, or is of another type."""

    @classmethod
    def missing(cls, name: str, there: Iterable[str], field: str | None = None) -> ColumnError:
        """``name`` is none of the columns ``there``."""
        names = list(there)
        near = [each for each in names if each.casefold() == name.casefold()]
        near = near or get_close_matches(name, names, n=3, cutoff=0.6)
        listed = near or names[:NAMED]
        more = "" if near or len(names) <= NAMED else f" and {len(names) - NAMED} more"
        hint = "did you mean" if near else "there are"
        listing = ", ".join(repr(each) for each in listed) or "none"
        return cls(f"There is no column {name!r}: {hint} {listing}{more}", field=field)


class UnsupportedError(WranglerError):
    """The step is of a kind that Studio does not know, or not on this engine."""


class DataError(WranglerError):
    """The data do not let the step do its work: a value to refuse, nothing to learn from."""


class SourceError(DataError):
    """A file does not hold what a source reads: ``file`` is its path on this machine."""

    def __init__(self, file: str, fault: str) -> None:
        super().__init__(f"{file}: {fault}")
        self.file = file
        self.fault = fault


class StepError(WranglerError):
    """What went wrong in one node of a flow."""

    def __init__(self, node: str, label: str, cause: WranglerError) -> None:
        super().__init__(f"{label}: {cause.message}", field=cause.field)
        self.node = node
        self.label = label
        self.cause = cause


#: What Python raises at a value that nobody foresaw; not what ends or cancels a run.
UNFORESEEN = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
)


def unforeseen(error: Exception) -> DataError:
    """One of :data:`UNFORESEEN` in words; its traceback goes to the log."""
    _log.warning("A step met a value that it does not foresee", exc_info=error)
    return DataError(
        f"The step cannot work with its parameters, or with what it reads "
        f"({type(error).__name__}: {shown_text(error)})"
    )


def shown_text(error: Exception) -> str:
    """An error's text as messages quote it."""
    return _cut(str(error).encode("utf-8", "replace").decode())


def shown(value: Any) -> str:
    """A value as messages quote it."""
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
