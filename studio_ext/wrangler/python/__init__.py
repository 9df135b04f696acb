"""People's own Python in a flow: run in a process of its own, over Arrow, within limits."""

from __future__ import annotations

from .limits import Limits
from .printed import collected
from .process import Program, column, table

__all__ = ["Limits", "Program", "collected", "column", "table"]
