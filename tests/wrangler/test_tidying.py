"""Cleaning texts, and words and measures, against Python's str, unicodedata and definitions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Steps

from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ColumnError, ParameterError

TEXTS = [
    "", "  Ann \t Lee ", "Ångström déjà-vu", "helloWorld HTTPServer2", "e\u0301 \u00e9", "straße",
    "a.b, c! (d)?", "1,234.5 and -2e3 or .5", "日本 語", "x\u00a0y\nz", "👩 ok ☀️", "tab\tbell\x07",
    "one. two!  three? é", "12 34 5",
]  # fmt: skip


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    marks = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", marks)


def _words(text: str, camel: bool = True) -> list[str]:
    text = _bare(text)
    if camel:
        text = re.sub("([a-z0-9])([A-Z])", r"\1 \2", text)
    return re.sub("[^a-z0-9]+", " ", text.lower()).split()


def _pascal(text: str) -> str:
    return "".join(each.capitalize() for each in _words(text))


def _without(kind: str) -> Callable[[str], str]:
    return lambda s: "".join(c for c in s if not unicodedata.category(c).startswith(kind))


NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def _numbers(text: str) -> list[float]:
    return [float(each) for each in NUMBER.findall(text)]


CASES: list[tuple[str, dict[str, Any], Callable[[str], Any]]] = [
    ("clean_text/remove_accents", {}, _bare),
    ("clean_text/collapse_white_space", {}, lambda s: " ".join(s.split())),
    ("clean_text/slug_or_name_style", {}, lambda s: "-".join(_words(s, camel=False))),
    (
        "clean_text/slug_or_name_style",
        {"style": "snake_case"},
        lambda s: "_".join(_words(s)),
    ),
    ("clean_text/slug_or_name_style", {"style": "PascalCase"}, _pascal),
    (
        "clean_text/slug_or_name_style",
        {"style": "camelCase"},
        lambda s: _pascal(s)[:1].lower() + _pascal(s)[1:],
    ),
    ("clean_text/remove_characters_of_a_kind", {}, _without("P")),
    ("clean_text/remove_characters_of_a_kind", {"what": "digits"}, _without("Nd")),
    ("clean_text/remove_characters_of_a_kind", {"what": "letters"}, _without("L")),
    ("clean_text/remove_characters_of_a_kind", {"what": "control characters"}, _without("Cc")),
    (
        "clean_text/remove_characters_of_a_kind",
        {"what": "all but ASCII"},
        lambda s: s.encode("ascii", "ignore").decode(),
    ),
    (
        "clean_text/remove_characters_of_a_kind",
        {"what": "emoji"},
        lambda s: s.replace("👩", "").replace("☀️", ""),
    ),
    ("clean_text/normalize_unicode", {}, lambda s: unicodedata.normalize("NFC", s)),
    ("clean_text/shorten", {"length": 6}, lambda s: s if len(s) <= 6 else s[:5] + "…"),
    ("clean_text/shorten", {"length": 2, "mark": "..."}, lambda s: s if len(s) < 3 else ".."),
    (
        "clean_text/capital_letters",
        {},
        lambda s: re.sub(r"\S+", lambda m: m.group().capitalize(), s),
    ),
    ("words/count_words", {}, lambda s: len(s.split())),
    ("words/count_matches", {"pattern": "[ae]"}, lambda s: s.count("a") + s.count("e")),
    ("words/contains", {"text": "an"}, lambda s: "an" in s),
    ("words/contains", {"text": "AN", "case_sensitive": False}, lambda s: "an" in s.lower()),
    (
        "words/contains",
        {"text": "or", "whole_words": True},
        lambda s: bool(re.search(r"\bor\b", s)),
    ),
    ("words/initials", {}, lambda s: "".join(w[0] for w in s.split()).upper()),
    ("words/reverse", {}, lambda s: s[::-1]),
    ("words/repeat", {"times": 3}, lambda s: s * 3),
    ("words/repeat", {"times": 0}, lambda s: ""),
    ("words/extract_numbers", {"which": "all"}, _numbers),
    ("words/extract_numbers", {}, lambda s: next(iter(_numbers(s)), None)),
    ("words/extract_numbers", {"which": "last"}, lambda s: (_numbers(s) or [None])[-1]),
    (
        "words/extract_numbers",
        {"which": "sum"},
        lambda s: sum(_numbers(s)) if _numbers(s) else None,
    ),
    *(
        (
            "words/extract_a_word",
            {"position": n},
            lambda s, at=at: s.split()[at] if -len(s.split()) <= at < len(s.split()) else None,
        )
        for n, at in ((1, 0), (2, 1), (-1, -1), (-3, -3), (9, 8))
    ),
]


@pytest.mark.parametrize(("key", "parameters", "reference"), CASES)
def test_it_is_pythons(
    steps: Steps, key: str, parameters: dict[str, Any], reference: Callable[[str], Any]
) -> None:
    table = {"x": [*TEXTS, None]}
    made = steps(key, table, input_column="x", output_column="o", **parameters)
    assert made == {**table, "o": [*(reference(each) for each in TEXTS), None]}


def test_accents_of_all_european_letters(steps: Steps) -> None:
    letters = [chr(each) for each in range(0xC0, 0x250)]
    made = steps("clean_text/remove_accents", {"x": letters}, input_column="x")["x"]
    assert made == [_bare(each) for each in letters]


def test_sentences(steps: Steps) -> None:
    made = steps(
        "clean_text/capital_letters",
        {"x": ["one. two!  three? é", "«say it», no", "NATO is. ok", "", None]},
        input_column="x",
        which="each sentence",
    )
    assert made["x"] == ["One. Two!  Three? É", "«Say it», no", "NATO is. Ok", "", None]


def test_markup(steps: Steps) -> None:
    texts = [
        "<p class='a'>1 &lt; 2 &amp;amp; <b>x</b></p><!-- <i> -->y",
        "<SCRIPT>if (a<b) {}</script >z<style>\np{}</style>",
        "a < b and c > d", "", None,
    ]  # fmt: skip
    made = steps("clean_text/remove_markup", {"x": texts}, input_column="x")["x"]
    assert made == ["1 < 2 &amp; xy", "z", "a < b and c > d", "", None]


def test_thousands(steps: Steps) -> None:
    p = {"input_column": "x", "which": "all", "group_separator": ","}
    made = steps("words/extract_numbers", {"x": ["1,234,567.8 or 1,2,3", "12,345"]}, **p)
    assert made["x_numbers"] == [[1234567.8, 1.0, 2.0, 3.0], [12345.0]]


def _edits(a: str, b: str, swaps: bool) -> int:
    """The textbook's table; with neighbours that changed places as one edit."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (x != y))
            if swaps and i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.text("abc ", max_size=5), min_size=1, max_size=30),
    st.text("abc ", min_size=1, max_size=4),
)
def test_similarity(duckdb: Engine, texts: list[str], other: str) -> None:
    steps = Steps(duckdb)
    p = {"input_column": "x", "text": other, "output_column": "o", "measure": "Levenshtein"}
    made = steps("words/similarity", {"x": texts}, **p)["o"]
    assert made == pytest.approx(
        [1 - _edits(each, other, False) / max(len(each), len(other)) for each in texts]
    )


