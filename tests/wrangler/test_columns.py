"""Manage columns."""

from __future__ import annotations

from typing import Any

import pytest
from steps import Steps

from studio_ext.wrangler.errors import ColumnError, ParameterError

TABLE = {"a": [1, 2], "b.c": ["x", None], 'say "d"': [0.5, 1.5], "A": [True, False]}


def test_dropping_one_and_several(steps: Steps) -> None:
    one = steps("manage_columns/drop_column", TABLE, column_to_drop="b.c")
    assert one == {key: value for key, value in TABLE.items() if key != "b.c"}
    several = steps("manage_columns/drop_column", TABLE, column_to_drop=["a", 'say "d"'])
    assert list(several) == ["b.c", "A"]


def test_a_copy_is_the_same_under_a_new_name(steps: Steps) -> None:
    made = steps("manage_columns/duplicate_column", TABLE, input_column="b.c", new_name="copy")
    assert made == {**TABLE, "copy": ["x", None]}


def test_a_renamed_column_stays_in_its_place(steps: Steps) -> None:
    made = steps("manage_columns/rename_column", TABLE, input_column="b.c", new_name="é'")
    assert list(made) == ["a", "é'", 'say "d"', "A"]
    assert made["é'"] == TABLE["b.c"]


@pytest.mark.parametrize(
    ("move", "more", "order"),
    [
        ("start", {}, ["A", "a", "b.c", 'say "d"']),
        ("end", {}, ["a", "b.c", 'say "d"', "A"]),
        ("before", {"target_column": "b.c"}, ["a", "A", "b.c", 'say "d"']),
        ("after", {"target_column": "b.c"}, ["a", "b.c", "A", 'say "d"']),
        ("index", {"index": 2}, ["a", "b.c", "A", 'say "d"']),
    ],
)
def test_moving(steps: Steps, move: str, more: dict[str, Any], order: list[str]) -> None:
    way = f"move_{move}" if move in ("before", "after") else f"move_to_{move}"
    made = steps(f"manage_columns/move_column/{way}", TABLE, column_to_move="A", **more)
    assert list(made) == order
    assert made == TABLE


def test_names_are_told_apart_by_case(steps: Steps) -> None:
    made = steps("manage_columns/drop_column", TABLE, column_to_drop="a")
    assert made["A"] == [True, False]
    assert "a" not in made


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        ("drop_column", {"column_to_drop": "B.c"}, ColumnError, "no column 'B.c'"),
        ("drop_column", {"column_to_drop": []}, ParameterError, "column_to_drop"),
        ("rename_column", {"input_column": "a", "new_name": "A"}, ColumnError, "already"),
        ("rename_column", {"input_column": "a", "new_name": ""}, ParameterError, "new_name"),
        (
            "move_column/move_to_index",
            {"column_to_move": "a", "index": 4},
            ParameterError,
            "past the last place, 3",
        ),
        (
            "move_column/move_before",
            {"column_to_move": "a", "target_column": "a"},
            ParameterError,
            "is a column to move",
        ),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(f"manage_columns/{key}", TABLE, **parameters)
