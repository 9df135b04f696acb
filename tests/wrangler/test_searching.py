"""Search and edit, against Python's str methods and ``re``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ParameterError
from studio_ext.wrangler.functions.patterns import plain

TEXTS = [
    "", "aaa", "abcabc", "a.b.c", "[x] and (y) (z)", "(unclosed", ")(", "été à l'été", "👩‍👩 aa",
    "line\n(two\nlines)", "a  b\tc ", " x ", "12 apples, 3.5 kg", r"back\slash", "N/A", "ABC abc",
    "a\x00a", "e\u0301e",
]  # fmt: skip
KEY = "search_and_edit"


def _first(pattern: str, group: int = 0) -> Callable[[str], str | None]:
    def found(text: str) -> str | None:
        match = re.search(pattern, text)
        return match.group(group) if match else None

    return found


def _between(text: str) -> str | None:
    _before, left, rest = text.partition("(")
    inside, right, _ = rest.rpartition(")")
    return inside if left and right else None


def _put_between(text: str) -> str:
    right = text.rfind(")")
    left = text.rfind("(", 0, max(right, 0))
    return text[: left + 1] + r"\1$1" + text[right:] if 0 <= left < right else text


CASES: list[tuple[str, dict[str, Any], Callable[[str], Any]]] = [
    *(
        case
        for part in ("a", "aa", ".", "é", "\u0301", "👩", "\\")
        for start, end in ((0, None), (1, None), (-2, None), (0, -1), (2, 4), (3, 1), (90, None))
        for case in (
            (
                "find_substring",
                {"needle": part, "start_index": start, "end_index": end},
                lambda s, part=part, start=start, end=end: s.find(part, start, end),
            ),
            (
                "find_substring_from_right",
                {"needle": part, "start_index": start, "end_index": end},
                lambda s, part=part, start=start, end=end: s.rfind(part, start, end),
            ),
        )
    ),
    ("matches", {"pattern": "a|B"}, lambda s: bool(re.match("(?i)a|B", s))),
    (
        "matches",
        {"pattern": "a|B", "case": True},
        lambda s: bool(re.match("a|B", s)),
    ),
    ("find_all_occurrences", {"pattern": r"\d+(\.\d+)?"}, lambda s: [
        m.group() for m in re.finditer(r"[0-9]+(\.[0-9]+)?", s)
    ]),
    ("extract_using_regex", {"pattern": "b.?"}, _first("b.?")),
    ("extract_using_regex", {"pattern": r"(\d+) (\w+)", "index": 2}, _first(r"(\d+) (\w+)", 2)),
    ("extract_between_delimiters", {"left_delimiter": "(", "right_delimiter": ")"}, _between),
    ("extract_using_regex", {"pattern": "(b)(.?)"}, _first("(b)(.?)", 1)),
    ("extract_from_position", {"start_position": 3, "length": 3}, lambda s: s[2:5]),
    ("extract_from_position", {"start_position": 0, "length": 3}, lambda s: s[:3]),
    ("extract_from_position", {"length": 0}, lambda s: ""),
    ("find_and_replace_substring", {"pattern": "a|é"}, lambda s: re.sub("a|é", "", s)),
    (
        "find_and_replace_substring",
        {"pattern": r"\.b", "replacement": r"\$1é"},
        lambda s: s.replace(".b", "$1é"),
    ),
    ("find_and_replace_substring", {"pattern": r"\\"}, lambda s: s.replace("\\", "")),
    (
        "find_and_replace_substring",
        {"pattern": r"(\w)(\w)", "replacement": r"$2\\\$1\1"},
        lambda s: re.sub(r"([0-9A-Za-z_])([0-9A-Za-z_])", r"\2\\$1\1", s),
    ),
    (
        "replace_between_delimiters",
        {"left_delimiter": "(", "right_delimiter": ")", "replacement": r"\1$1"},
        _put_between,
    ),
    (
        "replace_from_position",
        {"start_position": 2, "length": 2, "replacement": "é"},
        lambda s: s[:1] + "é" + s[3:],
    ),
    (
        "convert_regex_to_missing",
        {"pattern": "N/A|a|"},
        lambda s: None if s in ("N/A", "a", "") else s,
    ),
    (
        "convert_non_matches_to_missing",
        {"pattern": "a+|b"},
        lambda s: s if re.fullmatch("a+|b", s) else None,
    ),
    ("split_string_by_delimiter", {"delimiter": "."}, lambda s: s.split(".")),
    ("split_string_by_delimiter", {"delimiter": "bc", "limit": 2}, lambda s: s.split("bc", 1)),
    ("split_string_by_delimiter", {"delimiter": " ", "limit": 1}, lambda s: [s]),
    *(
        ("split_string_by_delimiter", {"limit": n + 1}, lambda s, n=n: s.split(None, n))
        for n in (0, 1, 2)
    ),
    ("split_string_by_delimiter", {"limit": ""}, str.split),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "parameters", "reference"), CASES)
def test_it_is_pythons(
    steps: Steps, operator: str, parameters: dict[str, Any], reference: Callable[[str], Any]
) -> None:
    table = {"x'": [*TEXTS, None]}
    made = steps(f"{KEY}/{operator}", table, input_column="x'", output_column="o", **parameters)
    assert made["x'"] == table["x'"]
    assert made["o"] == [*(reference(each) for each in TEXTS), None]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.text("ab.\\ \n\u0301", max_size=7), min_size=1, max_size=30),
    st.text("ab.\\", min_size=1, max_size=2),
    st.integers(-4, 4),
    st.none() | st.integers(-4, 4),
)
def test_any_place(
    duckdb: Engine, texts: list[str], part: str, start: int, end: int | None
) -> None:
    steps = Steps(duckdb)
    p = {
        "input_column": "x",
        "output_column": "o",
        "needle": part,
        "start_index": start,
        "end_index": end,
    }
    found = steps(f"{KEY}/find_substring", {"x": texts}, **p)["o"]
    assert found == [each.find(part, start, end) for each in texts]
    found = steps(f"{KEY}/find_substring_from_right", {"x": texts}, **p)["o"]
    assert found == [each.rfind(part, start, end) for each in texts]


def test_what_re2_means_otherwise_than_re(steps: Steps) -> None:
    """Digits and words are ASCII's, and $ is the end alone."""
    texts = ["٣", "a\n", "é"]
    all_of = f"{KEY}/find_all_occurrences"
    found = steps(all_of, {"x": texts}, input_column="x", pattern=r"\d|\w$|\w")["x"]
    assert found == [[], ["a"], []]
    assert steps(all_of, {"x": texts}, input_column="x", pattern="a$")["x"] == [[], [], []]
    assert steps(all_of, {"x": texts}, input_column="x", pattern=r"\p{L}")["x"][2] == ["é"]


