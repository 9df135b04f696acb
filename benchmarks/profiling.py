"""The profile part of the insights report against ydata-profiling's minimal report.

A table of 20 columns as Parquet; each side is a process of its own that reads the file, looks at
every column and ends. Ours has more figures (skewness, quantiles, a robust deviation, outliers);
the peer's also writes its page. ``python -m benchmarks.profiling [--rows 1000000]``
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .peers import python_of
from .wrangling import HERE, compiled, run
from .wrangling_tables import mixed

#: CPU seconds and GB for a table of a million rows.
MOST_CPU_S, MOST_GB = 10.0, 0.5


def main() -> None:
    """Run both sides, print ratios; exits with 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--without-peer", action="store_true", help="our side alone")
    options = parser.parse_args()
    source = mixed(options.rows)
    compiled()
    with tempfile.TemporaryDirectory() as place:
        program = [sys.executable, str(HERE / "profile_ours.py")]
        ours = run("Studio", program, source, Path(place) / "ours.json")
        sides = [ours]
        if not options.without_peer:
            program = [str(python_of("ydata")), str(HERE / "profile_ydata.py")]
            sides.append(run("ydata minimal", program, source, Path(place) / "page.html"))
    for side in sides:
        print(
            f"{side.name:14} {side.cpu_s:7.1f} s CPU {side.wall_s:7.1f} s {side.peak_gb:6.2f} GB"
            f"   ours / theirs: CPU {ours.cpu_s / side.cpu_s:.3f}, memory"
            f" {ours.peak_gb / side.peak_gb:.3f}"
        )
    million = options.rows / 1e6
    held = [
        _told("CPU s for a million rows", ours.cpu_s / million, MOST_CPU_S),
        _told("GB at most", ours.peak_gb, MOST_GB),
    ]
    sys.exit(0 if all(held) else 1)


def _told(what: str, value: float, aim: float) -> bool:
    print(f"{what}: {value:.2f} (aim {aim}): {'holds' if value <= aim else 'MISSED'}")
    return value <= aim


if __name__ == "__main__":
    main()
