"""Resources, their events and leases in the database."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.listing import Query
from studio_ext.store.resources import NameTaken, Resource
from studio_ext.store.tables import resources


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store
    store.close()


def create(store: Store, name: str = "a", **changes: Any) -> Resource:
    values: dict[str, Any] = {
        "kind": "job",
        "account": "111111111111",
        "domain": "d",
        "arn": f"arn:job/{name}",
        "owner": "ana",
        "status": "InProgress",
        "spec": {"x": 1},
        "wake": True,
    }
    return store.resources.create(name=name, **values | changes)


def test_a_name_is_taken_once_by_kind_and_account(store: Store) -> None:
    create(store)
    with pytest.raises(NameTaken):
        create(store)
    create(store, kind="other")
    create(store, account="222222222222")
    assert len(store.resources.events_after(0)) == 3


def test_only_one_of_many_creates_wins(store: Store) -> None:
    won = []

    def attempt() -> None:
        with contextlib.suppress(NameTaken):
            won.append(create(store))

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_edits_of_many_threads_are_all_kept(store: Store) -> None:
    one = create(store, state={"count": 0})

    def add() -> None:
        for _ in range(10):
            with store.resources.edit(one.id) as edited:
                assert edited is not None
                edited.state["count"] += 1

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.resources.by_id(one.id)
    assert found is not None
    assert found.state == {"count": 60}


def test_an_edit_that_raises_changes_nothing(store: Store) -> None:
    one = create(store)
    with pytest.raises(RuntimeError), store.resources.edit(one.id) as edited:
        assert edited is not None
        edited.status = "Completed"
        raise RuntimeError
    assert store.resources.by_id(one.id) == one


def test_an_edit_notes_what_changed(store: Store) -> None:
    one = create(store, state={"a": {"b": 1}})
    before = store.resources.last_event()
    with store.resources.edit(one.id) as edited:
        assert edited is not None
    assert store.resources.last_event() == before
    with store.resources.edit(one.id) as edited:
        edited.state["a"]["b"] = 2  # changed in place
    assert store.resources.last_event() > before
    with store.resources.edit(one.id) as edited:
        edited.spec = {"x": 2}
    found = store.resources.by_id(one.id)
    assert found is not None
    assert (found.state, found.spec, found.generation) == ({"a": {"b": 2}}, {"x": 2}, 2)
    assert found.modified > one.modified
    with store.resources.edit(12345) as edited:
        assert edited is None


def test_progress_leaves_one_event_and_the_time_of_change(store: Store) -> None:
    one = create(store)
    for count in range(100):
        with store.resources.edit(one.id, progress=True) as edited:
            assert edited is not None
            edited.state["offset"] = count
    found = store.resources.by_id(one.id)
    assert found is not None
    assert (found.state["offset"], found.modified) == (99, one.modified)
    changes = [event.change for event in store.resources.events_after(0)]
    assert changes == ["created", "updated"]
    assert store.resources.last_event() == 101


def test_delete_takes_tags_and_leaves_events(store: Store) -> None:
    one = create(store, resource_tags={"k": "v"})
    store.resources.delete(one.id, "ana")
    assert store.resources.get("job", "111111111111", "a") is None
    assert store.resources.tags(one.id) == {}
    assert [e.change for e in store.resources.events_after(0)] == ["created", "deleted"]
    assert create(store).id > one.id  # ids name folders: never used twice


def test_tags_have_a_limit(store: Store) -> None:
    one = create(store, resource_tags={"a": "1"})
    assert store.resources.add_tags(one.id, {"a": "2", "b": "3"}, 2) == {"a": "2", "b": "3"}
    with pytest.raises(ValueError, match="at most 2"):
        store.resources.add_tags(one.id, {"c": "4"}, 2)
    store.resources.delete_tags(one.id, ["a", "unknown"])
    assert store.resources.tags(one.id) == {"b": "3"}


# --- lists

_WORDS = st.sampled_from(["aa", "ab", "Ab", "b", "abc", "a-b"])
_ROWS = st.lists(
    st.tuples(_WORDS, st.sampled_from([1.0, 1.0000001, 2.5, 1e9 / 3]), st.sampled_from("xyz")),
    max_size=25,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=_ROWS,
    size=st.integers(1, 7),
    sort_by=st.sampled_from(["created", "modified", "name", "status"]),
    descending=st.booleans(),
    contains=st.none() | st.sampled_from(["A", "b", "-", "%", "_"]),
    status=st.none() | st.sampled_from("xyz"),
    after=st.none() | st.sampled_from([1.0, 1.0000001, 2.0]),
)
def test_pages_join_to_the_whole(
    store: Store,
    rows: list[tuple[str, float, str]],
    size: int,
    sort_by: str,
    descending: bool,
    contains: str | None,
    status: str | None,
    after: float | None,
) -> None:
    with store.begin() as connection:
        connection.execute(delete(resources))
    made = []
    for number, (word, created, state) in enumerate(rows):
        one = create(store, f"{word}{number}", status=state)
        with store.begin() as connection:
            at = resources.c.id == one.id
            connection.execute(
                update(resources).where(at).values(created=created, modified=-created)
            )
        made.append(store.resources.by_id(one.id))
    wanted = [
        one
        for one in made
        if one is not None
        and (contains is None or contains.lower() in one.name.lower())
        and (status is None or one.status == status)
        and (after is None or one.created >= after)
    ]
    query = Query(
        "job",
        "111111111111",
        name_contains=contains,
        status=status,
        created_after=after,
        sort_by=sort_by,
        descending=descending,
        limit=size,
    )
    wanted.sort(key=query.position, reverse=descending)
    assert all(query.position(one)[0] == getattr(one, query.order) for one in wanted)
    found: list[Resource] = []
    while page := store.resources.list(query):
        assert len(page) <= size
        found += page
        query.after = query.position(page[-1])
    assert found == wanted


def test_a_list_by_a_value_in_the_spec(store: Store) -> None:
    create(store, "a", spec={"pool": {"arn": "x"}})
    create(store, "b", spec={})
    found = store.resources.list(Query("job", "111111111111", spec_equals={("pool", "arn"): "x"}))
    assert [one.name for one in found] == ["a"]


# --- leases


def test_a_claim_is_exclusive_until_it_runs_out(store: Store) -> None:
    one = create(store)
    assert store.leases.claim("p", 0.2) == [one.id]
    assert store.leases.claim("q", 0.2) == []
    time.sleep(0.25)
    assert store.leases.claim("q", 60) == [one.id]
    store.leases.release(one.id, "p", None)  # too late: it is q's by now
    assert store.leases.claim("p", 60) == []


def test_a_renewed_lease_does_not_run_out(store: Store) -> None:
    one = create(store)
    store.leases.claim("p", 0.2)
    store.leases.renew([one.id], "p", 60)
    time.sleep(0.25)
    assert store.leases.claim("q", 60) == []


@pytest.mark.parametrize("renewed", [False, True])
def test_a_wake_up_during_a_lease_is_not_lost(store: Store, renewed: bool) -> None:
    one = create(store)
    assert store.leases.claim("p", 60) == [one.id]
    with store.resources.edit(one.id, wake=True) as edited:
        assert edited is not None
        edited.status = "Stopping"
    if renewed:
        store.leases.renew([one.id], "p", 60)
    assert store.leases.claim("p", 60) == []
    store.leases.release(one.id, "p", None)
    assert store.leases.claim("p", 60) == [one.id]


def test_release_says_when_to_look_again(store: Store) -> None:
    one = create(store)
    store.leases.claim("p", 60)
    store.leases.release(one.id, "p", 0.2)
    assert store.leases.claim("p", 60) == []
    time.sleep(0.25)
    assert store.leases.claim("p", 60) == [one.id]
    store.leases.release(one.id, "p", None)
    assert store.leases.claim("p", 60) == []
    store.leases.wake(one.id)
    assert store.leases.claim("p", 60) == [one.id]


def test_leases_of_the_dead_are_free_at_once(store: Store) -> None:
    one, two = create(store, "a"), create(store, "b")
    assert store.leases.claim("dead", 60, limit=1) == [one.id]
    assert store.leases.claim("alive", 60) == [two.id]
    store.leases.release_dead(lambda holder: holder == "dead")
    assert store.leases.claim("p", 60) == [one.id]


def test_the_longest_due_comes_first(store: Store) -> None:
    ids = [create(store, name).id for name in "abc"]
    store.leases.wake(ids[0])
    assert store.leases.claim("p", 60, limit=2) == [ids[1], ids[2]]


def test_counts_follow_every_change_of_their_own(store: Store) -> None:
    def counts(account: str = "111111111111") -> dict[str, int]:
        return store.resources.count_by_status("job", account)

    assert counts() == {}
    one, two = create(store, "one", status="x"), create(store, "two", status="x")
    assert counts() == {"x": 2} == counts()
    with store.resources.edit(one.id) as edited:
        assert edited is not None
        edited.status = "y"
    assert counts() == {"x": 1, "y": 1}
    other = Store(store.config)
    other.resources.delete(two.id, "ana")
    other.close()
    assert counts() == {"y": 1}
    assert counts("222222222222") == {}


def test_who_asks_is_told_when_the_next_is_due(store: Store) -> None:
    leases = store.leases
    assert leases.due_in() is None
    job = create(store)
    found = leases.due_in()
    assert found is not None and -60 < found <= 0
    assert leases.claim("a:1:0.0:x", 60) == [job.id]
    assert leases.due_in() is None  # somebody works on it
    leases.release(job.id, "a:1:0.0:x", 30.0)
    found = leases.due_in()
    assert found is not None and 0 < found <= 30
    leases.wake(job.id)
    found = leases.due_in()
    assert found is not None and found <= 0
    assert leases.claim("a:1:0.0:x", 60) == [job.id]
    leases.release(job.id, "a:1:0.0:x", None)
    assert leases.due_in() is None
