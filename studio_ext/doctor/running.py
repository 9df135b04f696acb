"""Studio's own processes: who serves, whether they answer, what they have left behind."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from .. import __version__, occupancy
from ..config import Config
from ..files import lock_file, read_json
from ..notebook import session
from ..run.processes import MARKER
from .findings import Finding, ok

_NEEDED = "Without a control plane no request is answered; jobs and endpoints go on."
_GATEWAY = "Endpoints cannot be invoked."


def processes(config: Config) -> Iterator[Finding]:
    """The control plane and the gateway live and answer; their files do not lie."""
    start = f"studio serve --home {shlex.quote(config.home)}"
    for name, file, mend, meaning in (
        ("control plane", "control.json", start, _NEEDED),
        ("gateway", "gateway.json", f"{start}  # starts it too", _GATEWAY),
    ):
        path = config.run_dir / file
        try:
            entry: dict[str, Any] = read_json(path) or {}
            host, port, pid = session.reachable(entry.get("host")), entry.get("port"), None
            pid = int(entry["pid"]) if entry.get("pid") else None
        except (ValueError, AttributeError, TypeError):
            yield Finding("FAIL", name, f"{path} is damaged", meaning, f"rm {path}", _unlink(path))
            continue
        if not port:
            yield Finding("WARN", name, "never started", meaning, mend)
            continue
        yield _process(name, path, (host, int(port), pid), (meaning, mend))
        if entry.get("version") not in (None, "", __version__) and _alive(pid):
            yield _skew(name, f"pid {pid}", str(entry["version"]), f"kill {pid}; {mend}")


def _process(
    name: str, path: Path, at: tuple[str, int, int | None], words: tuple[str, str]
) -> Finding:
    host, port, pid = at
    meaning, mend = words
    alive, answers = pid is None or _alive(pid), session.listens(host, port)
    if alive and answers:
        if name == "gateway" and pid and not _pings(host, port):
            text = f"pid {pid} accepts connections on {host}:{port} and does not answer"
            return Finding("FAIL", name, text, meaning, _wake(pid))
        return ok(name, f"answers on {host}:{port}{f' (pid {pid})' if pid else ''}")
    if alive and pid:
        text = f"pid {pid} lives, but {host}:{port} does not answer"
        return Finding("FAIL", name, text, meaning, _wake(pid))
    if answers:
        by = occupancy.taken_by(port) or " by another program"
        text = f"{host}:{port} is taken by another program ({by.strip()}), Studio's is gone"
        return Finding("FAIL", name, text, meaning, mend, _unlink(path))
    text = f"not running ({path} is left from before)"
    return Finding("WARN", name, text, meaning, mend, _unlink(path))


def _wake(pid: int) -> str:
    try:
        if psutil.Process(pid).status() == psutil.STATUS_STOPPED:
            return f"kill -CONT {pid}  # it was stopped"
    except psutil.NoSuchProcess:
        pass
    return f"kill {pid}  # and start Studio again"


def _pings(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def port(config: Config) -> Iterator[Finding]:
    """The port that is set can be had, or is Studio's already."""
    if not config.port:
        return
    known = occupancy.Occupant.read(config)
    if known is not None and known.port == config.port and known.serves():
        return
    if session.listens(session.reachable(config.host), config.port):
        yield Finding(
            "FAIL",
            "port",
            f"{config.host}:{config.port} is taken{occupancy.taken_by(config.port)}",
            "Studio is set to listen there and cannot start.",
            "end that program, or leave --port out: a free one is taken then",
        )


def seat(config: Config) -> Iterator[Finding]:
    """Who holds the home is who says so."""
    holder, known = occupancy.holder(config), occupancy.Occupant.read(config)
    if holder and known and known.pid != holder and _alive(holder):
        text = f"pid {holder} holds the home, control.json names {known.pid}"
        meaning = "It is just starting, or cannot write its address; clients do not find it."
        yield Finding("WARN", "home's holder", text, meaning, f"ps -fp {holder}")


def sockets(config: Config) -> Iterator[Finding]:
    """Sockets of model workers that nobody listens on."""
    stale = [path for path in config.socket_dir.rglob("*.sock") if not _listens(path)]
    if stale:
        names = " ".join(shlex.quote(str(path)) for path in stale[:5])
        yield Finding(
            "WARN",
            "sockets",
            f"{len(stale)} that nobody listens on",
            "They were left by workers that were killed, and take only a name.",
            f"rm {names}",
            _unlink(*stale),
        )
    else:
        yield ok("sockets", "none stale")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # busy: somebody is there
    return True


def supervised(config: Config) -> Iterator[Finding]:
    """Every job and worker process has a supervisor, of this version."""
    orphans: dict[str, list[int]] = {}
    versions: dict[str, list[str]] = {}
    for root in {root for root, _ in _marked(config)}:
        document = _document(root)
        version = str(document.get("version") or "")
        if version not in ("", __version__):
            versions.setdefault(version, []).append(root.name)
    for root, pid in _marked(config):
        if not _is_held(root / "lock"):
            orphans.setdefault(root.name, []).append(pid)
    for name, pids in sorted(orphans.items()):
        numbers = " ".join(map(str, pids))
        yield Finding(
            "WARN",
            "left over",
            f"processes of {name} run without their supervisor: {numbers}",
            "Its supervisor was killed; a control plane ends them when it next looks.",
            f"kill {numbers}",
        )
    for version, names in sorted(versions.items()):
        what = f"{len(names)} jobs or model servers ({', '.join(sorted(names)[:3])})"
        yield _skew(
            "supervisors",
            what,
            version,
            "a control plane of this version starts model servers again; jobs end with theirs",
        )
    if not orphans and not versions:
        yield ok("supervisors", "every process has one")


def _marked(config: Config) -> list[tuple[Path, int]]:
    """(folder, process id) of the processes that carry the mark of a folder of this home."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARKER)
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
        if mark and mark.startswith(f"{config.home}/"):
            found.append((Path(mark), process.pid))
    return found


def _document(root: Path) -> dict[str, Any]:
    try:
        return dict(read_json(root / "spec.json") or read_json(root / "instance.json") or {})
    except ValueError:
        return {}


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    descriptor = lock_file(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _skew(subject: str, who: str, version: str, mend: str) -> Finding:
    return Finding(
        "WARN",
        subject,
        f"{who} runs Studio {version}, installed is {__version__}",
        "It goes on with the old code until it is started anew.",
        mend,
    )


def _unlink(*paths: Path) -> Callable[[], None]:
    def fix() -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    return fix


def _alive(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid) and not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
