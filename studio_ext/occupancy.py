"""Who serves a home: one control plane holds its seat, and others know of it.

The seat is a lock on ``run/control.lock``, which the kernel gives back whatever way its holder
ends. Where to reach the holder is in ``run/control.json``.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import psutil

from . import __version__
from .config import Config
from .files import lock_file, read_json, write_json
from .notebook.session import listens, reachable

_PATIENCE_S = 1.0  # whoever only looks has the lock for a moment


@dataclass(frozen=True)
class Occupant:
    """A control plane as it announces itself; ``started`` in epoch seconds."""

    pid: int
    host: str
    port: int
    program: str = ""
    version: str = ""
    started: float = 0.0

    @classmethod
    def read(cls, config: Config) -> Occupant | None:
        """What ``control.json`` says, true or not; None when it says nothing that can be used."""
        try:
            known: dict[str, Any] = read_json(config.run_dir / "control.json") or {}
            return cls(**{k: v for k, v in known.items() if k in cls.__dataclass_fields__})
        except (ValueError, TypeError, AttributeError):
            return None

    @classmethod
    def this(cls, config: Config, port: int) -> Occupant:
        """This process, serving ``port``."""
        program = Path(sys.argv[0] or "python").name
        started = psutil.Process().create_time()
        return cls(os.getpid(), config.host, port, program, __version__, started)

    @property
    def url(self) -> str:
        """Where clients on this machine reach it."""
        return f"http://{reachable(self.host)}:{self.port}"

    def serves(self) -> bool:
        """Whether it lives and listens."""
        if not isinstance(self.pid, int) or not psutil.pid_exists(self.pid):
            return False
        return listens(reachable(self.host), self.port, timeout_s=0.5)

    def announce(self, config: Config) -> None:
        """Write this one down, unless another one that lives has done so."""
        known = Occupant.read(config)
        if known != self and not (known and known.serves()):
            write_json(config.run_dir / "control.json", asdict(self))


class HomeInUse(Exception):
    """Another control plane serves the home; the text says which, and what to do."""

    def __init__(self, config: Config, pid: int | None) -> None:
        self.occupant = Occupant.read(config)
        if self.occupant and pid not in (None, self.occupant.pid):
            self.occupant = None  # the file is of one before it
        super().__init__(
            f"Studio runs on {config.home} already: {_who(pid, self.occupant)}.\n"
            f'To use it: eval "$(studio env --home {config.home})"\n'
            "To run another control plane beside it, both sharing the work: studio serve --share "
            "(or STUDIO_SHARED=1)"
        )


class Seat:
    """The place of a home's first control plane."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._file: TextIO | None = None

    @property
    def held(self) -> bool:
        """Whether this process has the seat."""
        return self._file is not None

    def take(self, patience_s: float = _PATIENCE_S) -> bool:
        """Sit down if nobody does; whether the seat is ours."""
        if self._file is None:
            descriptor = lock_file(_path(self._config), patience_s)
            if descriptor is not None:
                self._file = os.fdopen(descriptor, "r+")
                self._file.truncate(0)
                self._file.write(str(os.getpid()))
                self._file.flush()
        return self.held

    def leave(self) -> None:
        """Give the seat back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def take(config: Config) -> Seat:
    """A seat on a home: held, or not where ``config.share_home`` allows to work beside its holder.

    Raises
    ------
    HomeInUse
        If another control plane has the seat and the home is not to be shared.
    """
    config.make_folders()
    seat = Seat(config)
    if not seat.take(0.0 if config.share_home else _PATIENCE_S) and not config.share_home:
        raise HomeInUse(config, holder(config))
    return seat


def holder(config: Config) -> int | None:
    """Process id of the control plane that has the seat; None when nobody has."""
    path = _path(config)
    if not path.exists():
        return None
    descriptor = lock_file(path)
    if descriptor is not None:
        os.close(descriptor)
        return None
    text = path.read_text().strip()
    return int(text) if text.isdigit() else 0


def listener(port: int) -> psutil.Process | None:
    """The process that listens on a TCP port, as far as this user may see it."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            try:
                return psutil.Process(connection.pid) if connection.pid else None
            except psutil.NoSuchProcess:
                return None
    return None


def taken_by(port: int) -> str:
    """``" by pid 12 (nginx)"``, or nothing where that cannot be seen."""
    process = listener(port)
    if process is None:
        return ""
    try:
        return f" by pid {process.pid} ({process.name()})"
    except psutil.NoSuchProcess:
        return ""


def _path(config: Config) -> Path:
    return config.run_dir / "control.lock"


def _who(pid: int | None, known: Occupant | None) -> str:
    if known is None:
        return f"pid {pid}, which is just starting" if pid else "one that is just starting"
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(known.started))
    text = f"pid {known.pid} ({known.program} {known.version}, since {since}) serves {known.url}"
    try:
        if psutil.Process(known.pid).status() == psutil.STATUS_STOPPED:
            text += f"; it is stopped: kill -CONT {known.pid}"
    except psutil.NoSuchProcess:
        pass
    return text
