"""Unmodified client scripts, each in a process and a folder of its own, all at the same time.

The SDK looks at a job every few seconds and at an endpoint every 30: side by side, they wait
together. With several test workers one of them starts server and scripts, and all read the results.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_process import wait_for

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
#: A script fits and deploys one after the other, on a machine busy with all the others.
SCRIPT_S = 280.0
_KEEP_STATUS = '"$@" > output 2>&1; echo $? > status.part; mv status.part status'


def sdk_python() -> Path | None:
    """The interpreter with the real SageMaker SDK; None when there is none."""
    chosen = os.environ.get("STUDIO_SDK_PYTHON")
    path = Path(chosen) if chosen else REPOSITORY / ".venv-sdk" / "bin" / "python"
    if chosen and not path.exists():
        raise FileNotFoundError(f"STUDIO_SDK_PYTHON names {path}, which does not exist")
    return path if path.exists() else None


@dataclass(frozen=True)
class Run:
    """A script that was started in ``folder``."""

    folder: Path

    def wait(self) -> Run:
        """Itself, once the script has ended; fails with its output if it ended badly."""
        status = self.folder / "status"
        try:
            wait_for(status.exists, f"the end of {self.folder.name}", SCRIPT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None
        assert status.read_text().strip() == "0", self.output
        return self

    @property
    def output(self) -> str:
        """What the script has printed."""
        return (self.folder / "output").read_text()

    @property
    def result(self) -> dict[str, Any]:
        """What the script printed last: one line of JSON."""
        found: dict[str, Any] = json.loads(self.output.strip().splitlines()[-1])
        return found


def start(name: str, root: Path, environment: dict[str, str], python: Path) -> int:
    """Start a script; returns the id of its process group."""
    folder = root / name.removesuffix(".py")
    shutil.copytree(HERE / "scripts", folder)
    shutil.copytree(REPOSITORY / "notebooks" / "data", folder / "data")
    process = subprocess.Popen(
        ["sh", "-c", _KEEP_STATUS, "script", str(python), "-u", name],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    return process.pid


def end_groups(groups: list[int]) -> None:
    """End scripts that nobody waits for any more."""
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has ended by itself


@contextmanager
def locked(path: Path) -> Iterator[dict[str, Any]]:
    """A JSON document shared by test workers, to read and change by one at a time."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        document = json.loads(text) if text else {}
        yield document
        file.seek(0)
        file.truncate()
        file.write(json.dumps(document))
