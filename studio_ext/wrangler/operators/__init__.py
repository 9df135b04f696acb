"""The catalogue: one module a group of operators, each operator declared once."""

from __future__ import annotations

from . import (  # noqa: F401  (each enters its operators)
    casting,
    columns,
    joining,
    missing,
    numeric,
    outliers,
    rows,
    sampling,
    searching,
    splitting,
    strings,
    validating,
)
from .base import Operator, Trained
from .catalogue import catalogue

__all__ = ["Operator", "Trained", "catalogue"]
