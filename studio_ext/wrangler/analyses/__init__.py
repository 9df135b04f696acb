"""Analyses: looks at a table that change nothing, each with data and a chart."""

from __future__ import annotations

from . import bias, charts, collinearity, models, series, summary  # noqa: F401  (enter theirs)
from .base import Analysis, Findings, analyses

__all__ = ["Analysis", "Findings", "analyses"]