def test_where_results_go(steps: Steps) -> None:
    made = steps(f"{KEY}/find_substring", {"x": ["ab"]}, input_column="x", needle="b")
    assert made == {"x": [1]}
    made = steps(f"{KEY}/matches", {"x": ["ab", None]}, input_column="x", pattern="A")
    assert made["x"] == [True, None]
    made = steps(f"{KEY}/extract_from_position", {"x": ["ab"]}, input_column="x", length=1)
    assert made == {"x": ["a"]}


@pytest.mark.parametrize(
    ("operator", "parameters", "words"),
    [
        ("extract_using_regex", {"pattern": "a(?=b)"}, "pattern: .*looks around"),
        ("extract_using_regex", {"pattern": "(?<!a)b"}, "pattern: .*looks around"),
        ("extract_using_regex", {"pattern": r"(a)\1"}, "pattern: .*refers back"),
        ("extract_using_regex", {"pattern": "(a"}, r"pattern: '\(a' is no .*missing \)"),
        ("extract_using_regex", {"pattern": "(a)", "index": 2}, "index: 2 is not there: .* has 1"),
        ("find_and_replace_substring", {"pattern": "a", "replacement": r"\1"}, "replacement: "),
        ("find_and_replace_substring", {"pattern": "a", "replacement": "\\"}, "replacement: "),
        ("find_substring", {"needle": ""}, "needle: ''"),
        ("find_substring", {"needle": "a", "start_index": "x"}, "start_index: 'x'"),
        ("extract_from_position", {"start_position": -1, "length": 1}, "start_position: -1"),
        ("split_string_by_delimiter", {"limit": "x"}, "limit: 'x'"),
        ("find_and_replace_substring", {"pattern": "a", "replacement": "$1"}, "replacement: "),
        ("extract_between_delimiters", {"left_delimiter": "a"}, "right_delimiter: None must be"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, operator: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        steps(f"{KEY}/{operator}", {"x": ["ab"]}, input_column="x", **parameters)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"emp\.var", "emp.var"), ("a b", "a b"), (r"\\", "\\"), (r"\-é", "-é"),
        ("a.b", None), (r"\d", None), (r"\bx", None), ("x{2}", None), ("[a]", None), ("", None),
        ("(?i)a", None), (r"\Qa\E", None), ("^a", None),
    ],
)  # fmt: skip
def test_a_pattern_that_matches_one_text_alone_is_told(pattern: str, text: str | None) -> None:
    assert plain(pattern) == text
