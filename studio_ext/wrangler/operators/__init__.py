"""The catalogue: one module a group of operators, each operator declared once."""

from __future__ import annotations

from . import (  # noqa: F401  (each enters its operators)
    balancing,
    casting,
    columns,
    custom,
    encoding,
    joining,
    missing,
    numeric,
    outliers,
    querying,
    reduction,
    rows,
    sampling,
    searching,
    similarity,
    smote,
    splitting,
    statistics,
    strings,
    unnesting,
    validating,
    vectorizing,
    vectors,
)
from .base import Operator, Trained
from .catalogue import catalogue

__all__ = ["Operator", "Trained", "catalogue"]
