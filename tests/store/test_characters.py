"""Characters that one database takes and the other does not must not fail a call on either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.characters import to_json
from studio_ext.store.listing import Query
from studio_ext.store.objects import NoSuchBucket, NoSuchKey

ACCOUNT = "111111111111"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store
    store.close()


def create(store: Store, name: str, spec: dict[str, object]) -> None:
    store.resources.create(
        kind="job",
        account=ACCOUNT,
        domain="d",
        name=name,
        arn=name,
        owner="ana",
        status="InProgress",
        spec=spec,
    )


@pytest.mark.parametrize("odd", ["nul\0", "\ud800", "\udc00\ud800", "\\u0000", "😀", "\x01", "é"])
def test_a_document_of_any_text_spoils_no_query(store: Store, odd: str) -> None:
    create(store, "odd", {"Environment": {odd: odd}, "pool": odd})
    create(store, "plain", {"pool": "x"})
    found = store.resources.list(Query("job", ACCOUNT, spec_equals={("pool",): "x"}))
    assert [one.name for one in found] == ["plain"]
    kept = store.resources.get("job", ACCOUNT, "odd")
    assert kept is not None
    if odd in ("\\u0000", "😀", "\x01", "é"):
        assert kept.spec["pool"] == odd


def test_a_name_with_nul_is_just_not_there(store: Store) -> None:
    create(store, "plain", {})
    assert store.resources.get("job", ACCOUNT, "pl\0ain") is None
    assert store.resources.by_arn("\0") is None
    with pytest.raises(NoSuchBucket):
        store.objects.head_bucket("a\0")
    store.objects.create_bucket("bucket")
    with pytest.raises(NoSuchKey):
        store.objects.stat("bucket", "a\0")


def test_nul_in_a_listing_sorts_before_everything(store: Store) -> None:
    store.objects.create_bucket("bucket")
    for key in ("a", "ab", "b"):
        store.objects.put("bucket", key, b"")
    listed = store.objects.list("bucket", start_after="a\0")
    assert [item.key for item in listed.objects] == ["ab", "b"]
    assert not store.objects.list("bucket", prefix="a\0").objects


def test_documents_are_changed_only_where_they_must_be() -> None:
    assert to_json({"a": ["x\0y", 1, None, {"\ud800": True}]}) == (
        '{"a": ["x\\u2400y", 1, null, {"\\ufffd": true}]}'
    )
    assert to_json("\\u0000 😀") == '"\\\\u0000 \\ud83d\\ude00"'
