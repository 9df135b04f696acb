"""Local files: what a crash leaves, who wins a race, which names are safe."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from studio_ext.store.objects import (
    Condition,
    InvalidPart,
    InvalidRequest,
    LocalObjectStore,
    NoSuchUpload,
    ObjectStoreError,
    PreconditionFailed,
)
from studio_ext.store.objects import datafiles as datafiles_module
from studio_ext.store.objects.uploads import Chosen

OLD = time.time() + 7200


def data_files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/abs", "a/../b", "..", ".", "x" * 1024, "日本"]
)
def test_no_key_leaves_the_root(local: LocalObjectStore, root: Path, key: str) -> None:
    local.put("bucket", key, b"x")
    path = local.local_path("bucket", key)
    assert path.parent.parent == root
    assert path.resolve().is_relative_to(root.resolve())
    assert local.read("bucket", key) == b"x"


@pytest.mark.parametrize("key", ["", "nul\0", "x" * 1025, "\ud800"])
def test_keys_that_are_refused(local: LocalObjectStore, key: str) -> None:
    with pytest.raises(InvalidRequest):
        local.put("bucket", key, b"x")


def test_replaced_and_deleted_files_go(local: LocalObjectStore, root: Path) -> None:
    for body in (b"1", b"2", b"3"):
        local.put("bucket", "k", body)
    assert len(data_files(root)) == 1
    local.copy(("bucket", "k"), ("bucket", "copy"))
    assert len(data_files(root)) == 2
    local.delete_many("bucket", ["k", "copy"])
    assert data_files(root) == set()


def test_copy_shares_the_bytes(local: LocalObjectStore) -> None:
    local.put("bucket", "k", b"x")
    local.copy(("bucket", "k"), ("bucket", "copy"))
    assert os.path.samefile(local.local_path("bucket", "k"), local.local_path("bucket", "copy"))


def test_files_are_read_only(local: LocalObjectStore) -> None:
    local.put("bucket", "k", b"x")
    assert stat.S_IMODE(local.local_path("bucket", "k").stat().st_mode) == 0o444


def test_moved_file_is_not_copied(local: LocalObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model")
    inode = path.stat().st_ino
    info = local.put_file("bucket", "k", path, move=True, md5="5" * 32)
    assert local.local_path("bucket", "k").stat().st_ino == inode
    assert (info.etag, info.size) == ("5" * 32, 5)


def test_moved_file_stays_when_it_cannot_be_placed(
    local: LocalObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model")

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("database is gone")

    monkeypatch.setattr(local._placer, "place", fail)
    with pytest.raises(RuntimeError):
        local.put_file("bucket", "k", path, move=True)
    assert path.read_bytes() == b"model"
    assert data_files(root) == set()


def test_moving_to_no_bucket_leaves_the_file(local: LocalObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model")
    with pytest.raises(ObjectStoreError):
        local.put_file("no-such-bucket", "k", path, move=True)
    assert path.exists()


def test_linking_over_disks_copies(
    local: LocalObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.put("bucket", "k", b"x")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(datafiles_module.os, "link", refuse)
    local.link("bucket", "k", tmp_path / "copy")
    local.copy(("bucket", "k"), ("bucket", "other"))
    assert (tmp_path / "copy").read_bytes() == local.read("bucket", "other") == b"x"


# --- crash and sweep


def test_sweep_takes_orphans_only(
    local: LocalObjectStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.put("bucket", "k", b"x")
    upload = local.multipart.create("bucket", "parts")
    with local.multipart.writer("bucket", "parts", upload.id, 1) as part:
        part.write(b"part")
        part.commit()
    orphan = root / "ab" / ("ab" + "0" * 30)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left by a crash")
    writer = local.writer("bucket", "slow")
    writer.write(b"in progress")
    assert local.sweep() == 0  # too young
    monkeypatch.setattr(datafiles_module.time, "time", lambda: OLD)
    assert local.sweep() == 1
    assert not orphan.exists()
    writer.commit()
    assert local.read("bucket", "k") == b"x"
    assert local.read("bucket", "slow") == b"in progress"
    assert len(data_files(root)) == 3


def test_crash_before_the_commit_is_invisible_and_swept(
    engine: Engine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = LocalObjectStore(engine, root)
    first.create_bucket("bucket")
    writer = first.writer("bucket", "k")
    writer.write(b"x" * 100)
    # the process ends here: another one opens the same home
    second = LocalObjectStore(engine, root)
    assert second.list("bucket").objects == []
    monkeypatch.setattr(datafiles_module.time, "time", lambda: OLD)
    assert second.sweep() == 1
    assert data_files(root) == set()
    writer.abort()


def test_stale_uploads_are_aborted_on_demand(local: LocalObjectStore, root: Path) -> None:
    upload = local.multipart.create("bucket", "k")
    with local.multipart.writer("bucket", "k", upload.id, 1) as part:
        part.write(b"x")
        part.commit()
    local.sweep(uploads_older_than_s=3600)
    assert len(data_files(root)) == 1
    local.sweep(uploads_older_than_s=-1)
    assert data_files(root) == set()
    with pytest.raises(NoSuchUpload):
        local.multipart.get("bucket", "k", upload.id)


def test_lost_bytes_are_an_error_not_a_loop(local: LocalObjectStore) -> None:
    local.put("bucket", "k", b"x")
    local.local_path("bucket", "k").unlink()
    with pytest.raises(ObjectStoreError, match="lost"):
        local.open("bucket", "k")


# --- races


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Results or exceptions of ``count`` calls released together."""
    gate = threading.Barrier(count)

    def run(n: int) -> Any:
        gate.wait()
        try:
            return call(n)
        except ObjectStoreError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_one_of_many_creates(local: LocalObjectStore, root: Path) -> None:
    def create(n: int) -> str:
        with local.writer("bucket", "k", condition=Condition(if_none_match="*")) as writer:
            writer.write(b"%d" % n)
            return writer.commit().etag

    results = at_once(8, create)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, PreconditionFailed) for result in results) == 7
    assert len(data_files(root)) == 1


