"""Evaluation metrics: the names SageMaker knows, and those XGBoost itself lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

MAXIMIZE = (
    "accuracy auc aucpr balanced_accuracy f1 f1_binary f1_macro map ndcg pre precision "
    "precision_macro precision_micro r2 recall recall_macro recall_micro"
).split()
MINIMIZE = (
    "aft-nloglik cox-nloglik error gamma-deviance gamma-nloglik interval-regression-accuracy "
    "logloss mae mape merror mlogloss mphe mse poisson-nloglik rmse rmsle tweedie-nloglik"
).split()
NAMES = frozenset(MAXIMIZE + MINIMIZE)
#: Metrics that take a threshold or a cut, as in ``error@0.7``.
WITH_THRESHOLD = ("error", "ndcg", "map", "pre")

#: Name and regular expression of each metric in the log, as DescribeTrainingJob reports them.
METRIC_DEFINITIONS: list[dict[str, str]] = [
    {
        "Name": f"{channel}:{metric}",
        "Regex": rf".*\[[0-9]+\].*(?:#011|\t){channel}-{metric}:(\S+)",
    }
    for channel in ("train", "validation")
    for metric in sorted(NAMES)
]

#: Which way each validation metric gets better; what a tuner may optimise.
DIRECTIONS: dict[str, str] = {
    **{f"validation:{name}": "Maximize" for name in MAXIMIZE},
    **{f"validation:{name}": "Minimize" for name in MINIMIZE},
}

CustomMetric = Callable[[np.ndarray, Any], list[tuple[str, float]]]
Score = Callable[[np.ndarray, np.ndarray, str], float]


def is_maximized(name: str) -> bool:
    """Whether a larger value of the metric is better."""
    return name.split("@")[0] in MAXIMIZE


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
