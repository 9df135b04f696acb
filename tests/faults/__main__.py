"""``python -m tests.faults --faults 1000 --seed 7``: break a Studio, look what broke.

Rounds of ``--each`` faults, each on a home of its own; every other one spares what answers
invocations, and there no invocation may fail. A round that broke something leaves its plan and
its report behind: ``--replay FOLDER/plan.json`` runs it again.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS.parent), str(_TESTS)]

import databases  # noqa: E402

from tests.faults import driver, plan  # noqa: E402

MOST_SAID = 30


def main() -> int:
    """The exit status is 1 if anything broke."""
    options = _options()
    folder = options.out or Path(tempfile.mkdtemp(prefix="studio-faults-"))
    plans = (
        [plan.load(options.replay)]
        if options.replay
        else plan.rounds(options.seed, options.faults, options.each, options.database)
    )
    counts: Counter[str] = Counter()
    returned: dict[str, list[float]] = {}
    broken = 0
    for one in plans:
        begun, where = time.monotonic(), folder / f"round-{one.seed}"
        shutil.rmtree(where, ignore_errors=True)
        result = driver.run(one, where)
        counts.update(result.counts)
        for label, times in result.returned.items():
            returned.setdefault(label, []).extend(times)
        history = result.history
        print(
            f"round {one.seed}: {sum(result.counts.values())} faults, {len(history.jobs)} jobs, "
            f"{len(history.writes)} writes, {len(history.invocations)} invocations, "
            f"{time.monotonic() - begun:.0f} s, {len(result.broken)} broken",
            flush=True,
        )
        for line in result.broken[:MOST_SAID]:
            print(f"  {line[:400]}", flush=True)
        if len(result.broken) > MOST_SAID:
            print(f"  and {len(result.broken) - MOST_SAID} more", flush=True)
        if result.broken:
            broken += 1
            print(f"  again: python -m tests.faults --replay {where}/plan.json", flush=True)
        elif not options.keep:
            shutil.rmtree(where)
    _summary(counts, returned)
    return 1 if broken else 0


def _summary(counts: Counter[str], returned: dict[str, list[float]]) -> None:
    print(f"{counts.total()} faults")
    for label, count in sorted(counts.items()):
        times = returned.get(label)
        note = ""
        if times:
            note = (
                f"  an answer after {statistics.median(times):.2f} s in the median, "
                f"{max(times):.2f} s at most"
            )
        print(f"{count:6}  {label}{note}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="of plans and clients (default: 1)")
    parser.add_argument("--each", type=int, default=40, help="faults a round (default: 40)")
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite", help="of homes")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a round's plan.json")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for plans and reports")
    parser.add_argument("--keep", action="store_true", help="reports of good rounds, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
