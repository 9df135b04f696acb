"""Bins, powers, ranks and bounds, against scikit-learn and SciPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats.mstats import winsorize
from sklearn.preprocessing import KBinsDiscretizer, PowerTransformer, QuantileTransformer
from steps import Steps
from tables import arrow, near

from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError
from studio_ext.wrangler.operators import shaping

BIN = "transform_numbers/bin_values"
POWER = "transform_numbers/power_transform"
QUANTILE = "transform_numbers/quantile_transform"
WINSORIZE = "transform_numbers/winsorize"
CHANCE = np.random.default_rng(11)
X = np.concatenate([CHANCE.exponential(3.0, 60), [0.5] * 12, CHANCE.normal(5, 1, 30)]) + 0.01
#: In other rows than it was learned of: beyond both ends, equal to edges, between.
OTHERS = np.array([-50.0, X.min(), 0.51, 2.0, X.max(), 80.0])


def _both(steps: Steps, key: str, x: Any, others: Any, **how: Any) -> tuple[Any, Any]:
    """The column of the training rows and of others, after learning from the first."""
    trained = steps.fit(key, arrow({"x": x}), input_column="x", **how)
    made = [
        steps(key, arrow({"x": rows}), trained=trained, input_column="x", **how)
        for rows in (x, others)
    ]
    return made[0], made[1]


@pytest.mark.parametrize("strategy", ["Quantile", "Uniform"])
@pytest.mark.parametrize("bins", [2, 5, 12])
@pytest.mark.parametrize("encoding", ["Ordinal", "One-hot"])
def test_bins_are_scikit_learns(steps: Steps, strategy: str, bins: int, encoding: str) -> None:
    model = KBinsDiscretizer(
        bins,
        strategy=strategy.lower(),
        encode="ordinal" if encoding == "Ordinal" else "onehot-dense",
        quantile_method="linear",
        subsample=None,
    )
    with warnings.catch_warnings():
        # Twelve equal values make fewer bins.
        warnings.simplefilter("ignore")
        model.fit(X.reshape(-1, 1))
    how = {"strategy": strategy, "bins": bins, "encoding": encoding}
    for made, rows in zip(_both(steps, BIN, X, OTHERS, **how), (X, OTHERS), strict=True):
        near(pd.DataFrame(made), model.transform(rows.reshape(-1, 1)))


def test_what_is_missing_is_in_no_bin(steps: Steps) -> None:
    table = arrow({"x": [1.0, None, 3.0]})
    assert steps(BIN, table, input_column="x", bins=2)["x"] == [0.0, None, 1.0]
    how = {"input_column": "x", "bins": 2, "encoding": "One-hot", "output_column": "b"}
    made = steps(BIN, table, **how)
    assert made == {"x": [1.0, None, 3.0], "b_0": [1, 0, 0], "b_1": [0, 0, 1]}
    assert steps(BIN, {"x": [7.0, 7.0]}, input_column="x")["x"] == [0, 0]


@pytest.mark.parametrize("method", ["Yeo-Johnson", "Box-Cox"])
@pytest.mark.parametrize("standardize", [True, False])
def test_powers_are_scikit_learns(steps: Steps, method: str, standardize: bool) -> None:
    x = X if method == "Box-Cox" else np.concatenate([X, -X[:20]])
    model = PowerTransformer(method=method.lower(), standardize=standardize)
    model.fit(x.reshape(-1, 1))
    others = np.abs(OTHERS) if method == "Box-Cox" else OTHERS
    how = {"method": method, "standardize": standardize}
    for made, rows in zip(_both(steps, POWER, x, others, **how), (x, others), strict=True):
        near(made["x"], model.transform(rows.reshape(-1, 1))[:, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("method", ["Yeo-Johnson", "Box-Cox"])
def test_every_power_by_scipys_formula(steps: Steps, power: float, method: str) -> None:
    from scipy import stats

    x = np.array([-3.0, -0.5, 0.0, 0.25, 1.0, 40.0])
    trained = {"columns": {"x": {"power": power, "mean": 0.0, "variance": 1.0}}}
    how = {"input_column": "x", "method": method, "standardize": False}
    made = steps(POWER, {"x": x}, trained=trained, **how)["x"]
    if method == "Box-Cox":
        near(made[:3], [None] * 3)
        near(made[3:], stats.boxcox(x[3:], power))
    else:
        near(made, stats.yeojohnson(x, power))


def test_the_power_is_fitted_on_a_sample_of_many_rows(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(2).lognormal(0, 0.7, 4_000)
    whole = steps.fit(POWER, {"x": x}, input_column="x")
    monkeypatch.setattr(shaping, "SAMPLE", 1_000)
    part = steps.fit(POWER, {"x": x}, input_column="x")
    assert whole and part
    assert part != whole
    assert part == steps.fit(POWER, {"x": x}, input_column="x")
    assert part["columns"]["x"]["power"] == pytest.approx(whole["columns"]["x"]["power"], abs=0.15)


@pytest.mark.parametrize("quantiles", [2, 11, 50])
@pytest.mark.parametrize("output", ["Uniform", "Normal"])
def test_ranks_are_scikit_learns(steps: Steps, quantiles: int, output: str) -> None:
    model = QuantileTransformer(
        n_quantiles=quantiles, subsample=None, output_distribution=output.lower()
    ).fit(X.reshape(-1, 1))
    how = {"number_of_quantiles": quantiles, "output_distribution": output}
    found = _both(steps, QUANTILE, X, OTHERS, **how)
    for made, rows in zip(found, (X, OTHERS), strict=True):
        near(made["x"], model.transform(rows.reshape(-1, 1))[:, 0], atol=1e-7)


def test_normal_quantiles_are_scipys(steps: Steps) -> None:
    from scipy import stats

    ranks = [1e-7, 1e-6, 0.001, 0.0749, 0.0751, 0.3, 0.5, 0.7, 0.95, 0.9999, 1 - 1e-7]
    how = {"input_column": "x", "output_distribution": "Normal", "output_column": "z"}
    trained = {"quantiles": {"x": [0.0, 1.0]}}
    made = steps(QUANTILE, arrow({"x": [*ranks, None]}), trained=trained, **how)
    assert list(made) == ["x", "z"]
    near(made["z"], [*stats.norm.ppf(ranks), None], rtol=1e-12, atol=1e-12)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40),
    st.floats(0.0, 0.45),
    st.floats(0.05, 0.45),
)
def test_bounds_are_scipys(steps: Steps, x: list[float], low: float, high: float) -> None:
    how = {"input_column": "x", "lower_limit": low, "upper_limit": high}
    made = steps(WINSORIZE, {"x": [*x, None]}, **how)["x"]
    assert made[-1] is None
    near(made[:-1], np.asarray(winsorize(np.array(x), limits=(low, high))), atol=1e-6)


def test_one_side_and_other_rows(steps: Steps) -> None:
    how = {"lower_limit": 0, "upper_limit": 0.25}
    made, others = _both(steps, WINSORIZE, [1.0, 2, 3, 90], [-5.0, 100.0], **how)
    assert made["x"] == [1, 2, 3, 3]
    assert others["x"] == [1, 3]


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (BIN, {"bins": 1}, ParameterError, "bins: 1"),
        (BIN, {"input_column": "s"}, ColumnError, "'s' is string"),
        (BIN, {"input_column": "none"}, DataError, "'none' has no value to learn from"),
        (POWER, {"input_column": "none"}, DataError, "'none' has no value to learn from"),
        (POWER, {"method": "Box-Cox"}, DataError, "'x' has values that are not above zero"),
        (QUANTILE, {"input_column": "none"}, DataError, "'none' has no value to learn from"),
        (WINSORIZE, {"input_column": "none"}, DataError, "'none' has no value to learn from"),
        (WINSORIZE, {"lower_limit": 0.5}, ParameterError, "lower_limit: 0.5"),
        (WINSORIZE, {"lower_limit": 0, "upper_limit": 0}, ParameterError, "one must be above 0"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    table = arrow({"x": [0.0, 1.0], "s": ["a", "b"], "none": pd.Series([None, None], dtype=float)})
    with pytest.raises(error, match=words):
        steps(key, table, **{"input_column": "x", **parameters})
