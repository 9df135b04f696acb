"""What happened in a round: requests and their answers, and the faults; plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """One request. Times in epoch seconds.

    ``outcome``: accepted, refused (an error was answered), undelivered (no connection) or unknown
    (the connection died before an answer).
    """

    operation: str
    name: str
    started: float
    ended: float
    outcome: str
    status: int = 200
    code: str = ""
    message: str = ""

    @property
    def may_have_effect(self) -> bool:
        """Whether the server may have done it."""
        return self.outcome in ("accepted", "unknown") or self.status >= 500


@dataclass
class Job:
    """A job that was asked for. ``kind``: works, fails, long (is to be stopped), or flow (the
    work is Data Wrangler's); ``form``: Training or Processing."""

    name: str
    kind: str
    lines: int
    create: Call
    stops: list[Call] = field(default_factory=list)
    delete: Call | None = None
    ended: bool = False
    form: str = "Training"


@dataclass
class Write:
    """A write of one object: put, multipart or delete; ``content`` names its bytes."""

    key: str
    call: Call
    content: str = ""
    size: int = 0


@dataclass
class Injected:
    """A fault as it happened, between ``at`` and ``done``.

    ``until``: when it was over (the disk free, the server up).
    """

    label: str
    at: float
    until: float
    role: str = ""
    job: str = ""
    pid: int = 0
    done: float = 0.0


@dataclass
class History:
    """All of a round. ``starts``: seconds that each start of the server took."""

    jobs: dict[str, Job] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    invocations: list[Call] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    faults: list[Injected] = field(default_factory=list)
    updates: list[Call] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)


@dataclass
class State:
    """What is there afterwards.

    ``jobs`` maps a name to its description, ``ids`` to the runner's id of it, ``logs`` to its
    lines; ``objects`` maps a key to ``{"sha256", "etag", "md5", "size"}``, ``answers`` a job to
    the digest of its model's file. The rest are findings in words, to be empty.
    """

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    endpoint: dict[str, Any] = field(default_factory=dict)
    processes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    leases: list[str] = field(default_factory=list)
    integrity: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
