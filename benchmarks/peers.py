"""What we are compared with, each peer in an environment of its own.

An environment is made once and kept: below ``STUDIO_BENCHMARK_PEERS``, by default
``~/.cache/studio-benchmarks``. ``python -m benchmarks.peers moto mlserver`` makes them beforehand.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

#: What each peer is installed from. A name followed by requirements of the measured program.
REQUIREMENTS: dict[str, list[str]] = {
    "moto": ["moto[s3,server]>=5.1"],
    "mlserver": ["mlserver", "mlserver-sklearn"],
    "bentoml": ["bentoml", "scikit-learn"],
    "litserve": ["litserve", "scikit-learn"],
    "uvicorn": ["uvicorn[standard]", "scikit-learn"],
    "polars": ["polars>=2"],
    "ydata": ["ydata-profiling>=4.18", "pyarrow"],
}


def folder() -> Path:
    """Where the environments are."""
    return Path(
        os.environ.get("STUDIO_BENCHMARK_PEERS") or Path.home() / ".cache" / "studio-benchmarks"
    )


def python_of(peer: str, *more: str) -> Path:
    """The interpreter of a peer's environment, made now if it is not there yet.

    ``more`` are requirements beside the peer's own; each set has its environment. KeyError for a
    peer that is not known, CalledProcessError when the installation fails.
    """
    requirements = [*REQUIREMENTS[peer], *more]
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:10]
    place = folder() / f"{peer}-{key}"
    python = place / "bin" / "python"
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "ready").exists():
            print(f"Installing {' '.join(requirements)} into {place}", file=sys.stderr, flush=True)
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, *requirements], check=True)
            (place / "ready").touch()
    return python


def program_of(peer: str, program: str, *more: str) -> Path:
    """A command that a peer's environment brings, such as ``moto_server``."""
    return python_of(peer, *more).with_name(program)


if __name__ == "__main__":
    for name in sys.argv[1:] or REQUIREMENTS:
        print(name, python_of(name))
