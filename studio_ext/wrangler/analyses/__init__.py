"""Analyses: looks at a table that change nothing, each with data and a chart."""

from __future__ import annotations

from . import (  # noqa: F401  (enter theirs)
    bias,
    charts,
    collinearity,
    custom,
    models,
    series,
    summary,
)
from .base import Analysis, Findings, analyses

__all__ = ["Analysis", "Findings", "analyses"]
