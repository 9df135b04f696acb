"""Joins and concatenation, against pandas'; two real flows' joins on the columns that they name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ColumnError, ParameterError

LEFT = {
    "id": [1, 2, 2, None, 4],
    "x": ["a", "b", "c", "d", None],
    'l"1.': [1.5, 2.5, 3.5, 4.5, 5.5],
}
RIGHT = {
    "id": [2, 4, 4, None, 9],
    "x": ["q", "r", "s", "t", "u"],
    "né": [True, False, None, True, True],
}
HOW = {"inner": "inner", "leftouter": "left", "rightouter": "right", "fullouter": "outer"}


def _rows(table: dict[str, Any]) -> Counter[tuple[Any, ...]]:
    return Counter(zip(*table.values(), strict=True))


def _merged(left: dict[str, Any], right: dict[str, Any], how: str) -> Counter[tuple[Any, ...]]:
    """pandas' merge, in which missing keys are equal to nothing (pandas' own are equal)."""
    frames = []
    for table, end in ((left, "_0"), (right, "_1")):
        frame = pd.DataFrame(table).astype(object)
        frame[f"key{end}"] = [
            f"{value:g}" if pd.notna(value) else f"missing{end}{row}"
            for row, value in enumerate(frame["id"])
        ]
        frames.append(frame)
    made = frames[0].merge(
        frames[1], how=how, left_on="key_0", right_on="key_1", suffixes=("_0", "_1")
    )
    made = made.drop(columns=["key_0", "key_1"]).astype(object)
    made = made.where(made.notna(), None)
    return Counter(made.itertuples(index=False, name=None))


@pytest.mark.parametrize("join", HOW)
def test_a_join_is_pandas_merge(steps: Steps, join: str) -> None:
    parameters = {"left_column": "id", "right_column": "id", "join_type": join}
    made = steps("join_tables", LEFT, RIGHT, **parameters)
    assert list(made) == ["id_0", "x_0", 'l"1.', "id_1", "x_1", "né"]
    assert _rows(made) == _merged(LEFT, RIGHT, HOW[join])


def test_semi_and_anti_joins_give_the_left_table_alone(steps: Steps) -> None:
    keys = {"left_column": "id", "right_column": "id"}
    semi = steps("join_tables", LEFT, RIGHT, join_type="leftsemi", **keys)
    anti = steps("join_tables", LEFT, RIGHT, join_type="leftanti", **keys)
    assert list(semi) == list(anti) == list(LEFT)
    # Each once, though 4 is there twice on the right; a missing key finds nothing.
    assert sorted(semi['l"1.']) == [2.5, 3.5, 5.5]
    assert sorted(anti['l"1.']) == [1.5, 4.5]


def test_the_cross_join_pairs_every_row_with_every_row(steps: Steps) -> None:
    made = steps("join_tables", LEFT, RIGHT, join_type="cross")
    pairs = [(a, b) for a in LEFT['l"1.'] for b in RIGHT["x"]]
    assert Counter(zip(made['l"1.'], made["x_1"], strict=True)) == Counter(pairs)


@pytest.mark.parametrize("join", [*HOW, "leftsemi", "leftanti"])
def test_several_keys_have_to_be_equal_together(steps: Steps, join: str) -> None:
    left = {"id": [1, 1, 2, None], "r": ["n", "s", "n", "n"], "v": [1, 2, 3, 4]}
    right = {"item": [1, 2, 2, None], "r": ["n", "n", "s", "n"], "w": [10, 20, 30, 40]}
    keys = [{"left": "id", "right": "item"}, {"left": "r", "right": "r"}]
    made = steps("join_multi_keys", left, right, join_keys=keys, join_type=join)
    matched = {(1, 10), (3, 20)}
    alone = {"left": {(2, None), (4, None)}, "right": {(None, 30), (None, 40)}}
    wanted = {
        "inner": matched,
        "leftouter": matched | alone["left"],
        "rightouter": matched | alone["right"],
        "fullouter": matched | alone["left"] | alone["right"],
    }
    if join in wanted:
        assert set(zip(made["v"], made["w"], strict=True)) == wanted[join]
    else:
        assert sorted(made["v"]) == ([1, 3] if join == "leftsemi" else [2, 4])


def test_the_join_of_the_diabetes_flow(steps: Steps) -> None:
    visits = {
        "encounter_id": [7, 8, 9],
        "patient_nbr": [70, 80, 90],
        "readmitted": ["NO", ">30", "<30"],
    }
    people = {"encounter_id": [9, 7], "patient_nbr": [90, 70], "race": ["?", "Asian"]}
    keys = {"left_column": "encounter_id", "right_column": "encounter_id"}
    made = steps("join_tables", visits, people, join_type="inner", **keys)
    # The flow's next steps drop encounter_id_1 and patient_nbr_1.
    names = ["encounter_id_0", "patient_nbr_0", "readmitted"]
    assert list(made) == [*names, "encounter_id_1", "patient_nbr_1", "race"]
    assert _rows(made) == Counter([(7, 70, "NO", 7, 70, "Asian"), (9, 90, "<30", 9, 90, "?")])


def test_the_join_of_the_music_flow(steps: Steps) -> None:
    tracks = {"trackId": ["t1", "t2"], "energy": [0.5, 0.75], "EventTime": [1.0, 1.0]}
    ratings = {
        "ts": [1, 2, 3],
        "trackId": ["t2", "t2", "t9"],
        "Rating": [5.0, 3.0, 1.0],
        "EventTime": [2.0] * 3,
    }
    keys = {"left_column": "trackId", "right_column": "trackId"}
    made = steps("join_tables", tracks, ratings, join_type="inner", **keys)
    assert list(made) == [
        "trackId_0",
        "energy",
        "EventTime_0",
        "ts",
        "trackId_1",
        "Rating",
        "EventTime_1",
    ]
    assert sorted(made["Rating"]) == [3.0, 5.0]


def test_a_name_that_a_collision_would_take_stays_as_it_is(steps: Steps) -> None:
    left, right = {"k": [1], "k_0": ["own"]}, {"k": [1], "K": ["other"]}
    made = steps("join_tables", left, right, left_column="k", right_column="k", join_type="inner")
    assert made == {"k_0_0": [1], "k_0": ["own"], "k_1": [1], "K": ["other"]}


def test_names_of_join_types_are_read_in_any_spelling(steps: Steps) -> None:
    keys = {"left_column": "id", "right_column": "id"}
    for name in ("Left outer", "left_outer", "LEFTOUTER", "left"):
        assert len(steps("join_tables", LEFT, RIGHT, join_type=name, **keys)["né"]) == 6


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"left_column": "id", "right_column": "ID"}, ColumnError, "no column 'ID'"),
        ({"left_column": "id", "right_column": "x"}, ColumnError, "'id' is long and 'x' is string"),
        ({"left_column": "id"}, ParameterError, "right_column: '' must name a column"),
        ({"join_type": "sideways"}, ParameterError, "it is none of inner, leftouter"),
    ],
)
def test_what_cannot_be_joined_is_said(
    steps: Steps, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps("join_tables", LEFT, RIGHT, **{"join_type": "inner", **parameters})


def test_a_join_needs_two_tables(steps: Steps) -> None:
    with pytest.raises(ParameterError, match="a join takes two"):
        steps("join_tables", LEFT, left_column="id", right_column="id", join_type="inner")


def test_empty_tables_join(steps: Steps) -> None:
    none = pa.table({"id": pa.array([], pa.int64()), "z": pa.array([], pa.string())})
    keys = {"left_column": "id", "right_column": "id"}
    assert steps("join_tables", LEFT, none, join_type="inner", **keys)["z"] == []
    assert steps("join_tables", LEFT, none, join_type="leftouter", **keys)["z"] == [None] * 5
    assert len(steps("join_tables", LEFT, none, join_type="leftanti", **keys)["x"]) == 5


_KEYS = st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=6)


@settings(max_examples=25, deadline=None)
@given(_KEYS, _KEYS, st.sampled_from(sorted(HOW)))
def test_any_keys_join_as_in_pandas(
    duckdb: Engine, left: list[int | None], right: list[int | None], join: str
) -> None:
    tables = [
        pa.table({"id": pa.array(keys, pa.int64()), name: pa.array(range(len(keys)), pa.int64())})
        for keys, name in ((left, "a"), (right, "b"))
    ]
    parameters = {"left_column": "id", "right_column": "id", "join_type": join}
    made = Steps(duckdb)("join_tables", *tables, **parameters)
    wanted = _merged(tables[0].to_pydict(), tables[1].to_pydict(), HOW[join])
    assert _rows(made) == wanted


# -- concatenation ----------------------------------------------------------------------------


def test_tables_come_under_one_another_by_name(steps: Steps) -> None:
    a, b = {"x": [1, 2], "y": ["p", None]}, {"y": ["q"], "z.": [0.5], "x": [3]}
    made = steps("concatenate_datasets", a, b)
    wanted = pd.concat([pd.DataFrame(a), pd.DataFrame(b)]).astype(object)
    assert made == wanted.where(wanted.notna(), None).to_dict("list")


def test_types_that_differ_become_one_that_holds_both(steps: Steps) -> None:
    made = steps("concatenate_datasets", {"x": [1], "y": [True]}, {"x": [0.5], "y": ["no"]})
    assert made == {"x": [1.0, 0.5], "y": ["true", "no"]}


def test_duplicates_go_and_sources_are_named(steps: Steps) -> None:
    a, b, c = {"x": [2, 1, 2]}, {"x": [1, 3]}, {"x": [None, 3, None]}
    assert steps("concatenate_datasets", a, b, c, apply_dedupe=True)["x"] == [2, 1, 3, None]
    made = steps("concatenate_datasets", a, b, indicator_col_name="source")
    assert made == {"x": [2, 1, 2, 1, 3], "source": ["df_0"] * 3 + ["df_1"] * 2}
    named = {"indicator_col_name": "of", "df1_indicator": "old", "df2_indicator": "new"}
    made = steps("concatenate_datasets", a, b, apply_dedupe=True, **named)
    assert made == {"x": [2, 1, 3], "of": ["old", "old", "new"]}


def test_tables_come_side_by_side(steps: Steps) -> None:
    a, b = {"x": [2, 1], "y": ["p", "q"]}, {"x": ["c", "b", "a"], "studio_row": [7, 8, 9]}
    made = steps("concatenate_datasets", a, b, concatenate_type="column_wise")
    assert list(made.items()) == [
        ("x_0", [2, 1, None]),
        ("y", ["p", "q", None]),
        ("x_1", ["c", "b", "a"]),
        ("studio_row", [7, 8, 9]),
    ]


def test_names_of_concatenated_columns_are_told_apart_by_case(steps: Steps) -> None:
    made = steps("concatenate_datasets", {"x": [1]}, {"X": [2]})
    assert made == {"x": [1, None], "X": [None, 2]}


@pytest.mark.parametrize(
    ("tables", "parameters", "words"),
    [
        (1, {}, "concatenating takes two or more"),
        (2, {"indicator_col_name": "x"}, "is a column already"),
        (2, {"indicators": ["only"]}, "is not one name for each of 2 tables"),
    ],
)
def test_what_cannot_be_concatenated_is_said(
    steps: Steps, tables: int, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        steps("concatenate_datasets", *[{"x": [1]}] * tables, **parameters)


@pytest.mark.parametrize("join", HOW)
def test_keys_of_one_name_are_one_column(steps: Steps, join: str) -> None:
    """What follows such a join in real flows asks for ``item_id``, not for ``item_id_0``."""
    left = {"item": ["a", "b", "b"], "place": ["x", "x", "y"], "v": [1, 2, 3], "n": [0, 0, 0]}
    right = {"place": ["x", "y", "z"], "item": ["a", "b", "c"], "w": [10, 20, 30], "n": [1, 1, 1]}
    keys = [{"left": name, "right": name} for name in ("item", "place")]
    made = steps("join_multi_keys", left, right, join_keys=keys, join_type=join)
    assert list(made) == ["item", "place", "v", "n_0", "w", "n_1"]
    how = HOW[join]
    merged = pd.DataFrame(left).merge(pd.DataFrame(right), on=["item", "place"], how=how)
    columns = ("item", "place", "v", "w")
    rows = merged[list(columns)].astype(object).where(merged[list(columns)].notna(), None)
    wanted = {tuple(each) for each in rows.itertuples(index=False)}
    assert set(zip(*(made[name] for name in columns), strict=True)) == wanted