def test_similarity_of_names(steps: Steps) -> None:
    p = {"input_column": "x", "output_column": "o"}
    key = "words/similarity"
    # Winkler's own examples.
    names = {"x": ["MARTHA", "Mártha", "marhta", "", None]}
    made = steps(key, names, text="martha", **p)["o"]
    assert made == pytest.approx([1.0, 1.0, 0.961, 0.0, None], abs=1e-3)
    made = steps(key, names, text="martha", ignore_case=False, **p)["o"]
    assert made[0] == 0.0
    swapped = steps(key, names, text="martha", measure="Damerau-Levenshtein", **p)["o"]
    assert swapped == pytest.approx([1.0, 1.0, 1 - 1 / 6, 0.0, None])
    unlike = steps(key, {"x": ["abcdxx", "日本"]}, text="abcyyyyyyy", **p)["o"]
    assert unlike == pytest.approx([0.6, 0.0])
    # Outside ASCII it counts bytes: of three and three, all differ but the first two.
    apart = steps(key, {"x": ["日"]}, text="旦", measure="Levenshtein", **p)["o"]
    assert apart == pytest.approx([1 - _bytes_apart("日", "旦") / 3])


def _bytes_apart(a: str, b: str) -> int:
    return _edits(a.encode().decode("latin-1"), b.encode().decode("latin-1"), False)


def test_joining_and_splitting_columns(steps: Steps) -> None:
    table = {"a": ["x", None, ""], "n": [1, 2, None]}
    p = {"input_column": ["n", "a"], "output_column": "o", "separator": "-"}
    assert steps("words/join_columns", table, **p)["o"] == ["1-x", "2", ""]
    made = steps("words/join_columns", table, missing="missing result", **p)["o"]
    assert made == ["1-x", None, None]
    split = {"d": ["2024-01-31", "x", "", None]}
    made = steps("words/split_into_columns", split, input_column="d", delimiter="-")
    assert made == {**split, "d_1": ["2024", "x", "", None], "d_2": ["01-31", None, None, None]}
    more = {"count": 3, "rest": "leave out", "output_prefix": "p"}
    made = steps("words/split_into_columns", {"d": ["a b  c d"]}, input_column="d", **more)
    assert made == {"d": ["a b  c d"], "p1": ["a"], "p2": ["b"], "p3": ["c"]}


def test_mapping_values(steps: Steps) -> None:
    table = {"x": ["a", "b", "", None]}
    p = {"input_column": "x", "values": {"a": "1", "": "empty"}}
    key = "words/map_values"
    assert steps(key, table, **p)["x"] == ["1", "b", "empty", None]
    assert steps(key, table, others="missing", **p)["x"] == ["1", None, "empty", None]
    made = steps(key, table, others="value", other="?", output_column="y", **p)
    assert made == {**table, "y": ["1", "?", "empty", None]}


@pytest.mark.parametrize(
    ("key", "parameters", "error", "words"),
    [
        ("words/count_matches", {"pattern": "("}, ParameterError, "pattern: "),
        ("words/repeat", {"times": 1001}, ParameterError, "times: 1001"),
        ("words/split_into_columns", {"output_prefix": "c"}, ColumnError, "column 'c1' already"),
        ("words/map_values", {"values": {}}, ParameterError, "values: {}"),
        ("words/extract_a_word", {"position": 0}, ParameterError, "position: 0"),
        ("clean_text/shorten", {"length": 0}, ParameterError, "length: 0"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(key, {"x": ["a"], "c1": [1]}, input_column="x", **parameters)
