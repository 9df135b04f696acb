"""Selectable inference: what ``SAGEMAKER_INFERENCE_OUTPUT`` asks for, for each row."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import InferenceError

_CLASS_KEYS = ("predicted_label", "labels", "raw_score", "raw_scores")
_ALL_KEYS = (*_CLASS_KEYS, "probability", "probabilities")
_KEYS: dict[str, tuple[str, ...]] = {
    "binary:logistic": _ALL_KEYS,
    "multi:softprob": _ALL_KEYS,
    "binary:logitraw": _CLASS_KEYS,
    "binary:hinge": _CLASS_KEYS,
    "multi:softmax": _CLASS_KEYS,
    **{
        f"reg:{name}": ("predicted_score",)
        for name in ("squarederror", "logistic", "gamma", "absoluteerror", "tweedie")
    },
}


def select(
    predictions: np.ndarray, keys: Sequence[str], objective: str, num_class: int
) -> list[dict[str, Any]]:
    """The chosen keys of each prediction; one that the objective lacks is NaN."""
    if objective not in _KEYS:
        raise InferenceError(
            500, f"Objective '{objective}' does not support SAGEMAKER_INFERENCE_OUTPUT."
        )
    return [
        {
            key: _value(key, row, objective, num_class) if key in _KEYS[objective] else math.nan
            for key in keys
        }
        for row in predictions
    ]


def _value(key: str, row: Any, objective: str, num_class: int) -> Any:
    if key == "predicted_score":
        return float(row)
    if key == "labels":
        return list(range(num_class)) if objective.startswith("multi:") else [0, 1]
    if key == "predicted_label":
        return _label(row, objective)
    scores = [float(value) for value in row] if np.ndim(row) else [1.0 - float(row), float(row)]
    if key in ("probabilities", "raw_scores"):
        return scores
    return max(scores) if np.ndim(row) else float(row)


def _label(row: Any, objective: str) -> float:
    if objective == "multi:softprob":
        return int(np.argmax(row))
    if objective == "binary:logistic":
        return int(row > 0.5)
    if objective == "binary:logitraw":
        return int(row > 0)
    return float(row)


def encode(rows: Sequence[dict[str, Any]], keys: Sequence[str], kind: str) -> str:
    """Rows as JSON, JSON lines or CSV (a list becomes one quoted field)."""
    if kind == "application/json":
        return json.dumps({"predictions": list(rows)})
    if kind == "application/jsonlines":
        return "".join(json.dumps(row) + "\n" for row in rows)
    return "\n".join(
        ",".join(f'"{row[k]}"' if isinstance(row[k], list) else str(row[k]) for k in keys)
        for row in rows
    )
