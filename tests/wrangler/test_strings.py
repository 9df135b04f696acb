"""Format string, against Python's own str methods, for all of Unicode."""

from __future__ import annotations

import datetime as dt
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ColumnError, ParameterError
from studio_ext.wrangler.functions import characters

TEXTS = [
    "", " ", "a", "Abc dEF", "ABC", "abc", "-42", "+7.5", "--5", "0", "straße", "ŉ ǆ ǅ Ǆ", "ﬁne",
    "ÉCOLE élève", "İstanbul", "ΑΣ ΟΔΥΣΣΕΥΣ'Α", "Σ", "ΑΣ.", "一二三", "½²٣", "👩‍👩 ok",
    "e\u0301", "\u0345a", "tab\tline\nend\r\x0b\x1c\x85\xa0\u3000", "xxyabcyx",
    r"a.b\c[d]^-]", "'q\"", "Ⅷ ⓐ", "x" * 30,
]  # fmt: skip
KEY = "format_string"

Case = tuple[str, dict[str, Any], Callable[[str], str]]
CASES: list[Case] = [
    ("left_pad", {"width": 6, "fill_character": "é"}, lambda s: s.rjust(6, "é")[:6]),
    ("left_pad", {"width": 0}, lambda s: ""),
    ("right_pad", {"width": 5, "fill_character": "."}, lambda s: s.ljust(5, ".")[:5]),
    ("right_pad", {"width": 9}, lambda s: s.ljust(9)[:9]),
    *(
        ("center_pad_on_either_side", {"width": n, "fill_character": "*"}, centered)
        for n, centered in (
            (7, lambda s: s.center(7, "*")[:7]),
            (8, lambda s: s.center(8, "*")[:8]),
        )
    ),
    ("prepend_zeros", {"width": 5}, lambda s: s.zfill(5)[:5]),
    ("prepend_zeros", {"width": 1}, lambda s: s.zfill(1)[:1]),
    ("strip_left_and_right", {}, str.strip),
    ("strip_left_and_right", {"characters_to_remove": "xy"}, lambda s: s.strip("xy")),
    ("strip_left_and_right", {"characters_to_remove": "]^-a\\"}, lambda s: s.strip("]^-a\\")),
    ("strip_characters_from_left", {"characters_to_remove": "yx"}, lambda s: s.lstrip("yx")),
    ("strip_characters_from_left", {}, str.lstrip),
    ("strip_characters_from_right", {"characters_to_remove": "yx"}, lambda s: s.rstrip("yx")),
    ("strip_characters_from_right", {}, str.rstrip),
    ("lower_case", {}, str.lower),
    ("upper_case", {}, str.upper),
    ("capitalize", {}, str.capitalize),
    ("add_prefix", {"prefix": "<'"}, lambda s: "<'" + s),
    ("add_suffix", {"suffix": ">"}, lambda s: f"{s}>"),
    ("remove_symbols", {"symbols": " \t"}, lambda s: s.replace(" ", "").replace("\t", "")),
    (
        "remove_symbols",
        {},
        lambda s: "".join(c for c in s if c not in "!@#$%^&*()_+=-/\\`~{}|<>?"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "parameters", "reference"), CASES)
def test_it_is_pythons(
    steps: Steps, operator: str, parameters: dict[str, Any], reference: Callable[[str], str]
) -> None:
    table = {"a.b": [*TEXTS, None]}
    made = steps(f"{KEY}/{operator}", table, input_column="a.b", output_column="o", **parameters)
    assert made["a.b"] == table["a.b"]
    assert made["o"] == [*(reference(each) for each in TEXTS), None]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=40))
def test_any_text(duckdb: Engine, texts: list[str]) -> None:
    steps = Steps(duckdb)
    for operator, parameters, reference in CASES:
        if operator not in ("lower_case", "capitalize"):
            made = steps(f"{KEY}/{operator}", {"x": texts or [""]}, input_column="x", **parameters)
            assert made["x"] == [reference(each) for each in texts or [""]], operator


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("aA\u03a3\u03c3'. -\u0301\u0130i1\u02b0\u00df", max_size=6), max_size=60))
def test_the_sigma_at_the_end_of_a_word(duckdb: Engine, texts: list[str]) -> None:
    f = duckdb.functions
    for text in texts:
        assert duckdb.evaluate(f.lower(f.constant(text))) == text.lower(), repr(text)


