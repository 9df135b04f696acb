"""Logs of Studio's processes: JSON lines in files, plain words on a console."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

from pythonjsonlogger.json import JsonEncoder, JsonFormatter

from . import context, secrets
from .lines import LineFile, stamp

#: Where this package logs, and what the one line for each answered request names as its logger.
PACKAGE, ACCESS = "studio_ext", "studio.access"
#: Whose records go to a process's file, from which level on.
_KEPT = {PACKAGE: logging.INFO, "uvicorn.error": logging.WARNING}
_NAMES = {"levelname": "level", "name": "logger"}
# Made once: making them costs more than a line.
_encode, _encode_record = json.JSONEncoder(default=str).encode, JsonEncoder().encode


class Json(JsonFormatter):
    """``time``, ``level``, ``logger``, ``message``, ``request_id`` and what ``extra`` brought."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields=_NAMES,
            json_serializer=lambda fields, **_options: _encode_record(fields),
        )

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put the time first and the request last."""
        log_data["time"] = stamp(record.created)
        super().add_fields(log_data, record, message_dict)
        if "request_id" not in log_data and (found := context.request_id()):
            log_data["request_id"] = found


class Words(logging.Formatter):
    """One readable line: time of day, level, text, and the start of the request's id."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        text = secrets.without(super().format(record))
        found = getattr(record, "request_id", "") or context.request_id()
        return f"{text}  [{found[:8]}]" if found else text


class ToFile(logging.Handler):
    """Appends records to a file; while the disk is full they are counted, and never raise."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = LineFile(path)
        self._lost = 0
        self.setFormatter(Json())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        self._write(text)

    def line(self, fields: Mapping[str, Any]) -> None:
        """Write a line of fields: what a record with them would give, for a quarter of the cost."""
        at = {"time": stamp(time.time()), "level": "INFO"}
        with self.lock or nullcontext():
            self._write(_encode({**at, **fields}))

    @property
    def direct(self) -> bool:
        """Whether :func:`say` may write to it."""
        return self.level <= logging.INFO and not self.filters

    def _write(self, text: str) -> None:
        """Append a line, after word of those that could not be written."""
        try:
            if self._lost:
                self._file.write(self._gap().encode())
                self._lost = 0
            self._file.write(secrets.without(text).encode())
        except OSError as error:
            if not self._lost:
                print(f"studio: {self._file.path} cannot be written: {error}", file=sys.stderr)
            self._lost += 1

    def _gap(self) -> str:
        text = f"{self._lost} lines are missing here: they could not be written"
        return self.format(logging.LogRecord(PACKAGE, logging.WARNING, "", 0, text, None, None))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


@lru_cache(maxsize=8)
def _clock(at: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


class Console(logging.StreamHandler[TextIO]):
    """Readable lines for people; raises nothing."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream)
        self.setFormatter(Words())

    @property
    def direct(self) -> bool:
        """Whether :func:`say` may write to it."""
        return self.level <= logging.INFO and not self.filters

    def line(self, fields: Mapping[str, Any]) -> None:
        """Write what a record with these fields would give."""
        text = secrets.without(f"{_clock(int(time.time()))} INFO    {fields['message']}")
        found = fields.get("request_id", "")
        try:
            with self.lock or nullcontext():
                self.stream.write(f"{text}  [{found[:8]}]\n" if found else f"{text}\n")
                self.flush()
        except (OSError, ValueError) as error:  # nobody reads it any more
            record = logging.LogRecord(PACKAGE, logging.INFO, "", 0, text, None, sys.exc_info())
            record.exc_text = str(error)
            self.handleError(record)


def say(logger: logging.Logger, message: str, **fields: Any) -> None:
    """``logger.info(message, extra=fields)`` for a third of it, where handlers of ours hear it.

    A record, with the place in the code that it comes from, was a fifth of what a Create's handler
    took.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    heard: list[ToFile | Console] = []
    at: logging.Logger | None = logger
    while at is not None:
        for handler in at.handlers:
            if not isinstance(handler, (ToFile, Console)) or not handler.direct:
                logger.info("%s", message, extra=fields, stacklevel=2)
                return
            heard.append(handler)
        at = at.parent if at.propagate else None
    if not heard or logger.filters:
        logger.info("%s", message, extra=fields, stacklevel=2)
        return
    found = context.request_id()
    line = {"logger": logger.name, "message": message, **fields}
    if found:
        line["request_id"] = found
    for handler in heard:
        handler.line(line)


def to_file(path: Path) -> ToFile:
    """Send what this process has to say to a file; the handler, for :func:`end`."""
    handler = ToFile(path)
    for name, level in _KEPT.items():
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
    return handler


def end(handler: logging.Handler) -> None:
    """Take back what :func:`to_file` or :func:`to_console` did."""
    for name in _KEPT:
        logging.getLogger(name).removeHandler(handler)
    handler.close()


def to_console(stream: TextIO | None = None) -> logging.Handler:
    """Send this package's log, not that of single requests, to a console for people."""
    handler = Console(stream)
    logging.getLogger(PACKAGE).addHandler(handler)
    logging.getLogger(PACKAGE).setLevel(logging.INFO)
    return handler
