"""Encoders of categories, against scikit-learn's and plain Python."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from steps import Steps
from tables import near

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError
from studio_ext.wrangler.operators.figures import LONGEST_LABEL
from studio_ext.wrangler.operators.similarity import PRIME, coefficients

ORDINAL = "encode_categorical/ordinal_encode"
ONE_HOT = "encode_categorical/one_hot_encode"
SIMILAR = "encode_categorical/similarity_encode"
C = ["b", "a", None, "ü'", "b", "a", 'say "c.d"', "b"]
#: By descending frequency, equals by value.
ORDER = ["b", "a", 'say "c.d"', "ü'"]
NEW = ["a", "not seen", None, "b"]


def _ordinals(values: list[str | None]) -> list[float]:
    known = OrdinalEncoder(
        categories=[ORDER],
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )
    known.fit(np.array(ORDER, dtype=object).reshape(-1, 1))
    return known.transform(np.array(values, dtype=object).reshape(-1, 1))[:, 0].tolist()


def test_ordinals_are_scikit_learns_by_frequency(steps: Steps) -> None:
    assert steps.fit(ORDINAL, {"c": C}, input_column="c") == {"columns": {"c": ORDER}}
    made = steps(ORDINAL, {"c": C}, input_column="c", output_column="o")
    assert made["c"] == C
    near(made["o"], _ordinals(C))


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("Skip", [1.0, 0.0]),
        ("Keep", [1.0, 4.0, 4.0, 0.0]),
        ("Replace with NaN", [1.0, None, None, 0.0]),
    ],
)
def test_invalid_values_of_an_ordinal(steps: Steps, strategy: str, wanted: list[Any]) -> None:
    how = {"input_column": "c", "invalid_handling_strategy": strategy}
    trained = steps.fit(ORDINAL, {"c": C}, **how)
    assert steps(ORDINAL, {"c": NEW}, trained=trained, **how)["c"] == wanted


@pytest.mark.parametrize("key", [ORDINAL, ONE_HOT])
def test_invalid_values_can_be_refused(steps: Steps, key: str) -> None:
    how = {"input_column": "c", "invalid_handling_strategy": "Error"}
    trained = steps.fit(key, {"c": C}, **how)
    with pytest.raises(DataError, match="'c' has a value not seen before: not seen"):
        steps(key, {"c": NEW}, trained=trained, **how)
    with pytest.raises(DataError, match="'c' has a value not seen before: missing"):
        steps(key, {"c": [None]}, trained=trained, **how)
    assert steps(key, {"c": ["a"]}, trained=trained, **how)


def _one_hot(values: list[str | None]) -> np.ndarray[Any, Any]:
    known = OneHotEncoder(categories=[ORDER], handle_unknown="ignore", sparse_output=False)
    known.fit(np.array(ORDER, dtype=object).reshape(-1, 1))
    return known.transform(np.array(values, dtype=object).reshape(-1, 1))


@pytest.mark.parametrize("strategy", ["Keep", "Skip"])
@pytest.mark.parametrize("drop_last", [False, True])
def test_one_hot_columns_are_scikit_learns(steps: Steps, strategy: str, drop_last: bool) -> None:
    how = {
        "input_column": "c",
        "invalid_handling_strategy": strategy,
        "drop_last": drop_last,
    }
    trained = steps.fit(ONE_HOT, {"c": C}, **how)
    made = steps(ONE_HOT, {"c": NEW, "row": [0, 1, 2, 3]}, trained=trained, **how)
    # With Keep the category that goes is that of invalid values, which has no column.
    labels = ORDER[:-1] if drop_last and strategy == "Skip" else ORDER
    assert list(made) == ["row", *(f"c_{label}" for label in labels)]
    rows = [0, 1, 2, 3] if strategy == "Keep" else [0, 3]
    assert made["row"] == rows
    found = np.column_stack([made[f"c_{label}"] for label in labels])
    near(found, _one_hot(NEW)[rows, : len(labels)])


@pytest.mark.parametrize(
    ("strategy", "drop_last", "width"), [("Keep", False, 5), ("Keep", True, 4), ("Skip", True, 3)]
)
def test_one_hot_vectors_are_sparks(
    steps: Steps, strategy: str, drop_last: bool, width: int
) -> None:
    how = {
        "input_column": "c",
        "output_style": "Vector",
        "output_column": "v",
        "invalid_handling_strategy": strategy,
        "drop_last": drop_last,
    }
    trained = steps.fit(ONE_HOT, {"c": C}, **how)
    made = steps(ONE_HOT, {"c": [*NEW, "ü'"]}, trained=trained, **how)
    places = {label: index for index, label in enumerate(ORDER)}
    valid = [each for each in [*NEW, "ü'"] if strategy == "Keep" or each in places]
    assert made["c"] == valid
    for value, vector in zip(valid, made["v"], strict=True):
        wanted = [0.0] * 5
        wanted[places.get(value, 4)] = 1.0
        assert vector == wanted[:width]


def test_several_columns_and_types_at_once(steps: Steps) -> None:
    table = {"n": [10, 9, 9, None], "f": [True, False, False, False], "kept": [1, 2, 3, 4]}
    made = steps(ONE_HOT, table, input_column=["n", "f"], output_column="one")
    assert list(made) == ["n", "f", "kept", "one_n_9", "one_n_10", "one_f_false", "one_f_true"]
    assert made["one_n_10"] == [1, 0, 0, 0]
    assert made["one_f_false"] == [0, 1, 1, 1]
    ordinal = steps(ORDINAL, table, input_column=["n", "f"])
    assert ordinal == {"n": [1, 0, 0, None], "f": [1, 0, 0, 0], "kept": [1, 2, 3, 4]}


def test_columns_that_are_ordinals_already(steps: Steps) -> None:
    how = {"input_column": "o", "input_already_ordinal_encoded": True}
    trained = steps.fit(ONE_HOT, {"o": [0.0, 2.0, None]}, **how)
    made = steps(ONE_HOT, {"o": [2.0, 0.0, 3.0, 0.5, None]}, trained=trained, **how)
    assert made == {"o_0": [0, 1, 0, 0, 0], "o_1": [0, 0, 0, 0, 0], "o_2": [1, 0, 0, 0, 0]}
    with pytest.raises(DataError, match=r"'o' is not ordinal encoded: its largest value is 0\.5"):
        steps.fit(ONE_HOT, {"o": [0.5]}, **how)


def test_nothing_to_learn_from_leaves_all_invalid(steps: Steps) -> None:
    empty = pa.table({"c": pa.array([], pa.string())})
    trained = steps.fit(ORDINAL, empty, input_column="c")
    assert trained == {"columns": {"c": []}}
    assert steps(ORDINAL, {"c": ["a"]}, trained=trained, input_column="c")["c"] == [None]
    assert steps(ONE_HOT, empty, input_column="c", output_column="o") == {"c": []}


FLOW = Path(__file__).parent / "flows" / "fraud_customers.flow"


def test_a_real_flow_keeps_what_spark_learned() -> None:
    """Later nodes of the flow name the columns, and read what Spark had seen in its rows."""
    table = pa.table(
        {
            "customer_gender": ["male", "other", "female"],
            "policy_state": ["ca", "id", None],
        }
    )
    flow = Flow.new()
    source = flow.document.add("sagemaker.s3_source_0.1", {}, type="SOURCE")
    before = source.id
    for node in Flow.open(FLOW).document:
        if node.operator.endswith("encode_categorical_0.1"):
            added = flow.document.add(node.operator, node.parameters, [])
            added.data["inputs"] = [{"name": "df", "node_id": before, "output_name": "default"}]
            added.trained = node.trained
            before = added.id
    result = flow.run(inputs={source.id: table})
    made = result.table().to_pydict()
    states = [f"policy_state_{each}" for each in ("ca", "wa", "az", "or", "nv", "id")]
    # The table has not all of these states, nor in this order: they come out of the file.
    assert list(made) == ["customer_gender_male", "customer_gender_female", *states]
    assert made["customer_gender_male"] == [1, 0, 0]
    assert made["policy_state_id"] == [0, 1, 0]
    assert not any(each.learned for each in result.outcomes.values())
    anew = flow.run(inputs={source.id: table}, refit=True).table()
    assert "customer_gender_other" in anew.column_names


# -- similarity ----------------------------------------------------------------------------------


def _grams(text: str) -> set[str]:
    framed = f" {text} "
    return {framed[i : i + 3] for i in range(len(framed) - 2)} or {framed}


def _hashes(text: str, pairs: list[tuple[int, int]]) -> list[float]:
    h = [int(hashlib.md5(gram.encode()).hexdigest()[:7], 16) for gram in _grams(text)]
    return [min((a * each + b) % PRIME for each in h) / PRIME for a, b in pairs]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), min_size=1, max_size=5))
def test_similar_texts_by_plain_python(steps: Steps, texts: list[str]) -> None:
    made = steps(SIMILAR, {"c": [*texts, None]}, input_column="c", target_dimension=4)
    *found, missing = made["c"]
    assert missing is None
    assert found == [pytest.approx(_hashes(each, coefficients(42, 4))) for each in texts]


def test_texts_agree_as_often_as_their_grams_do(steps: Steps) -> None:
    a, b = "accountant senior", "accountant junior"
    how = {"input_column": "c", "target_dimension": 600, "output_column": "v"}
    x, y = steps(SIMILAR, {"c": [a, b]}, **how)["v"]
    jaccard = len(_grams(a) & _grams(b)) / len(_grams(a) | _grams(b))
    assert np.mean(np.equal(x, y)) == pytest.approx(jaccard, abs=0.07)


def test_similarity_columns(steps: Steps) -> None:
    how = {"input_column": "c", "target_dimension": 3}
    vector = steps(SIMILAR, {"c": ["x", None]}, **how)["c"][0]
    columns = steps(SIMILAR, {"c": ["x", None]}, **how, output_style="Columns")
    assert columns == {f"c_{i}": [vector[i], None] for i in range(3)}
    other = steps(SIMILAR, {"c": ["x"]}, **how, seed=7)["c"][0]
    assert other != vector


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (ORDINAL, {"input_column": "d"}, ColumnError, "no column 'd'"),
        (ORDINAL, {"invalid_handling_strategy": "Drop"}, ParameterError, "invalid_handling"),
        (ONE_HOT, {"output_style": "Matrix"}, ParameterError, "output_style: 'Matrix'"),
        (SIMILAR, {"target_dimension": 0}, ParameterError, "target_dimension: 0"),
        (SIMILAR, {"input_column": "n"}, ColumnError, "'n' is long, not string"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(key, {"c": ["a"], "n": [1]}, **{"input_column": "c", **parameters})


@pytest.mark.parametrize("key", [ORDINAL, ONE_HOT])
def test_a_text_too_long_for_a_category_is_refused(steps: Steps, key: str) -> None:
    longest = "é" * (LONGEST_LABEL // 2)
    assert steps.fit(key, {"s": ["a", longest, None]}, input_column="s")
    with pytest.raises(DataError, match=r"'s' holds a text of more than 1,048,576 bytes"):
        steps.fit(key, {"s": ["a", longest + "x"]}, input_column="s")
