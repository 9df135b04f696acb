"""The feed of changes."""

from __future__ import annotations

import time

import pytest

from studio_ext.control import events
from studio_ext.control.world import World
from studio_ext.store.resources import Event


def test_changes_from_now_on_are_told_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.02)

    def create(name: str) -> int:
        return world.store.resources.create(
            kind="job",
            account="111111111111",
            domain="d",
            name=name,
            arn=name,
            owner="ana",
            status="A",
            spec={},
        ).id

    create("before")
    told: list[Event] = []
    feed = events.EventFeed(world.store, told.append)
    feed.start()
    try:
        identity = create("one")
        with world.store.resources.edit(identity) as edited:
            assert edited is not None
            edited.status = "B"
        world.store.resources.delete(identity, "ana")
        end = time.monotonic() + 60
        while len(told) < 3 and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        feed.stop()
    assert [(e.name, e.change, e.status) for e in told] == [
        ("one", "created", "A"),
        ("one", "updated", "B"),
        ("one", "deleted", "B"),
    ]
