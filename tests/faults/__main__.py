"""``python -m tests.faults --faults 1000 --seed 7``: break a Studio, look what broke.

Rounds of ``--each`` faults, each on a home of its own; every other one spares what answers
invocations, and there no invocation may fail. A round that broke something leaves its plan and
its report behind: ``--replay FOLDER/plan.json`` runs it again.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS.parent), str(_TESTS)]

import databases  # noqa: E402

from tests.faults import driver, plan  # noqa: E402

MOST_SAID = 30


@dataclass
class Tally:
    """Of all rounds: faults by label, seconds until answers by label, and starts of servers."""

    counts: Counter[str] = field(default_factory=Counter)
    invoked: dict[str, list[float]] = field(default_factory=dict)
    called: dict[str, list[float]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    requests: int = 0
    invocations: int = 0
    broken: int = 0  # rounds

    def add(self, result: driver.Result) -> None:
        """One more round."""
        self.counts.update(result.counts)
        for mine, new in ((self.invoked, result.recoveries), (self.called, result.returns)):
            for label, times in new.items():
                mine.setdefault(label, []).extend(times)
        self.starts += result.history.starts
        self.requests += len(result.history.calls)
        self.invocations += len(result.history.invocations)
        self.broken += bool(result.broken)

    def tell(self) -> None:
        """How many of which, and how long it took until there were answers again."""
        print(
            f"{self.counts.total()} faults, {self.requests} requests, {self.invocations} "
            f"invocations; {self.broken} rounds found something broken"
        )
        for label, count in sorted(self.counts.items()):
            print(f"{count:6}  {label}")
            for what, times in (("invocation", self.invoked), ("request", self.called)):
                if label in times:
                    print(f"{'':10}answer to the next {what} after {_spread(times[label])}")
        if self.starts:
            print(
                f"{len(self.starts):6}  starts of a server, an answer after {_spread(self.starts)}"
            )


def main() -> int:
    """The exit status is 1 if anything broke."""
    options = _options()
    folder = options.out or Path(tempfile.mkdtemp(prefix="studio-faults-"))
    tally, begun = Tally(), time.monotonic()
    for one in _plans(options, tally):
        where = folder / f"round-{one.seed}"
        shutil.rmtree(where, ignore_errors=True)
        try:
            result = driver.run(one, where)
        except Exception:  # the other rounds are worth having
            traceback.print_exc()
            tally.broken += 1
            continue
        tally.add(result)
        done, minutes = tally.counts.total(), (time.monotonic() - begun) / 60
        print(f"{done} of {options.faults} faults, {minutes:.1f} min: ", end="")
        _tell_round(result, where)
        if not result.broken and not options.keep:
            shutil.rmtree(where)
    tally.tell()
    return 1 if tally.broken else 0


def _plans(options: argparse.Namespace, tally: Tally) -> Iterator[plan.Plan]:
    """Rounds until as many faults were done: some find nobody to hit."""
    if options.replay:
        yield plan.load(options.replay)
        return
    for number in itertools.count():
        left = options.faults - tally.counts.total()
        if left <= 0:
            return
        yield plan.nth(number, options.seed, min(options.each, left), options.database)


def _tell_round(result: driver.Result, where: Path) -> None:
    history = result.history
    print(
        f"round {result.plan.seed} had {sum(result.counts.values())}, {len(history.jobs)} jobs, "
        f"{len(history.writes)} writes, {len(history.invocations)} invocations, "
        f"{len(result.broken)} broken",
        flush=True,
    )
    for line in result.broken[:MOST_SAID]:
        print(f"  {line[:400]}", flush=True)
    if len(result.broken) > MOST_SAID:
        print(f"  and {len(result.broken) - MOST_SAID} more", flush=True)
    if result.broken:
        print(f"  again: python -m tests.faults --replay {where}/plan.json", flush=True)


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s in the median, {max(times):.2f} s at most"


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
