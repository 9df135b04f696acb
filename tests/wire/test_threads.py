"""Handlers run on threads, with their request's context, and their outcome comes back."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pytest

from studio_ext.wire.threads import Threads

who = contextvars.ContextVar("who", default="nobody")


def test_results_errors_and_context_come_and_go() -> None:
    threads = Threads(2, "call")

    def act(fails: BaseException | None) -> tuple[str, str]:
        if fails is not None:
            raise fails
        return who.get(), threading.current_thread().name

    async def main() -> None:
        who.set("ada")
        assert await threads.run(act, None) == ("ada", "call_0")
        with pytest.raises(OSError, match="full"):
            await threads.run(act, OSError("full"))
        with pytest.raises(RuntimeError, match="StopIteration"):
            await threads.run(act, StopIteration())
        assert await threads.run(act, None) == ("ada", "call_0")

    asyncio.run(main())
    threads.close()


def test_no_more_threads_than_are_needed_or_allowed() -> None:
    threads = Threads(3, "call")
    busy, most, used = 0, 0, set()
    lock = threading.Lock()

    def act(number: int) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
            used.add(threading.current_thread().name)
        time.sleep(0.005)
        with lock:
            busy -= 1
        return number

    async def main() -> None:
        for number in range(5):
            assert await threads.run(act, number) == number
        assert len(used) == 1
        found = await asyncio.gather(*(threads.run(act, number) for number in range(50)))
        assert found == list(range(50))
        assert (most, len(used)) == (3, 3)
        assert await threads.run(act, 7) == 7

    asyncio.run(main())
    threads.close()


def test_several_loops_and_a_caller_that_goes_away() -> None:
    threads = Threads(4, "call")
    gate = threading.Event()

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(threads.run(gate.wait, 60), 0.05)

    asyncio.run(leave())  # its loop is closed before the outcome is there
    gate.set()

    async def ask(number: int) -> int:
        return int(await threads.run(lambda: number))

    found: list[int] = []
    loops = [
        threading.Thread(target=lambda n=n: found.append(asyncio.run(ask(n)))) for n in range(6)
    ]
    for each in loops:
        each.start()
    for each in loops:
        each.join(60)
    assert sorted(found) == list(range(6))
    threads.close()


def test_closing_refuses_and_cancels_what_waits_and_lets_the_rest_end() -> None:
    threads = Threads(1, "call")
    gate = threading.Event()

    async def main() -> None:
        runs = asyncio.ensure_future(threads.run(lambda: gate.wait(60)))
        waits = asyncio.ensure_future(threads.run(lambda: "too late"))
        await asyncio.sleep(0.05)
        threads.close()
        with pytest.raises(asyncio.CancelledError):
            await waits
        with pytest.raises(RuntimeError, match="ending"):
            await threads.run(lambda: None)
        gate.set()
        assert await runs is True

    asyncio.run(main())
