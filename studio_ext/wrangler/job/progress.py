"""What a job says of itself while it runs: a line for each change, on disk before it goes on.

Each line of the file is a JSON object: ``node``, ``label``, ``type``, ``state`` (those of
:class:`~studio_ext.wrangler.running.State`, and ``stopped``), ``at`` (seconds since the epoch), and
at a node's end ``seconds``, ``rows_in`` and ``rows_out`` where they are known, ``reused`` where an
earlier run had done it, ``error`` and ``field``. Outputs have ``output`` and no ``node``.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any


class Progress:
    """The file, and the log, which says the same to people."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._lock = threading.Lock()
        self._open: dict[str, dict[str, Any]] = {}
        self._ended: dict[str, dict[str, Any]] = {}

    def begin(self, key: str, **what: Any) -> None:
        """Something has begun; ``key`` names it until its end."""
        self._open[key] = {**what, "at": time.time()}
        self._write({**what, "state": "running", "at": self._open[key]["at"]})

    def end(self, key: str, state: str, **more: Any) -> None:
        """It has ended so; what ended before may end otherwise, once more is known of it."""
        now = time.time()
        begun = self._open.pop(key, None) or {**self._ended.get(key, {}), "at": now}
        known = {name: value for name, value in more.items() if value is not None}
        self._ended[key] = {name: value for name, value in begun.items() if name != "at"}
        line = {**begun, "state": state, "at": now, "seconds": now - begun["at"], **known}
        self._write(line)
        print(_said(line), flush=True)

    def stopped(self) -> None:
        """The job is to end: what is open does not come out."""
        for key in list(self._open):
            self.end(key, "stopped")

    def broken(self, error: str) -> list[str]:
        """Something that no step foresees has ended the job; in which of them, in words."""
        told = []
        for key, step in list(self._open.items()):
            self.end(key, "failed", error=error)
            told.append(f"{step.get('label', 'output')!r} ({key}): {error}")
        return told or [error]

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            os.write(self._file, f"{json.dumps(line)}\n".encode())
            os.fsync(self._file)


def _said(line: dict[str, Any]) -> str:
    about = f"output {line['output']}" if "output" in line else f"{line['label']} ({line['node']})"
    rows = ""
    if "rows_out" in line:
        came = f"{line['rows_in']:,} -> " if "rows_in" in line else ""
        rows = f", {came}{line['rows_out']:,} rows"
    again = ", from the job before" if line.get("reused") else ""
    error = f": {line['error']}" if "error" in line else ""
    return f"{about}: {line['state']}{again}{rows}, {line['seconds']:.2f} s{error}"
