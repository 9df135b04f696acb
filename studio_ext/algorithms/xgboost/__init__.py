"""SageMaker's XGBoost built-in as an engine: train on files, answer requests.

Needs no server: ``from studio_ext.algorithms.xgboost import train, Predictor``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import AlgorithmError, InferenceError, UserError
from .names import DIRECTIONS, METRIC_DEFINITIONS

if TYPE_CHECKING:
    from .serving import Predictor
    from .trainer import train

__all__ = [
    "DIRECTIONS",
    "METRIC_DEFINITIONS",
    "AlgorithmError",
    "InferenceError",
    "Predictor",
    "UserError",
    "train",
]


def __getattr__(name: str) -> Any:
    # The libraries take a second to import; whoever reads METRIC_DEFINITIONS needs none.
    if name == "train":
        from .trainer import train

        return train
    if name == "Predictor":
        from .serving import Predictor

        return Predictor
    raise AttributeError(name)
