"""From an operation to the flow's process and back, without a thread that waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..control.world import World
from ..wire.dispatch import Call
from ..wire.errors import ApiError, ValidationException
from ..wire.identity import Caller
from .pool import Pool
from .process import Asked, FlowProcess
from .sources import Sources, read_document

#: Characters of a flow's document.
MOST_TEXT = 16 << 20
THREADS = 8
DEFAULT_FLOW = "default"
CANCELED = "The request was canceled."


class Asker:
    """Puts questions about flows, each as its caller."""

    def __init__(self, world: World, pool: Pool) -> None:
        self.world = world
        self.pool = pool
        self._threads = ThreadPoolExecutor(THREADS, "studio-flow-call")
        #: (account, the client's id of a request) -> what it asked.
        self._named: dict[tuple[str, str], tuple[FlowProcess, Asked]] = {}

    async def ask(self, call: Call, do: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer to an operation about a flow; ended when its client goes or cancels it."""
        loop = asyncio.get_running_loop()
        seconds = self.world.config.flow_request_s
        process, asked = await loop.run_in_executor(
            self._threads, self.put, call.caller, do, params, seconds
        )
        name = (call.caller.account_id, params.get("RequestId", ""))
        if name[1]:
            self._named[name] = process, asked
        try:
            return await self._answer(call, process, asked)
        finally:
            if name[1] and self._named.get(name) == (process, asked):
                del self._named[name]

    async def _answer(self, call: Call, process: FlowProcess, asked: Asked) -> dict[str, Any]:
        answer = asyncio.ensure_future(asyncio.wrap_future(asked.future))
        waited: set[asyncio.Future[Any]] = {answer}
        if call.gone is not None:
            waited.add(asyncio.ensure_future(call.gone()))
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise asyncio.CancelledError
            return answer.result()
        except asyncio.CancelledError:
            if not asked.future.done():
                process.end(asked, canceled())
            raise canceled() from None
        finally:
            for each in waited - {answer}:
                each.cancel()
            if not answer.done():
                # Its outcome is of no interest any more.
                answer.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def about_nothing(self, do: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question that is about no flow."""
        loop = asyncio.get_running_loop()
        process = await loop.run_in_executor(self._threads, self.pool.any)
        asked = process.ask(do, params, self.world.config.flow_request_s, _nowhere)
        self.pool.busy()
        return await asyncio.wrap_future(asked.future)

    def put(
        self,
        caller: Caller,
        do: str,
        params: dict[str, Any],
        seconds: float,
        progress: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> tuple[FlowProcess, Asked]:
        """Put a question to the flow's process, which this may wait for."""
        text = document_of(self.world, caller, params)
        flow = params.get("FlowId", DEFAULT_FLOW)
        process = self.pool.of(caller.account_id, flow)
        sources = Sources(self.world, caller, flow)
        given = {**params, "Document": text}
        asked = process.ask(do, given, seconds, sources.find, progress)
        self.pool.busy()
        return process, asked

    def cancel(self, caller: Caller, request: str) -> bool:
        """End a request by its client's id; whether there was one."""
        found = self._named.get((caller.account_id, request))
        if found is None:
            return False
        process, asked = found
        process.end(asked, canceled())
        return True

    def stop(self) -> None:
        """Take no further questions; the processes end."""
        self.pool.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)


def canceled() -> ApiError:
    """What a client is told whose request was ended by it."""
    return ApiError("RequestCanceled", CANCELED)


def document_of(world: World, caller: Caller, params: dict[str, Any]) -> str:
    """The text of the flow that a request is about.

    Raises ValidationException where it is none at all, before a process is troubled with it.
    """
    named = [each for each in ("Document", "DocumentUri") if each in params]
    if len(named) != 1:
        raise ValidationException("Give either Document or DocumentUri.")
    uri = params.get("DocumentUri")
    text: str = read_document(world, caller, uri, MOST_TEXT) if uri else params["Document"]
    what = uri or "Document"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationException(f"{what} is no JSON document: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), list):
        raise ValidationException(f"{what} is no flow: nodes is no list.")
    return text


def _nowhere(_what: str, name: str, _folder: Path) -> Any:
    raise ValidationException(f"{name!r} is asked for by no flow.")
