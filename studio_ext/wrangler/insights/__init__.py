"""The Data Quality and Insights report: what is in a table, what is wrong, what would help."""

from __future__ import annotations

from . import node  # noqa: F401  (enters the analysis)
from .report import Report, insights

__all__ = ["Report", "insights"]
