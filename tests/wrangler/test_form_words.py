"""Forms can be made of the declarations alone: words for people, and when a field matters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from studio_ext.flows.worker.catalogue import all_analyses, transforms

FORMS = {each["Key"]: each for each in [*transforms()["Transforms"], *all_analyses()["Analyses"]]}


def scopes(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The form, and the forms within it, with what they may say of their fields."""
    yield "", schema
    yield from schema.get("$defs", {}).items()


def title_of(schema: dict[str, Any], entry: dict[str, Any]) -> str:
    """A form within a form is called as its declaration is, where it says nothing itself."""
    inner = schema.get("$defs", {}).get(str(entry.get("$ref", "")).rpartition("/")[2], {})
    return str(entry.get("title") or inner.get("title") or "")


def fields(key: str) -> Iterator[tuple[dict[str, Any], str, dict[str, Any], str]]:
    schema = FORMS[key]["Schema"]
    for _, scope in scopes(schema):
        for name, entry in scope.get("properties", {}).items():
            yield scope["properties"], name, entry, title_of(schema, entry)


@pytest.mark.parametrize("key", FORMS)
def test_what_people_read_is_written_for_them(key: str) -> None:
    for _, name, entry, title in fields(key):
        assert title and title != name, f"{name} has no title"
        # What pydantic makes of a name that has no title.
        made = name.replace("_", " ").title()
        assert title != made or " " not in made, f"{name} has no title of its own"
        for label in entry.get("labels", []):
            assert "_" not in label or label == "snake_case", f"{name}: {label!r} is no word"


@pytest.mark.parametrize("key", FORMS)
def test_what_a_field_waits_for_can_be_chosen(key: str) -> None:
    for siblings, name, entry, _ in fields(key):
        for when in entry.get("when", []):
            other = siblings[when["field"]]
            assert when["field"] != name
            allowed = other.get("enum") or [True, False]
            assert set(when.get("values", [])) <= set(allowed), (name, when)


def test_the_choices_of_a_form_have_a_label_each() -> None:
    entry = FORMS["join_tables"]["Schema"]["properties"]["join_type"]
    assert dict(zip(entry["enum"], entry["labels"], strict=True))["leftouter"] == "Left outer"
    keys = FORMS["join_multi_keys"]["Schema"]["$defs"]["JoinKey"]["properties"]
    assert [keys[side]["column"]["input"] for side in ("left", "right")] == [0, 1]
    assert FORMS["custom_sql"]["Schema"]["properties"]["code"]["language"] == "sql"
