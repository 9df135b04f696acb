"""Scalers, against scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from steps import Steps

from studio_ext.wrangler.errors import ColumnError, DataError

X = [3.0, -1.5, None, 12.25, 0.0, 7.0]
KNOWN = np.array([each for each in X if each is not None]).reshape(-1, 1)
SCALE = "process_numeric/scale_values"


def _scaled(values: Any) -> list[float | None]:
    found = iter(values.ravel())
    return [None if each is None else float(next(found)) for each in X]


@pytest.mark.parametrize(
    ("key", "parameters", "reference"),
    [
        ("min_max_scaler", {}, MinMaxScaler()),
        ("min_max_scaler", {"min": -1, "max": 3}, MinMaxScaler((-1, 3))),
        ("max_absolute_scaler", {}, MaxAbsScaler()),
        ("robust_scaler", {}, RobustScaler(with_centering=False)),
        ("robust_scaler", {"center": True}, RobustScaler()),
        (
            "robust_scaler",
            {"lower_quantile": 0.1, "upper_quantile": 0.6, "center": True, "scale": False},
            RobustScaler(with_scaling=False),
        ),
    ],
)
def test_scalers_are_scikit_learns(
    steps: Steps, key: str, parameters: dict[str, Any], reference: Any
) -> None:
    made = steps(f"{SCALE}/{key}", {"x": X}, input_column="x", output_column="y", **parameters)
    assert made["x"] == X
    assert made["y"] == pytest.approx(_scaled(reference.fit_transform(KNOWN)))


@pytest.mark.parametrize("center", [True, False])
def test_the_standard_scaler_is_sparks(steps: Steps, center: bool) -> None:
    made = steps(f"{SCALE}/standard_scaler", {"x": X}, input_column=["x"], center=center)
    # scikit-learn's deviation is the population's, Spark's a sample's.
    ratio = np.std(KNOWN) / np.std(KNOWN, ddof=1)
    reference = StandardScaler(with_mean=center).fit_transform(KNOWN) * ratio
    assert made["x"] == pytest.approx(_scaled(reference))


def test_a_column_that_does_not_vary(steps: Steps) -> None:
    table = {"x": [5.0, 5.0, None]}
    assert steps(f"{SCALE}/min_max_scaler", table, input_column="x")["x"] == [0.5, 0.5, None]
    assert steps(f"{SCALE}/standard_scaler", table, input_column="x")["x"] == [0, 0, None]
    zero = {"x": [0.0, 0.0]}
    assert steps(f"{SCALE}/max_absolute_scaler", zero, input_column="x")["x"] == [0, 0]


def test_what_was_learned_is_applied_to_other_rows(steps: Steps) -> None:
    key = f"{SCALE}/min_max_scaler"
    trained = steps.fit(key, {"x": [0.0, 10.0]}, input_column="x")
    assert trained == {"columns": {"x": {"min": 0.0, "max": 10.0}}}
    assert steps(key, {"x": [20.0]}, trained=trained, input_column="x")["x"] == [2.0]


def test_what_cannot_be_scaled_is_said(steps: Steps) -> None:
    with pytest.raises(ColumnError, match="'x' is string, not long or float"):
        steps(f"{SCALE}/min_max_scaler", {"x": ["a"]}, input_column="x")
    with pytest.raises(DataError, match="no value to learn from"):
        steps(f"{SCALE}/min_max_scaler", {"x": np.array([], float)}, input_column="x")
