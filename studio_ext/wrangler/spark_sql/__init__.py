"""Expressions and queries that people write in Spark SQL, as ours."""

from __future__ import annotations

from .reading import formula, query

__all__ = ["formula", "query"]
