"""Data Wrangler as a library: flows, their operators, and the engines that run them.

``Flow.open("x.flow").run().table()``; nothing here knows of a server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import insights  # noqa: F401  (its report is an analysis)
from .api import Flow, Result
from .errors import WranglerError
from .operators import catalogue

if TYPE_CHECKING:
    from .transformer import FlowTransformer

__all__ = ["Flow", "FlowTransformer", "Result", "WranglerError", "catalogue"]


def __getattr__(name: str) -> Any:
    """``FlowTransformer`` when it is asked for: scikit-learn takes long to load."""
    if name != "FlowTransformer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .transformer import FlowTransformer

    return FlowTransformer
