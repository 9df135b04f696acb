"""What runs a relation's query: DuckDB here, Spark where a cluster is."""

from __future__ import annotations

from .base import Engine
from .duckdb import DuckDB

__all__ = ["DuckDB", "Engine"]
