"""The model's file, by its library, and one row of CSV to a prediction. Imports no peer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

BATCH = os.environ.get("BATCH") == "1"
MOST = 64


def load() -> Callable[[np.ndarray], Any]:
    """The predict function of the model in the file that ``MODEL`` names."""
    path = os.environ["MODEL"]
    if path.endswith(".joblib"):
        import joblib

        return joblib.load(path).predict  # type: ignore[no-any-return]
    import xgboost

    booster = xgboost.Booster(model_file=path)
    booster.set_param({"nthread": 1})  # more threads make single rows dearer
    return lambda rows: booster.inplace_predict(rows, validate_features=False)


def parse(rows: Sequence[str]) -> np.ndarray:
    """Rows of CSV as an array of float32."""
    return np.array([row.split(",") for row in rows], dtype=np.float64).astype(np.float32)
