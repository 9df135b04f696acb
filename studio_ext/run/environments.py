"""Python environments of jobs: thin layers over an installed one, made in milliseconds.

A job runs in a layer of its own, so that ``pip install`` in a script changes neither Studio's
environment nor another job's. What a ``requirements.txt`` asks for is installed once into a
cached layer, which later jobs with the same file share. A layer sees all that is installed
below it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from studio_ext.files import read_json, write_json

# Settings of the network and of pip that an installation takes over from the server's process.
NETWORK = re.compile(
    r"(?i)(https?|no|all|ftp)_proxy|PIP_(?!TARGET|PREFIX|ROOT|USER|PYTHON)\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|HOME|XDG_CONFIG_HOME"
)
# What a supervisor needs beside them. Its environment can be read by what it starts.
_SUPERVISOR = re.compile(r"PATH|PYTHONPATH|LD_LIBRARY_PATH|LANG|LC_\w+|TZ|TMPDIR")
_LOCAL = re.compile(r"^(-e|-r|-c|--|\.|/)|file:|(?<!://)\S+\.(whl|zip|tar\.gz)$")
_QUERY = """
import json, os, site, sys, sysconfig
known = [*site.getsitepackages(), site.getusersitepackages()]
print(json.dumps({
    "version": sys.version,
    "executable": os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable),
    "sites": [path for path in known if path in sys.path],
    "bin": sysconfig.get_path("scripts"),
}))
"""
_PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'

Run = Callable[[list[str], Mapping[str, str], Path], int]
Pause = Callable[[], None]


class InstallError(Exception):
    """An installation that failed; ``command`` and ``exit_code`` say which and how."""

    def __init__(self, command: list[str], exit_code: int) -> None:
        super().__init__(f"{' '.join(command)} ended with exit code {exit_code}")
        self.command = command
        self.exit_code = exit_code


@dataclass(frozen=True)
class Base:
    """An environment that layers are put on.

    ``executable`` is the interpreter below any virtual environment, ``sites`` its package
    folders, first found first, ``bins`` its script folders.
    """

    version: str
    executable: str
    sites: list[str]
    bins: list[str]

    def above(self, layer: Path) -> Base:
        """This base with a layer on top."""
        return Base(
            self.version,
            self.executable,
            [str(site_packages(layer, self)), *self.sites],
            [str(layer / "bin"), *self.bins],
        )


def scrubbed() -> dict[str, str]:
    """The environment of a supervisor: nothing of the server's but what is on the list.

    Above all no keys, tokens and database addresses.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if NETWORK.fullmatch(name) or _SUPERVISOR.fullmatch(name)
    }


def interpreter(framework: str, overrides: Mapping[str, str] | None = None) -> str:
    """The Python that serves a framework: one set for it, or the one Studio runs in."""
    return (overrides or {}).get(framework, sys.executable)


def describe(python: str, cache: Path) -> Base:
    """Ask an interpreter about itself, once until it changes; OSError when it cannot run."""
    status = os.stat(python)
    configuration = Path(python).parent.parent / "pyvenv.cfg"
    changed = configuration.stat().st_mtime_ns if configuration.exists() else 0
    key = f"{python}\0{status.st_ino}\0{status.st_mtime_ns}\0{changed}"
    path = cache / f"base-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    known = read_json(path)
    if known is None:
        known = _ask(python)
        cache.mkdir(parents=True, exist_ok=True)
        write_json(path, known)
    return Base(**known)


def _ask(python: str) -> dict[str, object]:
    answer = subprocess.run(
        [python, "-E", "-c", _QUERY], capture_output=True, text=True, cwd="/", check=False
    )
    if answer.returncode:
        raise OSError(f"{python} does not work: {answer.stderr.strip()[-500:]}")
    facts = json.loads(answer.stdout)
    bins = list(dict.fromkeys([os.path.dirname(python), facts["bin"]]))
    return asdict(Base(facts["version"], facts["executable"], facts["sites"], bins))


def site_packages(layer: Path, base: Base) -> Path:
    """Package folder of a layer."""
    major, minor = base.version.split()[0].split(".")[:2]
    return layer / "lib" / f"python{major}.{minor}" / "site-packages"


def create_layer(layer: Path, base: Base) -> Base:
    """Make an empty layer over ``base``; returns the two together.

    It is a virtual environment as ``python -m venv`` makes it, less the parts that take time.
    """
    packages = site_packages(layer, base)
    packages.mkdir(parents=True)
    (layer / "bin").mkdir()
    home = os.path.dirname(base.executable)
    (layer / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\n"
        f"version = {base.version.split()[0]}\nexecutable = {base.executable}\n"
    )
    for name in ("python", "python3", packages.parent.name):
        (layer / "bin" / name).symlink_to(base.executable)
    for name in ("pip", "pip3"):
        (layer / "bin" / name).write_text(_PIP)
        (layer / "bin" / name).chmod(0o755)
    lines = [f"import site; site.addsitedir({path!r})" for path in base.sites]
    (packages / "_base.pth").write_text("\n".join(lines) + "\n")
    return base.above(layer)


def install(code: Path, base: Base, cache: Path, package: bool, run: Run, pause: Pause) -> Base:
    """The layer with what the code folder asks for: its ``requirements.txt``, and itself if a
    ``package``. Taken from the cache, or built there by ``run(command, environment, folder)``,
    which returns an exit code. InstallError when pip fails. ``pause`` is called while another
    job builds the same layer; it waits a moment, and may raise to give up.
    """
    layer = cache / _key(code, base, package)
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(layer.with_name(layer.name + ".lock"), pause):
        if not (layer / "ready").exists():
            shutil.rmtree(layer, ignore_errors=True)
            create_layer(layer, base)
            _build(layer, code, package, run)
            (layer / "ready").touch()
    return base.above(layer)


def _build(layer: Path, code: Path, package: bool, run: Run) -> None:
    environment = {key: value for key, value in os.environ.items() if NETWORK.fullmatch(key)}
    environment["PATH"] = f"{layer / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    environment.update(LANG="C.UTF-8", PYTHONUNBUFFERED="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    python = str(layer / "bin" / "python")
    if run([python, "-c", "import pip"], environment, code):
        _checked(run, [python, "-m", "ensurepip"], environment, code)
    command = [python, "-m", "pip", "install", "--no-input"]
    if package:
        command.append(".")
    if (code / "requirements.txt").exists():
        command += ["-r", "requirements.txt"]
    _checked(run, command, environment, code)


def _checked(run: Run, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
    code = run(command, environment, folder)
    if code:
        raise InstallError(["python", *command[1:]], code)


def _key(code: Path, base: Base, package: bool) -> str:
    """What a cached layer depends on; the code itself only if it is installed or referred to."""
    requirements = code / "requirements.txt"
    # Whatever it holds, it is pip that says what is wrong with it.
    data = requirements.read_bytes() if requirements.exists() else b""
    lines = _requirements(data.decode(errors="backslashreplace"))
    digest = hashlib.sha256(json.dumps([lines, asdict(base)]).encode())
    if package or any(_LOCAL.search(line) for line in lines):
        for path in sorted(path for path in code.rglob("*") if path.is_file()):
            digest.update(str(path.relative_to(code)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _requirements(text: str) -> list[str]:
    """Requirement lines without comments, in one order."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return sorted(line for line in lines if line)


@contextlib.contextmanager
def _locked(path: Path, pause: Pause) -> Iterator[None]:
    with open(path, "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pause()
        yield
