"""Balancing, against imbalanced-learn."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from steps import Steps
from tables import arrow, near

from studio_ext.wrangler import catalogue
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError

OVER, UNDER = "balance_data/random_oversample", "balance_data/random_undersample"
KEY = "balance_data/smote"


def _table(common: int = 40, rare: int = 9) -> pd.DataFrame:
    chance = np.random.default_rng(3)
    rows = common + rare
    label = np.array(["no"] * common + ["yes"] * rare)
    order = chance.permutation(rows)
    return pd.DataFrame(
        {
            "a.b": chance.normal(size=rows) * 1000,
            'c"': chance.normal(size=rows) + (label == "yes"),
            "whole": chance.integers(0, 50, rows),
            "text": [f"row {i}" for i in range(rows)],
            "y": label,
        }
    ).iloc[order]


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_oversampling(steps: Steps, ratio: float) -> None:
    table = _table()
    made = steps.arrow(OVER, arrow(table), target_column="y", ratio=ratio).to_pandas()
    _, y = RandomOverSampler(sampling_strategy=ratio).fit_resample(table[["text"]], table["y"])
    assert Counter(made["y"]) == Counter(y)
    # The rows themselves come first, then copies of rare ones, each about as often as others.
    pd.testing.assert_frame_equal(made[: len(table)], table.reset_index(drop=True))
    assert set(made["y"][len(table) :]) == {"yes"}
    times = Counter(made["text"][made["y"] == "yes"]).values()
    assert max(times) - min(times) == 1
    again = steps.arrow(OVER, arrow(table), target_column="y", ratio=ratio).to_pandas()
    pd.testing.assert_frame_equal(made, again)
    other = steps.arrow(OVER, arrow(table), target_column="y", ratio=ratio, seed=7).to_pandas()
    assert list(other["text"]) != list(made["text"])


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.3])
def test_undersampling(steps: Steps, ratio: float) -> None:
    table = _table()
    made = steps.arrow(UNDER, arrow(table), target_column="y", ratio=ratio).to_pandas()
    _, y = RandomUnderSampler(sampling_strategy=ratio).fit_resample(table[["text"]], table["y"])
    assert Counter(made["y"]) == Counter(y)
    kept = table[table["text"].isin(set(made["text"]))]
    pd.testing.assert_frame_equal(made, kept.reset_index(drop=True))
    other = steps.arrow(UNDER, arrow(table), target_column="y", ratio=ratio, seed=7).to_pandas()
    assert set(other["text"]) != set(made["text"])


@pytest.mark.parametrize(("key", "wanted"), [(OVER, [3, 3, 3]), (UNDER, [1, 1, 1])])
def test_more_classes_and_rows_without_one(steps: Steps, key: str, wanted: list[int]) -> None:
    y = ["a", "b", None, "a", "c", "a", None, "b"]
    made = steps(key, {"y": y, "row": list(range(8))}, target_column="y")
    counts = Counter(made["y"])
    assert [counts["a"], counts["b"], counts["c"]] == wanted
    assert [row for row, each in zip(made["row"], made["y"], strict=True) if each is None] == [2, 6]


def test_a_table_that_is_balanced_or_empty_stays(steps: Steps) -> None:
    even = {"y": [1, 0, 1, 0], "x": [1.0, 2.0, 3.0, 4.0]}
    none = {"y": pa.array([], pa.string()), "x": pa.array([], pa.float64())}
    for key in (OVER, UNDER, KEY):
        assert steps(key, even, target_column="y") == even
        assert steps(key, none, target_column="y") == {"y": [], "x": []}


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("ratio", [1.0, 0.6])
def test_smote_is_imbalanced_learns(steps: Steps, normalize: bool, ratio: float) -> None:
    table = _table()
    numbers = ["a.b", 'c"', "whole"]
    scale = table[numbers].std().to_numpy() if normalize else np.ones(3)
    model = SMOTE(sampling_strategy=ratio, k_neighbors=4, random_state=42)
    x, y = model.fit_resample(table[numbers].to_numpy(dtype=float) / scale, table["y"])
    made = steps.arrow(
        KEY,
        arrow(table),
        target_column="y",
        ratio=ratio,
        smote_params={"num_neighbors": 4, "normalize": normalize},
    )
    found = made.to_pandas()
    assert Counter(found["y"]) == Counter(y)
    pd.testing.assert_frame_equal(found[: len(table)], table.reset_index(drop=True))
    wanted = x[len(table) :] * scale
    new = found[len(table) :]
    near(new[["a.b", 'c"']], wanted[:, :2])
    assert made.schema.field("whole").type == pa.int64()
    assert new["whole"].tolist() == np.rint(wanted[:, 2]).tolist()


def test_what_is_no_number_is_copied_from_the_row_that_a_new_one_starts_from(
    steps: Steps,
) -> None:
    table = _table()
    # All far apart but on a line, so that a new row tells which rows it lies between.
    rare = table["y"] == "yes"
    table.loc[rare, ["a.b", 'c"']] = 0.0
    table.loc[rare, "whole"] = np.arange(rare.sum()) * 1000
    how = {"target_column": "y", "smote_params": {"num_neighbors": 1}}
    new = steps.arrow(KEY, arrow(table), **how).to_pandas()[len(table) :]
    places = table[rare].set_index("text")["whole"]
    assert len(new) == 31
    for text, whole in zip(new["text"], new["whole"], strict=True):
        assert abs(places[text] - whole) <= 1000


def test_rows_that_lack_a_number_stay_and_are_no_parents(steps: Steps) -> None:
    x = [1.0, 2.0, None, float("nan"), 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    y = ["r", "r", "r", "r", "c", "c", "c", "c", "c", "c"]
    made = steps(KEY, {"x": x, "y": y}, target_column="y")
    assert Counter(made["y"]) == {"r": 6, "c": 6}
    assert all(1.0 <= each <= 2.0 for each in made["x"][10:])


def test_balancing_is_for_training_alone() -> None:
    assert all(catalogue[key].traits.training_only for key in (OVER, UNDER, KEY))


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (OVER, {"ratio": 0}, ParameterError, "ratio: 0"),
        (UNDER, {"ratio": 1.5}, ParameterError, "ratio: 1.5"),
        (OVER, {"target_column": "z"}, ColumnError, "no column 'z'"),
        (KEY, {"smote_params": {"num_neighbors": 0}}, ParameterError, "smote_params.num_neighbors"),
        (KEY, {}, DataError, "'r' has 1 rows without a missing number; SMOTE takes two rows"),
        (KEY, {"target_column": "x"}, ColumnError, "no numeric column beside it"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    table = {"x": [1.0, 2.0, 3.0], "y": ["r", "c", "c"]}
    with pytest.raises(error, match=words):
        steps(key, table, **{"target_column": "y", **parameters})


#: Names that steps give to columns of their own while they work.
INTERNAL = ("studio_row", "Studio_Rank", "studio_class", "studio_copy", "studio_wanted")
INTERNAL += ("studio_most", "studio_tokens", "studio_indices", "studio_values", "studio_before")


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        (OVER, {"target_column": "y"}),
        (UNDER, {"target_column": "y"}),
        ("featurize_text/vectorize", {"input_column": "y", "apply_idf": True}),
        (
            "time_series/lag_features",
            {"sequence_column": "n", "timestamp_column": "at", "lag": 1, "drop_rows": True},
        ),
    ],
)
def test_columns_may_be_called_as_those_of_the_steps(
    steps: Steps, key: str, parameters: dict[str, Any]
) -> None:
    rows = {
        "y": ["a", "b", "a", "a"],
        "n": [1.0, 2.0, 3.0, 4.0],
        "at": [f"2024-01-0{day}" for day in range(1, 5)],
    }
    plain = steps(key, rows, **parameters)
    with_names = {**rows, **{name: [5, 6, 7, 8] for name in INTERNAL}}
    made = steps(key, with_names, **parameters)
    place = dict(zip(rows["n"], [5, 6, 7, 8], strict=True))
    assert {name: made[name] for name in plain} == plain
    for name in INTERNAL:
        assert made[name] == [place[n] for n in made["n"]], name
