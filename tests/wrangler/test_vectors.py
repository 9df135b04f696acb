"""Vectors, and principal components against scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from steps import Steps
from tables import near

from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError

ASSEMBLE, FLATTEN = "manage_vectors/assemble", "manage_vectors/flatten"
REDUCE = "dimensionality_reduction/pca"
TABLE = {"a.b": [1, None], 'c"': [0.5, 2.5], "v": [[7.0, 8.0], None], "s": ["x", "y"]}


def test_numbers_and_vectors_make_one(steps: Steps) -> None:
    made = steps(ASSEMBLE, TABLE, input_column=["a.b", 'c"'], output_column="o")
    assert made == {**TABLE, "o": [[1.0, 0.5], [None, 2.5]]}
    mixed = steps(ASSEMBLE, TABLE, input_column=['c"', "v", "a.b"], output_column="v")
    assert mixed["v"] == [[0.5, 7.0, 8.0, 1.0], None]


@pytest.mark.parametrize(
    ("parameters", "width"),
    [
        ({}, 2),
        ({"method": "Longest vector"}, 3),
        ({"method": "Fixed", "number_of_outputs": 1}, 1),
        ({"method": "Fixed", "number_of_outputs": 4}, 4),
    ],
)
def test_a_vector_comes_apart(steps: Steps, parameters: dict[str, Any], width: int) -> None:
    v = [None, [1.0, 2.0], [3.0, None, 5.0], []]
    made = steps(FLATTEN, {"v": v}, input_column="v", output_prefix="x", **parameters)
    assert list(made) == ["v", *(f"x_{i}" for i in range(width))]
    for i in range(width):
        assert made[f"x_{i}"] == [each[i] if each and i < len(each) else None for each in v]


def _table(rows: int, columns: int) -> pd.DataFrame:
    chance = np.random.default_rng(5)
    mixed = chance.normal(size=(rows, columns)) @ chance.normal(size=(columns, columns))
    return pd.DataFrame(mixed + 10, columns=[f"x.{i}" for i in range(columns)])


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("style", ["Columns", "Vector"])
def test_components_are_scikit_learns(steps: Steps, scale: bool, center: bool, style: str) -> None:
    import pyarrow as pa

    table = _table(60, 4)
    deviations = table.std(ddof=1) if scale else 1.0
    scaled = (table - table.mean()) / deviations
    reference = PCA(3).fit(scaled)
    # The entry that is largest by absolute value is positive.
    found = reference.components_
    signs = np.sign(found[range(3), np.abs(found).argmax(axis=1)])
    components = found * signs[:, None]
    wanted = (scaled if center else table / deviations).to_numpy() @ components.T
    made = steps(
        REDUCE,
        pa.Table.from_pandas(table),
        input_column=list(table),
        number_of_components=3,
        center=center,
        scale=scale,
        output_style=style,
        output_column="p",
        keep_input_columns=False,
    )
    names = ["p"] if style == "Vector" else ["p_0", "p_1", "p_2"]
    assert list(made) == names
    rows = made["p"] if style == "Vector" else np.column_stack([made[each] for each in names])
    near(rows, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("percent", [40.0, 80.0, 95.0, 100.0])
def test_as_many_components_as_the_variance_needs(steps: Steps, percent: float) -> None:
    import pyarrow as pa

    table = _table(80, 6)
    trained = steps.fit(
        REDUCE, pa.Table.from_pandas(table), input_column=list(table), variance_threshold=percent
    )
    assert trained
    reference = PCA().fit(StandardScaler().fit_transform(table))
    needed = np.cumsum(reference.explained_variance_ratio_) >= percent / 100 - 1e-12
    assert len(trained["components"]) == needed.argmax() + 1


def test_rows_without_a_value_teach_nothing_and_have_no_components(steps: Steps) -> None:
    table = {"a": [1.0, 2.0, 4.0, None], "b": [2.0, 1.0, 0.5, 3.0], "c": [5.0] * 4}
    whole = {name: values[:3] for name, values in table.items()}
    how = {"input_column": ["a", "b", "c"], "number_of_components": 2}
    assert steps.fit(REDUCE, table, **how) == steps.fit(REDUCE, whole, **how)
    made = steps(REDUCE, table, **how, output_style="Vector")
    assert made["pca"][3] is None
    assert len(made["pca"][0]) == 2


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        (ASSEMBLE, {"input_column": ["s"], "output_column": "o"}, ColumnError, "'s' is string"),
        (ASSEMBLE, {"input_column": ['c"']}, ParameterError, "output_column"),
        (FLATTEN, {"input_column": "s"}, ColumnError, "'s' is string, not a vector"),
        (FLATTEN, {"input_column": "v", "method": "Fixed"}, ParameterError, "number_of_outputs"),
        (REDUCE, {"input_column": ["a.b", 'c"']}, DataError, "no two rows"),
        (
            REDUCE,
            {"input_column": ['c"'], "number_of_components": 2},
            ParameterError,
            "number_of_components: 2 is more than the columns, 1",
        ),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(key, TABLE, **parameters)
