"""A store is kept in order by short steps, and looks again only at what has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.config import Config
from studio_ext.store import Store, chores
from studio_ext.store.chores import PARTS, Chores


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path)))
    yield store
    store.close()


def orphan(store: Store, name: str) -> Path:
    path = store.config.objects_dir / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"left by a crash")
    return path


def test_a_round_does_everything_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(chores.retention, "tidy", lambda *_: done.append("tidy"))
    monkeypatch.setattr(
        type(store.objects), "sweep", lambda _self, part: done.append(f"sweep {part[0]}")
    )
    round_ = Chores(store, lambda: done.append("more"))
    for _ in range(PARTS + 50):
        round_.step()
    assert done[0] == "tidy"
    assert sorted(done[1:]) == sorted(["more", *(f"sweep {n}" for n in range(PARTS))])


def test_what_fails_does_not_hold_up_the_rest(store: Store) -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("the disk is full")

    round_ = Chores(store, lambda: done.append("after"), fail)
    failures = 0
    for _ in range(PARTS + 50):
        try:
            round_.step()
        except OSError:
            failures += 1
    assert (failures, done) == (1, ["after"])


def test_parts_of_a_sweep_make_the_whole(store: Store) -> None:
    left = [orphan(store, f"{number:02x}" + "0" * 30) for number in range(0, 256, 5)]
    removed = [store.objects.sweep(older_than_s=-1, part=(n, 8)) for n in range(8)]  # type: ignore[attr-defined]
    assert sum(removed) == len(left)
    assert max(removed) < len(left) // 4
    assert not any(path.exists() for path in left)


def test_a_folder_that_has_not_changed_is_not_read_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = store.objects
    objects.create_bucket("bucket")
    objects.put("bucket", "key", b"data")
    sweep = objects.sweep  # type: ignore[attr-defined]
    assert sweep(older_than_s=-1) == 0
    read: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(str(path)) or scandir(path))
    assert sweep(older_than_s=-1) == 0
    assert read == []
    time.sleep(0.02)  # the clock of files has ticks
    name = next(store.config.objects_dir.iterdir()).name
    left = orphan(store, name + "f" * 30)
    assert sweep(older_than_s=-1) == 1
    assert len(read) == 1 and not left.exists()
