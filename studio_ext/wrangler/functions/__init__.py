"""Functions that mean the same on every engine; see :mod:`.duckdb` for what they mean."""

from __future__ import annotations

from .duckdb import Functions

__all__ = ["Functions"]
