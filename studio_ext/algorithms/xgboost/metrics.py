"""Evaluation metrics that SageMaker's container has and XGBoost itself lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

CustomMetric = Callable[[np.ndarray, Any], list[tuple[str, float]]]
Score = Callable[[np.ndarray, np.ndarray, str], float]


def _labels_of(predictions: np.ndarray, objective: str) -> np.ndarray:
    # XGBoost hands over what the objective predicts: probabilities, margins or classes.
    if predictions.ndim > 1:
        return np.asarray(predictions.argmax(axis=-1))
    if objective == "multi:softmax":
        return predictions.astype(int)
    boundary = 0.0 if objective == "binary:logitraw" else 0.5
    return np.asarray(predictions > boundary, dtype=int)


def _classification(score: str, **options: Any) -> Score:
    def compute(labels: np.ndarray, predictions: np.ndarray, objective: str) -> float:
        import sklearn.metrics

        predicted = _labels_of(predictions, objective)
        return float(getattr(sklearn.metrics, score)(labels, predicted, **options))

    return compute


def _mse(labels: np.ndarray, values: np.ndarray, _objective: str) -> float:
    return float(np.mean((labels - values) ** 2))


def _r2(labels: np.ndarray, values: np.ndarray, _objective: str) -> float:
    import sklearn.metrics

    return float(sklearn.metrics.r2_score(labels, values))


_CUSTOM: dict[str, Score] = {
    "accuracy": _classification("accuracy_score"),
    "balanced_accuracy": _classification("balanced_accuracy_score"),
    "f1": _classification("f1_score", average="macro"),
    "f1_binary": _classification("f1_score", average="binary"),
    "f1_macro": _classification("f1_score", average="macro"),
    "precision": _classification("precision_score", average="binary"),
    "precision_macro": _classification("precision_score", average="macro"),
    "precision_micro": _classification("precision_score", average="micro"),
    "recall": _classification("recall_score", average="binary"),
    "recall_macro": _classification("recall_score", average="macro"),
    "recall_micro": _classification("recall_score", average="micro"),
    "mse": _mse,
    "r2": _r2,
}


def split(names: Sequence[str], objective: str) -> tuple[list[str], CustomMetric | None]:
    """Metrics that XGBoost computes itself, and one function that computes the others."""
    own = [name for name in names if name in _CUSTOM]
    builtin = [name for name in names if name not in _CUSTOM]
    if not own:
        return builtin, None

    def compute(predictions: np.ndarray, matrix: Any) -> list[tuple[str, float]]:
        labels = matrix.get_label()
        return [(name, _CUSTOM[name](labels, predictions, objective)) for name in own]

    return builtin, compute
