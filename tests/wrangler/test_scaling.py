"""Functions of values, rows of one length, products: against NumPy and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import Normalizer, PolynomialFeatures
from steps import Steps
from tables import arrow, near

from studio_ext.wrangler.errors import ColumnError, ParameterError

APPLY = "transform_numbers/apply_function"
NORMALIZE = "transform_numbers/normalize_rows"
MULTIPLY = "transform_numbers/polynomial_features"
X = [0.0, 1.0, -2.5, 0.3, 7.0, 1e6, -0.5, None, 800.0, 0.1235, -1.0]


def _away(x: Any, digits: int = 0) -> Any:
    """Halves away from zero, unlike NumPy's."""
    return np.sign(x) * np.floor(np.abs(x) * 10.0**digits + 0.5) / 10.0**digits


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        ("log", np.log),
        ("log2", np.log2),
        ("log10", np.log10),
        ("log1p", np.log1p),
        ("exp", np.exp),
        ("sqrt", np.sqrt),
        ("square", np.square),
        ("cube", lambda x: x**3),
        ("reciprocal", np.reciprocal),
        ("negate", np.negative),
        ("abs", np.abs),
        ("sign", np.sign),
        ("round", _away),
        ("floor", np.floor),
        ("ceil", np.ceil),
    ],
)
def test_functions_are_numpys_and_missing_where_there_is_no_answer(
    steps: Steps, function: str, reference: Any
) -> None:
    how = {"input_column": "x", "output_column": "y", "function": function}
    made = steps(APPLY, arrow({"x": X}), **how)
    with np.errstate(all="ignore"):
        wanted = reference(np.array(X, dtype=float))
    near(made["y"], np.where(np.isfinite(wanted), wanted, np.nan), rtol=1e-9)
    assert made["x"] == X


def test_rounding_to_digits_in_place(steps: Steps) -> None:
    table = {"x": [1.256, -1.256, None], "n": [15, 25, -15]}
    how = {"input_column": ["x", "n"], "function": "round"}
    assert steps(APPLY, table, **how, digits=2)["x"] == [1.26, -1.26, None]
    assert steps(APPLY, table, **how, digits=-1)["n"] == [20, 30, -20]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(*[st.floats(-1e6, 1e6).map(lambda x: round(x, 3))] * 3), min_size=1),
    st.sampled_from(["l1", "l2", "max"]),
)
def test_rows_have_scikit_learns_length(
    steps: Steps, rows: list[tuple[float, float, float]], norm: str
) -> None:
    table = pd.DataFrame(rows, columns=["a", "b.c", 'd"'])
    made = steps(NORMALIZE, arrow(table), input_column=list(table), norm=norm)
    near(pd.DataFrame(made), Normalizer(norm).fit_transform(table.to_numpy()), rtol=1e-8)


def test_a_row_that_lacks_a_value_has_no_length(steps: Steps) -> None:
    for norm in ("l1", "l2", "max"):
        made = steps(
            NORMALIZE, {"a": [3.0, 1], "b": [4.0, None]}, input_column=["a", "b"], norm=norm
        )
        assert made["a"][1] is None
        assert made["b"][1] is None


@pytest.mark.parametrize("degree", [2, 3])
@pytest.mark.parametrize("interaction_only", [True, False])
def test_products_are_scikit_learns(steps: Steps, degree: int, interaction_only: bool) -> None:
    table = pd.DataFrame({"a": [1.0, 2, -3], "b.c": [0.5, 7, 2], "n": [3, 1, 4]})
    model = PolynomialFeatures(degree, interaction_only=interaction_only, include_bias=False)
    wanted = model.fit_transform(table)
    made = steps(
        MULTIPLY,
        arrow(table),
        input_column=list(table),
        degree=degree,
        interaction_only=interaction_only,
    )
    assert list(made) == list(model.get_feature_names_out())
    near(pd.DataFrame(made), wanted)


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (APPLY, {"function": "tan"}, ParameterError, "function: 'tan' is not right"),
        (APPLY, {"function": "log", "input_column": "s"}, ColumnError, "'s' is string"),
        (NORMALIZE, {"norm": "l3"}, ParameterError, "norm: 'l3'"),
        (MULTIPLY, {"degree": 9}, ParameterError, "degree: 9"),
        (MULTIPLY, {"input_column": ["x", "y"], "most": 2}, ParameterError, "most: 2 is fewer"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    table = {"x": [1.0], "y": [2.0], "s": ["a"]}
    with pytest.raises(error, match=words):
        steps(key, table, **{"input_column": "x", **parameters})
