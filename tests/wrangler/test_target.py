"""Encoders by target, frequency, digits and hash: against scikit-learn, pandas and Python."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import TargetEncoder
from steps import Steps
from tables import arrow, near

from studio_ext.wrangler.errors import DataError, ParameterError

TARGET = "encode_more/target_encode"
WOE = "encode_more/weight_of_evidence_encode"
FREQUENCY = "encode_more/frequency_encode"
BINARY = "encode_more/binary_encode"
HASH = "encode_more/hash_encode"


def _table() -> pd.DataFrame:
    chance = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "c.d": chance.choice(["a", "é'", "b", "rare"], 60, p=[0.4, 0.3, 0.28, 0.02]),
            "n": chance.integers(0, 4, 60),
            "amount": chance.normal(10, 4, 60),
            "bought": chance.choice(["yes", "no"], 60),
        }
    )


@pytest.mark.parametrize("smooth", [None, 0, 2.5, 20])
def test_means_of_a_number_are_scikit_learns(steps: Steps, smooth: float | None) -> None:
    table = _table()
    model = TargetEncoder(smooth="auto" if smooth is None else smooth, target_type="continuous")
    model.fit(table[["c.d", "n"]], table["amount"])
    others = pd.DataFrame({"c.d": ["a", "new", "b"], "n": [3, 99, 0]})
    how = {"input_column": ["c.d", "n"], "target_column": "amount", "smooth": smooth}
    trained = steps.fit(TARGET, arrow(table), **how)
    made = steps(TARGET, arrow(others.assign(amount=0.0)), trained=trained, **how)
    near(np.column_stack([made["c.d"], made["n"]]), model.transform(others))


@pytest.mark.parametrize("smooth", [None, 3])
def test_means_of_two_classes_are_scikit_learns(steps: Steps, smooth: float | None) -> None:
    table = _table()
    model = TargetEncoder(smooth="auto" if smooth is None else smooth, target_type="binary")
    model.fit(table[["c.d"]], table["bought"])
    assert list(model.classes_) == ["no", "yes"]
    made = steps(
        TARGET,
        arrow(table),
        input_column="c.d",
        target_column="bought",
        positive_value="yes",
        smooth=smooth,
        output_column="o",
    )
    near(made["o"], model.transform(table[["c.d"]])[:, 0])
    assert made["c.d"] == list(table["c.d"])


def test_missing_targets_do_not_count_and_missing_categories_get_the_mean(steps: Steps) -> None:
    table = {"c": ["a", "a", None, "b"], "y": [1.0, None, 4.0, 1.0]}
    made = steps(TARGET, table, input_column="c", target_column="y", smooth=0)
    assert made["c"] == [1.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize("r", [1.0, 0.5])
def test_weight_of_evidence(steps: Steps, r: float) -> None:
    table = _table()
    good = (table["bought"] == "yes").astype(int)
    groups = good.groupby(table["c.d"]).agg(["sum", "count"])
    share = (groups["sum"] + r) / (good.sum() + 2 * r)
    other = (groups["count"] - groups["sum"] + r) / (len(good) - good.sum() + 2 * r)
    weights = np.log(share / other)
    how = {"input_column": "c.d", "target_column": "bought", "positive_value": "yes"}
    made = steps(WOE, arrow(table), **how, regularization=r)
    near(made["c.d"], table["c.d"].map(weights))
    trained = steps.fit(WOE, arrow(table), **how)
    new = steps(WOE, {"c.d": ["new", None], "bought": ["no", "no"]}, trained=trained, **how)
    assert new["c.d"] == [0.0, 0.0]
    assert math.isfinite(sum(made["c.d"]))


@pytest.mark.parametrize("measure", ["Fraction", "Count"])
def test_frequencies_are_pandas(steps: Steps, measure: str) -> None:
    c = ["a", "b", None, "a", "é'"]
    made = steps(FREQUENCY, {"c": c}, input_column="c", measure=measure)
    counts = pd.Series(c).value_counts(normalize=measure == "Fraction")
    near(made["c"], pd.Series(c).map(counts))
    trained = steps.fit(FREQUENCY, {"c": c}, input_column="c", measure=measure)
    how = {"input_column": "c", "measure": measure, "trained": trained}
    assert steps(FREQUENCY, {"c": ["new", None]}, **how)["c"] == [0.0, None]


@pytest.mark.parametrize("categories", [1, 2, 3, 4, 7, 8])
def test_binary_digits(steps: Steps, categories: int) -> None:
    labels = [f"v{i}" for i in range(categories)]
    trained = steps.fit(BINARY, {"c": labels}, input_column="c")
    values = [*labels, "new", None]
    made = steps(BINARY, {"c": values}, trained=trained, input_column="c")
    digits = categories.bit_length()
    assert list(made) == [f"c_{i}" for i in range(digits)]
    for row in range(len(values)):
        number = row + 1 if row < categories else 0
        found = [int(made[f"c_{i}"][row]) for i in range(digits)]
        assert found == [int(each) for each in f"{number:0{digits}b}"]


def test_hashing_by_plain_python(steps: Steps) -> None:
    values = ["a", "é'", "日本", None, "a b"]
    wanted = [
        None if each is None else int(hashlib.md5(each.encode()).hexdigest()[:15], 16) % 5
        for each in values
    ]
    made = steps(HASH, {"c": values}, input_column="c", buckets=5, output_column="h")
    assert made == {"c": values, "h": wanted}
    columns = steps(HASH, {"c": values}, input_column="c", buckets=5, output_style="Columns")
    assert columns == {f"c_{i}": [1.0 if each == i else 0.0 for each in wanted] for i in range(5)}


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (TARGET, {"target_column": "s"}, ParameterError, "positive_value: '' must be given: 's'"),
        (TARGET, {"smooth": -1}, ParameterError, "smooth: -1"),
        (TARGET, {"target_column": "none"}, DataError, "'none' has no value to learn from"),
        (WOE, {}, DataError, "'y' has values other than 0 and 1"),
        (HASH, {"buckets": 1}, ParameterError, "buckets: 1"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    none = pd.Series([None, None], dtype=float)
    table = arrow({"c": ["a", "b"], "y": [1.0, 2.0], "s": ["x", "y"], "none": none})
    with pytest.raises(error, match=words):
        steps(key, table, **{"input_column": "c", "target_column": "y", **parameters})
