"""The catalogue: one module a group of operators, each operator declared once."""

from __future__ import annotations

from .base import Operator, Trained
from .catalogue import catalogue

__all__ = ["Operator", "Trained", "catalogue"]
