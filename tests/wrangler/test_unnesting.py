"""Unnest, explode, and figures about texts, against Python's json and str."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from steps import Steps

from studio_ext.wrangler.errors import ColumnError, ParameterError

DOCUMENTS: list[Any] = [
    {"seq": 1, "name": {"first": "Nathaniel", "last": "é"}, "age": 59.5, "a.b/~": "x", "ok": True},
    {"seq": -2, "age": 60, "tags": [1, "b"], 'say "hi"': None, "ok": False, "mixed": 1},
    {"": "empty", "it's": "so", "ok": None, "mixed": "two", "SEQ": "other"},
    [1, 2],
    "text",
    None,
]
TEXTS = [*(json.dumps(each, ensure_ascii=False) for each in DOCUMENTS), "{broken", "", None]
KEYS = ["seq", "", "name", "SEQ", "age", "a.b/~", "tags", "mixed", "ok", 'say "hi"', "it's"]
FLATTEN, EXPLODE = "flatten", "explode"


def _value(text: str | None, key: str) -> Any:
    try:
        document = json.loads(text or "")
    except json.JSONDecodeError:
        return None
    value = document.get(key) if isinstance(document, dict) else None
    if key == "mixed" and value is not None:
        return str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def test_all_keys_of_json(steps: Steps) -> None:
    made = steps(FLATTEN, {"p": TEXTS}, input_column="p")
    assert set(made) == {"p", *(f"p_{key}" for key in KEYS)}
    assert made["p"] == TEXTS
    for key in KEYS:
        assert made[f"p_{key}"] == [_value(each, key) for each in TEXTS], key
    assert {type(each) for each in made["p_age"] if each is not None} == {float}


def test_keys_stand_in_the_order_of_the_documents(steps: Steps) -> None:
    made = steps(FLATTEN, {"p": ['{"z": 1, "a": 2}', '{"z": 1, "b": 1}']}, input_column="p")
    assert list(made) == ["p", "p_z", "p_a", "p_b"]


def test_listed_keys_and_a_prefix(steps: Steps) -> None:
    made = steps(FLATTEN, {"p": TEXTS}, input_column="p", keys=["seq", "gone"], output_prefix="q.")
    assert list(made) == ["p", "q.seq", "q.gone"]
    assert made["q.seq"][:3] == [1, -2, None]
    assert made["q.gone"] == [None] * len(TEXTS)


def test_what_was_learned_holds_for_other_rows(steps: Steps) -> None:
    trained = steps.fit(FLATTEN, {"p": ['{"a": 1}', '{"a": 2.5, "b": "x"}']}, input_column="p")
    assert trained == {"keys": {"a": "float", "b": "string"}}
    other = {"p": ['{"a": "many", "b": 3, "c": 1}', '{"a": 4}']}
    made = steps(FLATTEN, other, trained=trained, input_column="p")
    assert made == {**other, "p_a": [None, 4.0], "p_b": ["3", None]}


def test_structs_and_maps(steps: Steps) -> None:
    table = pa.table(
        {
            "s": pa.array([{"x": 1, "y": [1.5]}, None, {"x": None, "y": []}]),
            "m": pa.array([[("b", 1), ("a", 2)], [], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    made = steps(FLATTEN, table, input_column="s")
    assert (made["s_x"], made["s_y"]) == ([1, None, None], [[1.5], None, []])
    made = steps(FLATTEN, table, input_column="m")
    assert {each: made[each] for each in ("m_a", "m_b")} == {
        "m_a": [2, None, None],
        "m_b": [1, None, None],
    }


def test_nothing_to_learn_from(steps: Steps) -> None:
    nothing = pa.table({"p": pa.array([], pa.string())})
    assert steps(FLATTEN, nothing, input_column="p") == {"p": []}
    assert steps(FLATTEN, {"p": ["a", None]}, input_column="p") == {"p": ["a", None]}


LISTS = [[1, 2], [], None, [3, None]]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("as_text", [False, True])
def test_exploding(steps: Steps, keep: bool, as_text: bool) -> None:
    column = [None if each is None else json.dumps(each) for each in LISTS] if as_text else LISTS
    table = {"id": [1, 2, 3, 4], "a.b": column, "ID": ["w", "x", "y", "z"]}
    made = steps(EXPLODE, table, input_column="a.b", keep_empty=keep)
    rows = [
        (row, item)
        for row, items in enumerate(LISTS)
        for item in (items or ([None] if keep else []))
    ]
    items = [None if item is None else str(item) if as_text else item for _, item in rows]
    assert made["a.b_flatten"] == items
    for name, values in table.items():
        assert made[name] == [values[row] for row, _ in rows], name


def test_exploding_twice_reaches_nested_lists(steps: Steps) -> None:
    once = steps.arrow(EXPLODE, {"a": [[["cat", "dog"], ["bat"]], [["rose"]]]}, input_column="a")
    twice = steps(EXPLODE, once, input_column="a_flatten", output_column="item")
    assert twice["item"] == ["cat", "dog", "bat", "rose"]


def test_json_that_is_no_list_has_no_items(steps: Steps) -> None:
    table = {"a": ['{"x": 1}', "3", "[broken", '["x", {"y": [1]}]']}
    made = steps(EXPLODE, table, input_column="a")
    assert made["a_flatten"] == ["x", '{"y":[1]}']


def test_character_statistics(steps: Steps) -> None:
    texts = ["Good Dog 12!", "", " \n ", "ÉCOLE été\u00a0½", "aB#", None]
    made = steps("featurize_text/character_statistics", {"x y": texts}, input_column="x y")

    def part(text: str | None, of: Any) -> float | None:
        return sum(map(of, text)) / len(text) if text else None

    expected = {
        "word_count": [each if each is None else len(each.split()) for each in texts],
        "char_count": [each if each is None else len(each) for each in texts],
        "capital_ratio": [part(each, lambda c: "A" <= c <= "Z") for each in texts],
        "lower_ratio": [part(each, lambda c: "a" <= c <= "z") for each in texts],
        "digit_ratio": [part(each, lambda c: "0" <= c <= "9") for each in texts],
        "special_ratio": [part(each, lambda c: not c.isalnum()) for each in texts],
    }
    assert made == {"x y": texts, **{f"x y__{k}": v for k, v in expected.items()}}


def test_what_is_wrong_is_said(steps: Steps) -> None:
    with pytest.raises(ColumnError, match="'n' is long, not string or struct or map"):
        steps(FLATTEN, {"n": [1]}, input_column="n")
    with pytest.raises(ParameterError, match="keys: 'z' is none of the struct's fields: x"):
        steps(FLATTEN, pa.table({"s": [{"x": 1}]}), input_column="s", keys=["z"])
    with pytest.raises(ColumnError, match="already"):
        steps(EXPLODE, {"a": [[1]], "a_flatten": [1]}, input_column="a")
