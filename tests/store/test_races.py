"""What transactions that run at once must not do to each other, on either database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.portable import now
from studio_ext.store.resources import Resource
from studio_ext.store.tables import events

ACCOUNT = "111111111111"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store
    store.close()


def create(store: Store, name: str) -> Resource:
    return store.resources.create(
        kind="job",
        account=ACCOUNT,
        domain="d",
        name=name,
        arn=name,
        owner="ana",
        status="InProgress",
        spec={},
    )


def at_once(*tasks: Callable[[], Any]) -> None:
    """Run tasks on threads; raises what one of them raised."""
    failures: list[BaseException] = []

    def attempt(task: Callable[[], Any]) -> None:
        try:
            task()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=attempt, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def slow_commits(store: Store, delay_s: Callable[[], float]) -> None:
    """Have transactions commit late, each by another time."""

    def wait(_connection: Any) -> None:
        time.sleep(delay_s())

    event.listen(store.engine, "commit", wait)


def test_a_reader_of_the_event_log_misses_nothing(store: Store) -> None:
    ids = [create(store, name).id for name in "abcd"]
    last = store.resources.last_event()
    delays = iter([0.05, 0.0, 0.02, 0.0, 0.03, 0.01] * 100)
    slow_commits(store, lambda: next(delays))
    seen: list[int] = []
    ended = threading.Event()

    def follow() -> None:
        position = last
        while True:
            is_last = ended.is_set()
            for each in store.resources.events_after(position):
                position = each.id
                seen.append(each.id)
            if is_last:
                return

    def change(resource_id: int) -> None:
        for number in range(15):
            with store.resources.edit(resource_id) as edited:
                assert edited is not None
                edited.state["n"] = number

    reader = threading.Thread(target=follow)
    reader.start()
    at_once(*(lambda i=i: change(i) for i in ids))
    ended.set()
    reader.join()
    with store.read() as connection:
        there = list(connection.scalars(select(events.c.id).where(events.c.id > last)))
    assert seen == sorted(there) and len(seen) == 60


def test_versions_of_routes_are_given_once(store: Store) -> None:
    slow_commits(store, lambda: 0.01)
    given: list[int] = []

    def publish(name: str) -> None:
        for weight in range(10):
            document = {"account": ACCOUNT, "endpoint": name, "weight": weight}
            given.append(store.routes.put(document))

    at_once(*(lambda name=name: publish(name) for name in "abcd"))
    assert sorted(given) == list(range(1, 41))
    assert store.routes.version() == 40


def test_tags_added_at_once_are_all_kept(store: Store) -> None:
    job = create(store, "a")
    slow_commits(store, lambda: 0.01)
    add = store.resources.add_tags
    at_once(*(lambda n=n: add(job.id, {f"k{n}": "v", "same": str(n)}, 50) for n in range(8)))
    assert set(store.resources.tags(job.id)) == {"same", *(f"k{n}" for n in range(8))}


def test_the_limit_of_tags_holds_at_once(store: Store) -> None:
    job = create(store, "a")
    slow_commits(store, lambda: 0.01)

    def add(number: int) -> None:
        try:
            store.resources.add_tags(job.id, {f"k{number}": "v"}, 5)
        except ValueError:
            refused.append(number)

    refused: list[int] = []
    at_once(*(lambda n=n: add(n) for n in range(8)))
    assert len(store.resources.tags(job.id)) == 5 and len(refused) == 3


def test_a_resource_is_placed_once(tmp_path: Path) -> None:
    first = Store(Config(home=str(tmp_path / "a")))
    url = first.config.database_url
    second = Store(Config(home=str(tmp_path / "b"), database_url=url))
    jobs = [create(first, str(number)) for number in range(10)]
    placed: dict[int, list[str]] = {job.id: [] for job in jobs}

    def place(store: Store) -> None:
        for job in jobs:
            if store.leases.place(job.id):
                placed[job.id].append(store.leases.node)

    at_once(lambda: place(first), lambda: place(second))
    assert all(len(nodes) == 1 for nodes in placed.values())
    for store in (first, second):
        mine = [i for i, nodes in placed.items() if nodes == [store.leases.node]]
        for i in mine:
            store.leases.wake(i)
        assert sorted(store.leases.claim("p", 60)) == sorted(mine)
        store.close()


def test_a_home_keeps_its_name_and_shares_it_with_nobody(tmp_path: Path) -> None:
    names = []
    for home in ("a", "b", "a"):
        store = Store(Config(home=str(tmp_path / home)))
        names.append(store.leases.node)
        store.close()
    assert names[0] == names[2] != names[1]


def test_the_clock_is_one_for_a_whole_statement(store: Store) -> None:
    with store.read() as connection:
        one, other, later = connection.execute(select(now(), now(), now() + 5)).one()
    assert one == other and later - one == pytest.approx(5, abs=1e-3)
    assert one == pytest.approx(time.time(), abs=5)
