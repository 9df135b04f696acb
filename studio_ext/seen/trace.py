"""Everything about one request, in the order of time, from the logs of every process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import Config
from .lines import stamp

#: Fields of a line that its text has already, or that every line has.
_TOLD = {"time", "level", "logger", "message", "request_id"}


@dataclass(frozen=True)
class Line:
    """One line of a log: when (as the logs write it), in which file, what it says."""

    time: str
    file: str
    text: str
    fields: dict[str, Any]


def trace(config: Config, request_id: str) -> list[Line]:
    """The lines about a request, oldest first.

    The servers' logs name the jobs and model servers that came of it; the logs of those are read
    too, and nobody else's, however many there are.
    """
    found = [line for file in _server_logs(config) for line in _about(config, file, request_id)]
    found += _audited(config, request_id)
    for folder in _folders(config, found):
        for name in ("shim.log", "supervisor.log", "log"):
            found += _about(config, folder / name, request_id)
    return sorted(found, key=lambda line: line.time)


def _server_logs(config: Config) -> Iterator[Path]:
    for name in ("control.log", "gateway.log"):
        yield from sorted(config.logs_dir.glob(f"{name}*"))


def _audited(config: Config, request_id: str) -> Iterator[Line]:
    for file in sorted((config.logs_dir / "audit").glob("*.jsonl")):
        for event in _documents(file, request_id):
            if event.get("requestID") == request_id:
                error = f" {event['errorCode']}" if event.get("errorCode") else ""
                text = f"audit: {event.get('eventSource')} {event.get('eventName')}{error}"
                yield Line(event.get("eventTime", ""), str(file.relative_to(config.path)), text, {})


def _folders(config: Config, found: list[Line]) -> list[Path]:
    jobs = {str(line.fields["job"]) for line in found if "job" in line.fields}
    instances = {str(line.fields["instance"]) for line in found if "instance" in line.fields}
    return [
        *(config.jobs_dir / job for job in sorted(jobs) if "/" not in job),
        *(config.endpoints_dir / instance for instance in sorted(instances) if "/" not in instance),
    ]


def _about(config: Config, file: Path, request_id: str) -> Iterator[Line]:
    name = str(file.relative_to(config.path))
    for document in _documents(file, request_id):
        if not document.keys() >= {"time", "message"}:
            # A model server's own output: undated, so it goes with the end of its file.
            yield Line(stamp(file.stat().st_mtime), name, document.get("text", ""), {})
        elif document.get("request_id") == request_id:
            rest = {key: value for key, value in document.items() if key not in _TOLD}
            text = f"{document.get('level', '')} {document['message']}"
            yield Line(document["time"], name, text, rest)


def _documents(file: Path, wanted: str) -> Iterator[dict[str, Any]]:
    """JSON objects of the lines that have a text somewhere; others as ``{"text": line}``."""
    needle = wanted.encode()
    try:
        with open(file, "rb") as lines:
            for line in lines:
                if needle not in line:
                    continue
                try:
                    document = json.loads(line)
                except ValueError:
                    document = {"text": line.decode(errors="replace").rstrip()}
                yield document if isinstance(document, dict) else {"text": str(document)}
    except FileNotFoundError:
        return
