"""An object is old or new, whole, and no bytes stay behind, wherever its writer is killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.objects import LocalObjectStore, NoSuchKey, NoSuchUpload
from studio_ext.store.objects.uploads import Chosen
from tests.faults.steps import Steps, killed

OLD, NEW = b"old" * 1000, b"new" * 2000
PART = b"part" * (5 << 18)
Work = Callable[[LocalObjectStore, Path], None]


def opened(home: Path) -> Store:
    return Store(Config(home=str(home)))


def put(store: LocalObjectStore, _folder: Path) -> None:
    store.put("bucket", "key", NEW)


def copy(store: LocalObjectStore, _folder: Path) -> None:
    store.copy(("bucket", "source"), ("bucket", "key"))


def delete(store: LocalObjectStore, _folder: Path) -> None:
    store.delete("bucket", "key")


def give(store: LocalObjectStore, folder: Path) -> None:
    """What becomes of a job's artifact: done again after a crash, as its controller does."""
    path = folder / "artifact"
    if path.exists():
        store.put_file("bucket", "key", path, move=True)
    assert store.read("bucket", "key") == NEW, "the artifact is lost"


Part = tuple[int, bytes, int | None]  # number, bytes, size announced


def send(store: LocalObjectStore, upload_id: str, *bodies: Part) -> None:
    """Send parts, the last of a number is the one that counts, and complete."""
    uploads = store.multipart
    parts = {}
    for number, body, size in bodies:
        with uploads.writer("bucket", "key", upload_id, number, size=size) as writer:
            writer.write(body[:1000])
            writer.write(body[1000:])
            parts[number] = Chosen(number, writer.commit().etag)
    uploads.complete("bucket", "key", upload_id, [parts[number] for number in sorted(parts)])


def upload(store: LocalObjectStore, *bodies: Part) -> None:
    """An upload in parts, from its beginning to its end."""
    send(store, store.multipart.create("bucket", "key").id, *bodies)


def join(store: LocalObjectStore, _folder: Path) -> None:
    upload(store, (1, PART, None), (2, NEW, None))


def fill(store: LocalObjectStore, _folder: Path) -> None:
    """Each part into its slot of the file that becomes the object's."""
    upload(store, (1, PART, len(PART)), (2, NEW, len(NEW)))


def refill(store: LocalObjectStore, _folder: Path) -> None:
    """One part is in its slot, the other was sent again and is not."""
    upload(store, (2, OLD, None), (1, PART, len(PART)), (2, OLD, len(OLD)), (2, NEW, len(NEW)))


#: Work, what the key may hold after it: before, and after.
CASES: dict[str, tuple[Work, bytes | None]] = {
    "put": (put, NEW),
    "copy": (copy, NEW),
    "delete": (delete, None),
    "give": (give, NEW),
    "join": (join, PART + NEW),
    "fill": (fill, PART + NEW),
    "refill": (refill, PART + NEW),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store = opened(tmp_path / "home")
    store.objects.create_bucket("bucket")
    store.close()
    return tmp_path / "home"


@pytest.mark.parametrize("name", CASES)
def test_killed_at_every_step(home: Path, tmp_path: Path, name: str) -> None:
    work, new = CASES[name]
    deadly = 0
    while True:
        deadly += 1
        _reset(home, tmp_path)

        def run(steps: Steps) -> None:
            store = opened(home)
            assert isinstance(store.objects, LocalObjectStore)
            event.listen(store.engine, "commit", steps.step)
            steps.install()
            work(store.objects, tmp_path)
            store.close()

        was_killed = killed(run, tmp_path, deadly)
        held = _look(home)
        assert held == new if not was_killed else held in (OLD, new), f"at step {deadly}"
        if name == "give":
            store = opened(home)
            assert isinstance(store.objects, LocalObjectStore)
            give(store.objects, tmp_path)
            store.close()
        if not was_killed:
            break
    assert deadly > 2, "the steps were not seen"


def test_an_upload_goes_on_after_a_kill(home: Path, tmp_path: Path) -> None:
    """Whoever was not answered sends the parts again, and completes again."""
    bodies = [(1, PART, len(PART)), (2, NEW, len(NEW))]
    deadly, was_killed = 0, True
    while was_killed:
        deadly += 1
        store = opened(home)
        assert isinstance(store.objects, LocalObjectStore)
        begun = store.objects.multipart.create("bucket", "key").id
        store.close()

        def run(steps: Steps, upload_id: str = begun) -> None:
            store = opened(home)
            assert isinstance(store.objects, LocalObjectStore)
            event.listen(store.engine, "commit", steps.step)
            steps.install()
            send(store.objects, upload_id, *bodies)

        was_killed = killed(run, tmp_path, deadly)
        store = opened(home)
        assert isinstance(store.objects, LocalObjectStore)
        with contextlib.suppress(NoSuchUpload):  # it was complete
            send(store.objects, begun, *bodies)
        assert store.objects.read("bucket", "key") == PART + NEW, f"at step {deadly}"
        store.objects.delete("bucket", "key")
        store.close()
        assert _look(home) is None
    assert deadly > 6, "the steps were not seen"


def _reset(home: Path, folder: Path) -> None:
    store = opened(home)
    store.objects.put("bucket", "key", OLD)
    store.objects.put("bucket", "source", NEW)
    (folder / "artifact").write_bytes(NEW)
    store.close()


def _look(home: Path) -> bytes | None:
    """What the key holds; after a sweep there is a file for each row, and no other."""
    store = opened(home)
    try:
        objects = store.objects
        assert isinstance(objects, LocalObjectStore)
        objects.sweep(older_than_s=-1, uploads_older_than_s=-1)
        files = {path for path in (home / "objects").rglob("*") if path.is_file()}
        assert files == {objects.local_path("bucket", item.key) for item in objects.walk("bucket")}
        return objects.read("bucket", "key")
    except NoSuchKey:
        return None
    finally:
        store.close()
