"""A flow in other forms: Python code, SQL, notebooks, a model archive."""

from __future__ import annotations
