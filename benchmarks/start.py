"""Start and rest: until ``studio serve`` answers, what it adds to JupyterLab, and idling.

JupyterLab is started with and without the extension, by turns. At rest the CPU of all of Studio's
processes is summed over a while and their memory taken as PSS, which counts what they share once.

``python -m benchmarks.start [--rounds 3] [--idle-s 60]``
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import urllib.request
from pathlib import Path

from .measure import Claim, Cost, cpu_seconds, free_port, process, pss_bytes, report
from .studios import new_home, processes_of, serving

MB = 1 << 20


def lab(home: Path, *, with_studio: bool) -> Cost:
    """JupyterLab until it answers: CPU of its process, and wall time."""
    port = free_port()
    extensions = {"studio_ext": with_studio, "jupyterlab": True}
    command = [
        *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
        f"--port={port}",
        "--IdentityProvider.token=",
        f"--ServerApp.jpserver_extensions={extensions}",
        f"--ServerApp.root_dir={home}",
    ]
    environment = {"STUDIO_HOME": str(home / "studio"), "JUPYTER_CONFIG_DIR": str(home / "config")}

    def answers() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1) as answer:
            return bool(answer.status == 200)

    started = time.perf_counter()
    with process(command, answers, environment=environment, log=home / "lab.out") as server:
        return Cost(cpu_seconds(server.pid), time.perf_counter() - started)


def idle(home: Path, seconds: float) -> tuple[float, float]:
    """(part of a core, bytes) that a whole Studio takes at rest."""
    with serving(home):
        time.sleep(20)  # its first chores are done
        pids = [p.pid for p in processes_of(home)]
        # Together: the gateway is among the server's descendants, and is to be counted once.
        before = cpu_seconds(*pids)
        time.sleep(seconds)
        used = cpu_seconds(*pids) - before
        return used / seconds, pss_bytes(*pids)


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle-s", type=float, default=60)
    options = parser.parse_args()
    starts, pairs = [], []
    with new_home() as home:
        for _ in range(options.rounds):
            with serving(home) as server:
                starts.append(server.start)
        core, memory = idle(home, options.idle_s)
    for _ in range(options.rounds):
        with new_home() as home:
            pairs.append((lab(home, with_studio=True), lab(home, with_studio=False)))
    with_, without = (
        Cost(statistics.median(c.cpu for c in side), statistics.median(c.wall for c in side))
        for side in zip(*pairs, strict=True)
    )
    cpu, wall = (statistics.median(getattr(c, n) for c in starts) for n in ("cpu", "wall"))
    return report(
        [
            Claim("studio serve ready: wall (aim in s)", wall, 1.0, 2.0, "s"),
            Claim("studio serve ready: CPU (aim in s)", cpu, 1.0, 1.5, "s"),
            Claim("JupyterLab ready with Studio: wall", with_.wall, without.wall, 1.3, "s"),
            Claim("JupyterLab ready with Studio: CPU", with_.cpu, without.cpu, 1.3, "s"),
            Claim("idle memory of all of Studio (aim: 150 MB)", memory / MB, 150, 1.0, "MB"),
            Claim("idle CPU of all of Studio (aim: 0.5 %)", core * 100, 0.5, 1.0, "%"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
