"""Validate string, against Python's own str methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ParameterError

TEXTS = [
    "", "a", "ABC", "Abc Def", "Abc DEf", "abc1", "123", "1.5", " \t\n", "é", "ÉCOLE", "½", "²",
    "٣", "三", "Ⅷ", "ǅ", "ǅ ǆ", "A1b", "A1B", "1A", "don't", "Don'T", "ᵃ", "a b", "\x1c", "👩",
]  # fmt: skip
KINDS: list[tuple[str, Callable[[str], bool]]] = [
    ("is_alphanumeric", str.isalnum),
    ("is_alpha_letters", str.isalpha),
    ("is_digit", str.isdigit),
    ("is_space", str.isspace),
    ("is_title", str.istitle),
    ("is_lowercase", str.islower),
    ("is_uppercase", str.isupper),
    ("is_numeric", str.isnumeric),
    ("is_decimal", str.isdecimal),
]
CASES: list[tuple[str, dict[str, Any], Callable[[str], bool]]] = [
    *((name, {}, reference) for name, reference in KINDS),
    ("string_length", {"length": 3}, lambda s: len(s) == 3),
    ("string_length", {"length": "0"}, lambda s: not s),
    ("starts_with", {"prefix": "Ab"}, lambda s: s.startswith("Ab")),
    ("ends_with", {"suffix": "f"}, lambda s: s.endswith("f")),
]


@pytest.mark.parametrize(("operator", "parameters", "reference"), CASES)
def test_it_is_pythons(
    steps: Steps, operator: str, parameters: dict[str, Any], reference: Callable[[str], bool]
) -> None:
    table = {"x": [*TEXTS, None]}
    key = f"validate_string/{operator}"
    made = steps(key, table, input_column="x", output_column="ok", **parameters)
    assert made == {**table, "ok": [*(int(reference(each)) for each in TEXTS), None]}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text("aAǅéÉ1²½ᵃⅧ '三", max_size=5), min_size=1, max_size=50))
def test_any_text(duckdb: Engine, texts: list[str]) -> None:
    for name, reference in KINDS:
        made = Steps(duckdb)(f"validate_string/{name}", {"x": texts}, input_column="x")
        (result,) = (each for column, each in made.items() if column != "x")
        assert result == [int(reference(each)) for each in texts], name


def test_the_text_stays(steps: Steps) -> None:
    made = steps("validate_string/is_digit", {"x": ["1"]}, input_column="x")
    assert made == {"x": ["1"], "x_is_digit": [1]}


@pytest.mark.parametrize(
    ("operator", "parameters", "words"),
    [
        ("string_length", {}, "length: None must be given"),
        ("string_length", {"length": -1}, "length: -1"),
        ("starts_with", {"prefix": ""}, "prefix: ''"),
        ("ends_with", {"suffix": None}, "suffix: None"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, operator: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        steps(f"validate_string/{operator}", {"x": ["a"]}, input_column="x", **parameters)