def test_readers_see_whole_objects_while_writers_replace_them(local: LocalObjectStore) -> None:
    local.put("bucket", "k", b"0" * 5000)
    stop = threading.Event()

    def write(n: int) -> None:
        while not stop.is_set():
            local.put("bucket", "k", b"%d" % n * 5000)

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(write, n) for n in (1, 2)]
        try:
            for _ in range(200):
                body = local.read("bucket", "k")
                assert len(body) == 5000 and len(set(body)) == 1
        finally:
            stop.set()
        for future in futures:
            future.result()


def test_completing_at_once(local: LocalObjectStore, root: Path) -> None:
    upload = local.multipart.create("bucket", "k")
    chosen = []
    for number in (1, 2):
        with local.multipart.writer("bucket", "k", upload.id, number) as part:
            part.write(b"x" * (5 << 20))
            chosen.append(Chosen(number, part.commit().etag))
    results = at_once(3, lambda _: local.multipart.complete("bucket", "k", upload.id, chosen).etag)
    assert len(set(results)) == 1
    assert local.stat("bucket", "k").size == 10 << 20
    assert len(data_files(root)) == 1


def test_part_replaced_while_joining(
    local: LocalObjectStore, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    upload = local.multipart.create("bucket", "k")

    def send(body: bytes) -> str:
        with local.multipart.writer("bucket", "k", upload.id, 1) as part:
            part.write(body)
            return part.commit().etag

    etag = send(b"first")
    join = local._files.concatenate

    def slow_join(sources: Any) -> str:
        data = join(sources)
        send(b"second")
        return data

    monkeypatch.setattr(local._files, "concatenate", slow_join)
    with pytest.raises(InvalidPart):
        local.multipart.complete("bucket", "k", upload.id, [Chosen(1, etag)])
    assert local.list("bucket").objects == []
    assert len(data_files(root)) == 1  # the part


def test_abort_waits_for_the_write(local: LocalObjectStore, root: Path) -> None:
    writer = local.writer("bucket", "k")
    body = b"x" * (32 << 20)
    thread = threading.Thread(target=lambda: writer.write(body))
    thread.start()
    writer.abort()
    thread.join()
    assert data_files(root) == set()
    with pytest.raises(ValueError, match="closed"):
        writer.commit()


def test_no_descriptor_is_left_open(local: LocalObjectStore) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    local.put("bucket", "warm", b"x")
    before = count()
    for n in range(20):
        local.put("bucket", f"k{n}", b"x")
        local.read("bucket", f"k{n}")
        again = local.writer("bucket", f"k{n}", condition=Condition(if_none_match="*"))
        with pytest.raises(PreconditionFailed), again:
            again.commit()
    assert count() <= before + 1


def test_copying_between_disks_when_the_kernel_cannot(
    local: LocalObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.copy_file_range
    calls: list[int] = []

    def half(source: int, target: int, count: int) -> int:
        if calls:
            raise OSError(18, "Invalid cross-device link")
        calls.append(real(source, target, 3))
        return calls[0]

    monkeypatch.setattr(datafiles_module.os, "copy_file_range", half)
    upload = local.multipart.create("bucket", "k")
    with local.multipart.writer("bucket", "k", upload.id, 1) as part:
        part.write(b"0123456789")
        etag = part.commit().etag
    local.multipart.complete("bucket", "k", upload.id, [Chosen(1, etag)])
    assert calls == [3]
    assert local.read("bucket", "k") == b"0123456789"
