"""Parts written where the object will have them: never torn, and joined where they do not fit."""

from __future__ import annotations

import os
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from studio_ext.store.database import read
from studio_ext.store.objects import (
    Condition,
    InvalidPart,
    InvalidRequest,
    LocalObjectStore,
    NoSuchUpload,
    PreconditionFailed,
)
from studio_ext.store.objects.tables import uploads
from studio_ext.store.objects.uploads import MIN_PART_BYTES, Chosen

SLOT = MIN_PART_BYTES
A, B, C = (bytes([n]) * SLOT for n in (1, 2, 3))
END = b"end"


class Upload:
    """An upload to ``s3://bucket/k`` through one store or several on the same files."""

    def __init__(self, store: LocalObjectStore) -> None:
        self.store = store
        self.id = store.multipart.create("bucket", "k").id
        self.chosen: dict[int, Chosen] = {}

    def writer(self, number: int, size: int | None, store: LocalObjectStore | None = None) -> Any:
        multipart = (store or self.store).multipart
        return multipart.writer("bucket", "k", self.id, number, size=size)

    def send(self, number: int, body: bytes, size: int | None = None) -> None:
        with self.writer(number, len(body) if size is None else size) as writer:
            writer.write(body[: len(body) // 2])
            writer.write(body[len(body) // 2 :])
            self.chosen[number] = Chosen(number, writer.commit().etag)

    def complete(self, *numbers: int, condition: Condition | None = None) -> bytes:
        chosen = [self.chosen[number] for number in numbers or sorted(self.chosen)]
        complete = self.store.multipart.complete
        complete("bucket", "k", self.id, chosen, condition=condition or Condition())
        return self.store.read("bucket", "k")

    def file(self, engine: Engine) -> str | None:
        with read(engine) as connection:
            return connection.scalar(select(uploads.c.data).where(uploads.c.id == self.id))


@pytest.fixture
def upload(local: LocalObjectStore) -> Upload:
    return Upload(local)


@pytest.fixture
def no_joins(local: LocalObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_sources: Any) -> str:
        raise AssertionError("bytes were copied")

    monkeypatch.setattr(local._files, "concatenate", refuse)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("order", [(1, 2, 3), (2, 1, 3), (2, 3, 1)])
@pytest.mark.usefixtures("no_joins")
def test_equal_parts_are_not_copied(
    upload: Upload, engine: Engine, root: Path, order: tuple[int, ...]
) -> None:
    for number in order:
        upload.send(number, {1: A, 2: B, 3: END}[number])
    file = upload.file(engine)
    assert upload.complete() == A + B + END
    made = upload.store.local_path("bucket", "k")
    assert files(root) == [made]
    assert made.name == file
    assert made.stat().st_mode & 0o777 == 0o444


def test_what_does_not_fit_is_joined(upload: Upload, root: Path) -> None:
    for number, body in ((1, A), (2, B + b"more"), (5, END + C[3:]), (7, END)):
        upload.send(number, body)
    assert upload.complete() == A + B + b"more" + END + C[3:] + END
    assert len(files(root)) == 1


def test_a_part_sent_again_replaces_the_first_and_no_other(upload: Upload, root: Path) -> None:
    upload.send(1, A)
    upload.send(2, B)
    upload.send(1, C)
    assert upload.complete() == C + B
    assert len(files(root)) == 1


def test_a_part_sent_thrice_goes_back_into_its_slot(upload: Upload, root: Path) -> None:
    for body in (A, B, C):
        upload.send(1, body)
    upload.send(2, END)
    assert upload.complete() == C + END
    assert len(files(root)) == 1


def test_parts_that_were_not_chosen_go(upload: Upload, root: Path) -> None:
    for number, body in enumerate((A, B, C), 1):
        upload.send(number, body)
    assert upload.complete(1, 2) == A + B
    assert len(files(root)) == 1


@pytest.mark.usefixtures("no_joins")
def test_what_a_broken_part_left_behind_the_last_is_cut_off(upload: Upload) -> None:
    upload.send(1, A)
    with upload.writer(2, SLOT) as writer:
        writer.write(B)  # and no commit
    assert upload.complete() == A
    assert upload.store.local_path("bucket", "k").stat().st_size == SLOT


@pytest.mark.usefixtures("no_joins")
def test_a_part_broken_off_is_sent_again_into_its_slot(upload: Upload) -> None:
    upload.send(2, B)
    with upload.writer(1, SLOT) as writer:
        writer.write(C[:1000])
    upload.send(1, A)
    assert upload.complete() == A + B


def test_more_bytes_than_were_announced_do_not_reach_the_next_part(upload: Upload) -> None:
    upload.send(2, B)
    with upload.writer(1, SLOT) as writer:
        writer.write(A)
        with pytest.raises(InvalidRequest) as error:
            writer.write(b"x")
    assert error.value.code == "IncompleteBody"
    upload.send(1, C)
    assert upload.complete() == C + B


def test_a_part_sent_twice_at_once(upload: Upload, engine: Engine, root: Path) -> None:
    """Through two stores, as two control planes of one home are."""
    other = LocalObjectStore(engine, root)
    with upload.writer(1, SLOT) as first, upload.writer(1, SLOT, other) as second:
        for half in (slice(0, SLOT // 2), slice(SLOT // 2, SLOT)):
            first.write(A[half])
            second.write(B[half])
        second.commit()
        upload.chosen[1] = Chosen(1, first.commit().etag)
    upload.send(2, END)
    assert upload.complete() == A + END
    assert len(files(root)) == 1


def test_completing_while_a_part_is_being_sent(upload: Upload, root: Path) -> None:
    upload.send(1, A)
    with upload.writer(2, SLOT) as late:
        late.write(B[:1000])
        assert upload.complete() == A
        late.write(B[1000:])
        with pytest.raises(NoSuchUpload):
            late.commit()
    assert upload.store.read("bucket", "k") == A
    assert upload.store.local_path("bucket", "k").stat().st_size == SLOT
    assert len(files(root)) == 1


def test_a_refused_completion_leaves_the_parts(upload: Upload, engine: Engine) -> None:
    upload.store.put("bucket", "k", b"old")
    upload.send(1, A)
    upload.send(2, END)
    with pytest.raises(PreconditionFailed):
        upload.complete(condition=Condition(if_none_match="*"))
    file = upload.file(engine)
    upload.send(2, B)
    upload.send(3, END)
    assert upload.file(engine) == file
    assert upload.complete() == A + B + END


def test_completing_on_two_control_planes(
    upload: Upload, engine: Engine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds the upload gone after it looked, and answers as the first did."""
    other = LocalObjectStore(engine, root)
    upload.send(1, A)
    upload.send(2, END)
    second = other.multipart.complete
    look = other.multipart._completing._look
    answers = []

    def late_look(*where: Any) -> Any:
        found = look(*where)
        answers.append(upload.store.multipart.complete("bucket", "k", upload.id, chosen))
        return found

    chosen = [upload.chosen[1], upload.chosen[2]]
    monkeypatch.setattr(other.multipart._completing, "_look", late_look)
    answers.append(second("bucket", "k", upload.id, chosen))
    answers.append(second("bucket", "k", upload.id, chosen))
    assert len({answer.etag for answer in answers}) == 1
    assert len(answers) == 3
    assert upload.store.read("bucket", "k") == A + END
    assert len(files(root)) == 1


def test_a_wrong_part_is_refused_after_completion_elsewhere_too(upload: Upload) -> None:
    upload.send(1, A)
    with pytest.raises(InvalidPart):
        upload.store.multipart.complete("bucket", "k", upload.id, [Chosen(1, "0" * 32)])
    assert upload.complete() == A


def test_the_file_is_kept_by_the_sweep_and_goes_with_the_upload(
    upload: Upload, root: Path, engine: Engine
) -> None:
    upload.send(1, A)
    again = LocalObjectStore(engine, root)
    assert again.sweep(older_than_s=-1) == 0
    again.multipart.abort("bucket", "k", upload.id)
    assert files(root) == []


def test_the_file_goes_with_the_bucket(upload: Upload, root: Path) -> None:
    upload.send(1, A)
    upload.store.delete_bucket("bucket")
    assert files(root) == []


def test_no_descriptor_is_left_open(upload: Upload) -> None:
    upload.send(1, A)
    before = len(os.listdir("/proc/self/fd"))
    upload.send(1, B)
    upload.send(2, END)
    with pytest.raises(InvalidPart):
        upload.store.multipart.complete("bucket", "k", upload.id, [Chosen(1, "0" * 32)])
    upload.complete()
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_sent_in_whatever_order(local: LocalObjectStore, root: Path, seed: int) -> None:
    """Parts at once, again, broken off, too small and too large: the object is what was chosen."""
    chance = random.Random(seed)
    upload, held = Upload(local), dict[int, bytes]()
    sizes = [SLOT] * 6 + [SLOT + 1, SLOT + 4096]
    for _ in range(chance.randint(3, 8)):
        with ExitStack() as stack:
            sent = []
            for number in chance.choices(range(1, 5), k=chance.randint(1, 3)):
                body = bytes([chance.randrange(256)]) * chance.choice(sizes)
                known = chance.choice([len(body), len(body), None])
                sent.append((number, body, stack.enter_context(upload.writer(number, known))))
            for _number, body, writer in sent:
                writer.write(body[:4096])
            chance.shuffle(sent)
            for number, body, writer in sent:
                writer.write(body[4096:])
                if chance.random() < 0.8:
                    upload.chosen[number] = Chosen(number, writer.commit().etag)
                    held[number] = body
    upload.send(5, END)
    held[5] = END
    numbers = sorted(held)
    assert upload.complete() == b"".join(held[number] for number in numbers)
    assert len(files(root)) == 1
