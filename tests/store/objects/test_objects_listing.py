"""Listings against a plain model, and their cost in queries."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from studio_ext.store import database
from studio_ext.store.objects import Listing, LocalObjectStore
from studio_ext.store.objects.listing import after_all
from studio_ext.store.objects.tables import buckets, objects

ALPHABET = "a/-\u00e9\ud7ff\ue000\uffff\U0001f600\U0010ffff"
KEYS = st.text(ALPHABET, min_size=1, max_size=6)


def insert(engine: Engine, keys: list[str]) -> None:
    rows = [
        {
            "bucket": "bucket",
            "key": key,
            "data": f"{n:032x}",
            "size": 1,
            "etag": "e",
            "modified": 0.0,
            "owner": "",
            "storage_class": "STANDARD",
            "content_type": "",
            "headers": {},
            "user_metadata": {},
            "tags": {},
            "checksums": {},
        }
        for n, key in enumerate(keys)
    ]
    with database.write(engine) as connection:
        connection.execute(objects.delete())
        if rows:
            connection.execute(objects.insert(), rows)


def model(keys: set[str], prefix: str, delimiter: str, start_after: str, limit: int) -> Listing:
    """S3's rules, said plainly: roll up, drop what is not after the marker, cut."""
    entries: dict[bytes, tuple[str, bool]] = {}
    for key in keys:
        if not key.startswith(prefix):
            continue
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        name, rolled = (key, False) if end < 0 else (key[: end + len(delimiter)], True)
        inside = rolled and start_after.startswith(name)
        if name.encode() > start_after.encode() and not inside:
            entries[name.encode()] = (name, rolled)
    ordered = [entries[name] for name in sorted(entries)]
    page = ordered[:limit]
    truncated = len(ordered) > limit > 0
    last = page[-1][0] if page else start_after
    return Listing(
        [name for name, rolled in page if not rolled],  # type: ignore[misc]
        [name for name, rolled in page if rolled],
        truncated,
        last,
    )


def keys_only(page: Listing) -> Listing:
    return Listing(
        [item.key for item in page.objects],  # type: ignore[misc]
        page.prefixes,
        page.truncated,
        page.last,
    )


@settings(max_examples=300, deadline=None)
@given(
    keys=st.sets(KEYS, max_size=40),
    prefix=st.text(ALPHABET, max_size=2),
    delimiter=st.sampled_from(["", "/", "-", "//", "a"]),
    start_after=st.text(ALPHABET, max_size=4),
    limit=st.integers(0, 10),
)
def test_page_is_what_the_model_says(
    shared: tuple[Engine, LocalObjectStore],
    keys: set[str],
    prefix: str,
    delimiter: str,
    start_after: str,
    limit: int,
) -> None:
    engine, store = shared
    insert(engine, list(keys))
    page = store.list("bucket", prefix, delimiter=delimiter, start_after=start_after, limit=limit)
    assert keys_only(page) == model(keys, prefix, delimiter, start_after, limit)


@settings(max_examples=100, deadline=None)
@given(
    keys=st.sets(KEYS, max_size=40),
    delimiter=st.sampled_from(["", "/", "-"]),
    limit=st.integers(1, 5),
)
def test_pages_together_are_everything_once(
    shared: tuple[Engine, LocalObjectStore], keys: set[str], delimiter: str, limit: int
) -> None:
    engine, store = shared
    insert(engine, list(keys))
    found: list[str] = []
    last, more = "", True
    while more:
        page = store.list("bucket", delimiter=delimiter, start_after=last, limit=limit)
        found += [item.key for item in page.objects] + page.prefixes
        last, more = page.last, page.truncated
    whole = model(keys, "", delimiter, "", 1000)
    assert sorted(found) == sorted([*whole.objects, *whole.prefixes])  # type: ignore[list-item]


@given(st.text(max_size=4), st.text(max_size=4))
def test_after_all_bounds_a_prefix(prefix: str, rest: str) -> None:
    upper = after_all(prefix)
    if upper is None:
        assert set(prefix) <= {"\U0010ffff"}
    else:
        assert prefix + rest < upper
        assert upper.encode()  # is text


def test_a_delimiter_seeks_over_folders(shared: tuple[Engine, LocalObjectStore]) -> None:
    engine, store = shared
    insert(engine, [f"dir{d}/{n:05}" for d in range(3) for n in range(5000)] + ["z"])
    fetched = []

    def count(cursor: object, *_: object) -> None:
        fetched.append(1)

    event.listen(engine, "before_cursor_execute", count)
    page = store.list("bucket", delimiter="/")
    event.remove(engine, "before_cursor_execute", count)
    assert page.prefixes == ["dir0/", "dir1/", "dir2/"]
    assert [item.key for item in page.objects] == ["z"]
    assert len(fetched) <= 6  # the bucket, then a seek for each folder


def test_many_folders_are_read_in_batches(shared: tuple[Engine, LocalObjectStore]) -> None:
    engine, store = shared
    insert(engine, [f"d{n:05}/k" for n in range(3000)])
    calls = []
    event.listen(engine, "before_cursor_execute", lambda *_: calls.append(1))
    page = store.list("bucket", delimiter="/", limit=1000)
    assert len(page.prefixes) == 1000 and page.truncated
    assert len(calls) < 12


def test_buckets_of_other_names_are_not_listed(shared: tuple[Engine, LocalObjectStore]) -> None:
    engine, store = shared
    insert(engine, ["a"])
    with database.write(engine) as connection:
        connection.execute(buckets.delete().where(buckets.c.name == "bucket2"))
    store.create_bucket("bucket2")
    store.put("bucket2", "b", b"x")
    assert [item.key for item in store.list("bucket").objects] == ["a"]
    store.delete("bucket2", "b")
