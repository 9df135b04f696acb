"""Request bodies into the store: bounded memory, and no blocking of the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

from ...store.objects import Writer
from ...wire.dispatch import Call
from ...wire.threads import Threads
from .common import Params
from .requested import Promise

_R = TypeVar("_R")
_BATCH = 1 << 20

# Hashing and writing release the interpreter lock; more threads than cores, as some wait on disk.
_threads = Threads(16, "studio-s3")


async def store_body(
    call: Call, params: Params, promise: Promise, open_writer: Callable[[], Writer[_R]]
) -> _R:
    """Write the body and commit it if it is what was promised.

    One batch is written while the next is received, so at most two are in memory.
    """
    chunks = call.body if call.body is not None else _given(params)
    batch, ended = await _batch(chunks)
    if ended:
        return await _threads.run(_store_whole, batch, promise.kept(call), open_writer)
    writer = await _threads.run(open_writer)
    try:
        while not ended:
            writing = _threads.run(_write, writer, batch)
            batch, ended = await _batch(chunks)
            await writing
        return await _threads.run(_finish, writer, batch, promise.kept(call))
    except BaseException:
        await _threads.run(writer.abort)  # waits for a write in progress
        raise


def _store_whole(
    body: Sequence[bytes], expected: dict[str, str], open_writer: Callable[[], Writer[_R]]
) -> _R:
    with open_writer() as writer:
        return _finish(writer, body, expected)


def _finish(writer: Writer[_R], rest: Sequence[bytes], expected: dict[str, str]) -> _R:
    _write(writer, rest)
    return writer.commit(expected)


def _write(writer: Writer[_R], batch: Sequence[bytes]) -> None:
    for chunk in batch:
        writer.write(chunk)


async def _batch(chunks: AsyncIterator[bytes]) -> tuple[list[bytes], bool]:
    """The next chunks, about a megabyte of them, and whether the body ended with them."""
    batch: list[bytes] = []
    size = 0
    async for chunk in chunks:
        batch.append(chunk)
        size += len(chunk)
        if size >= _BATCH:
            return batch, False
    return batch, True


async def _given(params: Params) -> AsyncIterator[bytes]:
    """What a caller in this process gave as Body."""
    given: Any = params.get("Body", b"")
    if not hasattr(given, "read"):
        yield given.encode() if isinstance(given, str) else bytes(given)
        return
    while chunk := await _threads.run(given.read, _BATCH):
        yield chunk
