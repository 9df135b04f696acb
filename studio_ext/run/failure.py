"""Why a job failed, in the words SageMaker's toolkit uses."""

from __future__ import annotations

import re
import signal
from pathlib import Path

LIMIT = 1024
TAIL = 64 * 1024
MESSAGE_LIMIT = 600
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):$", re.MULTILINE)


def script_error(
    name: str, exit_code: int, command: list[str], log: str, extra: str | None = None
) -> str:
    """The reason for a script that ended with ``exit_code``; ``log`` is the end of its output."""
    lines = [f"{name}:", f"ExitCode {exit_code}", f'ErrorMessage "{error_message(log)}"']
    if extra:
        lines.append(f'ExtraInfo "{extra}"')
    lines.append(f'Command "{" ".join(command)}"')
    return "\n".join(lines)[:LIMIT]


def error_message(log: str) -> str:
    """The exception a log ends with, or else its last lines."""
    log = log.replace("\r", "\n")
    tracebacks = list(_TRACEBACK.finditer(log))
    if tracebacks:
        message = _exception(log[tracebacks[-1].end() :])
        if message:
            return message[:MESSAGE_LIMIT]
    last = [line.rstrip() for line in log.splitlines() if line.strip()][-5:]
    return "\n".join(last)[-MESSAGE_LIMIT:]


def _exception(text: str) -> str:
    """What follows the indented frames of a traceback."""
    lines = text.strip("\n").splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith(" "):
            return "\n".join(lines[number : number + 10]).strip()
    return ""


def read_start(path: Path) -> str | None:
    """The first 1,024 characters of a file, None when it is missing or empty."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(LIMIT).strip() or None
    except OSError:
        return None


def read_tail(path: Path, start: int) -> str:
    """The end of a log, from byte ``start`` on at the earliest."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(start, size - TAIL))
        return file.read().decode("utf-8", "replace")


def exit_code(returned: int) -> int:
    """An exit code as a container reports it: 128 and the signal's number for a killed one."""
    return 128 - returned if returned < 0 else returned


def killed_by(returned: int) -> str | None:
    """Says which signal ended a process, None when it ended by itself."""
    if returned >= 0:
        number = returned - 128 if returned in (128 + signal.SIGKILL, 128 + signal.SIGSEGV) else 0
    else:
        number = -returned
    if not number:
        return None
    name = signal.Signals(number).name if number in signal.valid_signals() else "a signal"
    text = f"Process killed by {name} (signal {number})"
    return f"{text}; the machine may be out of memory" if number == signal.SIGKILL else text
