"""The catalogue: one module a group of operators, each operator declared once."""

from __future__ import annotations

from . import (  # noqa: F401  (each enters its operators)
    addresses,
    balancing,
    binning,
    casting,
    columns,
    compact,
    custom,
    datetimes,
    encoding,
    filtering,
    grouping,
    joining,
    missing,
    numeric,
    outliers,
    privacy,
    querying,
    reduction,
    relating,
    resampling,
    rows,
    sampling,
    scaling,
    searching,
    selecting,
    series,
    series_features,
    series_missing,
    shaping,
    similarity,
    smote,
    splitting,
    statistics,
    strings,
    target,
    tidying,
    timing,
    unnesting,
    validating,
    vectorizing,
    vectors,
    windowing,
    wording,
)
from .base import Operator, Trained
from .catalogue import catalogue

__all__ = ["Operator", "Trained", "catalogue"]