def test_other_types_are_read_as_text(steps: Steps) -> None:
    table = {"n": [7, None], "d": [dt.date(2021, 3, 31), None], "b": [True, False]}
    key = f"{KEY}/prepend_zeros"
    assert steps(key, table, input_column="n", width=3)["n"] == ["007", None]
    made = steps(f"{KEY}/add_suffix", table, input_column=["d", "b"], suffix="!")
    assert (made["d"], made["b"]) == (["2021-03-31!", None], ["true!", "false!"])


def test_title_case(steps: Steps) -> None:
    texts = ["", "ab cd", "it's ÉTÉ-là 3rd", "x\ny", "日本abc Ǆx", "ΟΔΥΣΣΕΥΣ ΑΣ", None]
    made = steps(f"{KEY}/title_case", {"x": texts}, input_column="x")["x"]
    assert made == [each if each is None else each.title() for each in texts]


def test_swapping_case(steps: Steps) -> None:
    made = steps(f"{KEY}/swap_case", {"x": [*TEXTS, None]}, input_column="x")["x"]
    assert made == [*(each.swapcase().replace("ς", "σ") for each in TEXTS), None]
    assert steps(f"{KEY}/swap_case", {"x": ["ΑΣ"]}, input_column="x")["x"] == ["ασ"]


def _known() -> list[str]:
    """Every character that this Python knows and Unicode 14 has."""
    last = range(sys.maxunicode + 1)
    return [c for c in map(chr, last) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="listed by Unicode 14")
def test_every_character(steps: Steps) -> None:
    """Case and class of each character that there is."""
    known = _known()
    relation = steps.relation({"x": known})
    f, x = relation.functions, relation["x"]
    kinds: dict[str, tuple[Any, Callable[[str], Any]]] = {
        "upper": (f.upper(x), str.upper),
        "lower": (f.lower(x), str.lower),
        "capital": (f.capitalize(x), str.capitalize),
        "swapped": (f.swapcase(x), str.swapcase),
        "letter": (f.only(x, characters.LETTER), str.isalpha),
        "alphanumeric": (f.only(x, characters.ALPHANUMERIC), str.isalnum),
        "digit": (f.only(x, characters.DIGIT), str.isdigit),
        "decimal": (f.only(x, characters.DECIMAL), str.isdecimal),
        "number": (f.only(x, characters.NUMBER), str.isnumeric),
        "space": (f.only(x, characters.SPACE), str.isspace),
        "is upper": (f.is_upper(x), str.isupper),
        "is lower": (f.is_lower(x), str.islower),
        "is title": (f.is_title(x), str.istitle),
    }
    made = relation.with_columns({name: each for name, (each, _) in kinds.items()}).to_arrow()
    for name, (_, reference) in kinds.items():
        found = made[name].to_pylist()
        wrong = [c for c, got in zip(known, found, strict=True) if got != reference(c)]
        assert not wrong, (name, len(wrong), wrong[:5])
    assert [c for c in known if c.isspace()] == sorted(characters.SPACES)


def test_several_columns_and_few_rows(steps: Steps) -> None:
    key = f"{KEY}/upper_case"
    made = steps(key, {"a": ["x"], "b": ["y"]}, input_column=["a", "b"], output_column="up")
    assert made == {"a": ["x"], "b": ["y"], "up_a": ["X"], "up_b": ["Y"]}
    nothing = steps.relation({"a": ["x"]}).filter(steps.engine.functions.constant(False)).to_arrow()
    assert steps(key, nothing, input_column="a") == {"a": []}
    long = "é" * 1_000_000
    assert steps(key, {"a": [long]}, input_column="a")["a"] == ["É" * 1_000_000]


@pytest.mark.parametrize(
    ("operator", "parameters", "error", "words"),
    [
        ("left_pad", {"width": -1}, ParameterError, "width: -1"),
        ("left_pad", {"width": 3, "fill_character": "ab"}, ParameterError, "fill_character: 'ab'"),
        ("center_pad_on_either_side", {}, ParameterError, "width: None must be given"),
        ("add_prefix", {}, ParameterError, "prefix: None must be given"),
        ("lower_case", {"input_column": "l"}, ColumnError, "'l' is array, not string or long"),
        ("lower_case", {"input_column": "X"}, ColumnError, "no column 'X'"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, operator: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(f"{KEY}/{operator}", {"x": ["a"], "l": [[1]]}, **{"input_column": "x", **parameters})
