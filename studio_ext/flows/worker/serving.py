"""The process's own loop: questions come in, each is answered by a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from typing import Any

import duckdb

from ...wrangler.engines.duckdb import explained
from ...wrangler.errors import (
    ColumnError,
    DataError,
    FlowError,
    ParameterError,
    StepError,
    UnsupportedError,
    WranglerError,
)
from ..channel import CONNECTION, Channel
from .answering import ANSWERS
from .plain import plain
from .question import Canceled, Question
from .session import Session

log = logging.getLogger(__name__)

#: How the API calls what is wrong with a flow.
CODES: tuple[tuple[type[WranglerError], str], ...] = (
    (ParameterError, "InvalidParameter"),
    (ColumnError, "MissingColumn"),
    (UnsupportedError, "Unsupported"),
    (FlowError, "InvalidDocument"),
    (DataError, "InvalidData"),
)


class NotFound(WranglerError):
    """The control plane refuses what a source needs, with a code of its own."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.code = code


class Server:
    """Answers what comes over ``descriptor``; tables may take ``memory`` bytes together.

    Code of the user's own sees nothing of the folders ``hidden``.
    """

    def __init__(self, descriptor: int, memory: int, hidden: Iterable[str] = ()) -> None:
        self._channel = Channel(descriptor)
        self._session = Session(memory, hidden)
        self._open: dict[int, Question] = {}
        self._asked: dict[int, tuple[threading.Event, list[dict[str, Any]]]] = {}
        self._guard = threading.Lock()
        self._count = 0

    def serve(self) -> None:
        """Until nobody asks any more; then the process is gone, with all that it runs."""
        try:
            self._channel.send({"ready": os.getpid()})
            while True:
                message, _ = self._channel.receive()
                self._take(message)
        except (EOFError, OSError):
            os._exit(0)

    def _take(self, message: dict[str, Any]) -> None:
        if "do" in message:
            number = message["id"]
            question = Question(
                message["params"],
                lambda what, name: self._find(number, what, name),
                lambda progress: self._channel.send({"id": number, "progress": progress}),
            )
            self._open[number] = question
            arguments = (number, message["do"], question)
            threading.Thread(target=self._work, args=arguments, daemon=True).start()
        elif "cancel" in message:
            canceled = self._open.get(message["cancel"])
            if canceled is not None:
                canceled.cancel()
        elif "answers" in message:
            event, into = self._asked.pop(message["answers"])
            into.append(message)
            event.set()

    def _work(self, number: int, do: str, question: Question) -> None:
        try:
            answer, content = ANSWERS[do](self._session, question)
            told: dict[str, Any] = {"id": number, "answer": plain(answer)}
        except Canceled:
            told, content = {"id": number, "error": {"code": "Canceled", "message": ""}}, None
        except (WranglerError, duckdb.Error) as error:
            told, content = {"id": number, "error": _error(error)}, None
        except MemoryError:
            text = "The flow needs more memory than it may have"
            told, content = {"id": number, "error": {"code": "Memory", "message": text}}, None
        except Exception as error:
            log.exception("%s failed", do)
            text = f"{type(error).__name__}: {error}"
            told, content = {"id": number, "error": {"code": "Internal", "message": text}}, None
        question.end()
        self._open.pop(number, None)
        try:
            self._channel.send(told, content)
        except OSError:
            os._exit(0)

    def _find(self, number: int, what: str, name: str) -> Any:
        """What a source needs, as the control plane lets whoever asked have it."""
        event: threading.Event = threading.Event()
        into: list[dict[str, Any]] = []
        with self._guard:
            self._count += 1
            key = self._count
        self._asked[key] = event, into
        self._channel.send({"find": key, "id": number, "what": what, "name": name})
        event.wait()
        (found,) = into
        if "error" in found:
            field = what if what == CONNECTION else None
            raise NotFound(found["code"], found["error"], field)
        return found["found"]


def _error(error: Exception) -> dict[str, Any]:
    if isinstance(error, duckdb.Error):
        error = explained(error)
    assert isinstance(error, WranglerError)
    told: dict[str, Any] = {"message": str(error), "field": error.field}
    if isinstance(error, StepError):
        told["node"] = error.node
        error = error.cause
    told["code"] = code_of(error)
    return told


def code_of(error: WranglerError) -> str:
    """What kind of mistake an error tells of."""
    if isinstance(error, NotFound):
        return error.code
    return next((code for kind, code in CODES if isinstance(error, kind)), "Failed")
