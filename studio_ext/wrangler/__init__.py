"""Data Wrangler as a library: flows, their operators, and the engines that run them.

``Flow.open("x.flow").run().table()``; nothing here knows of a server.
"""

from __future__ import annotations

from . import insights  # noqa: F401  (its report is an analysis)
from .api import Flow, Result
from .errors import WranglerError
from .operators import catalogue

__all__ = ["Flow", "Result", "WranglerError", "catalogue"]
