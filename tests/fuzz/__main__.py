"""``python -m tests.fuzz --seconds 600 --seed 1``: fuzz a server of its own, tell the findings."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import databases  # noqa: E402
from fuzz_run import Run, operations  # noqa: E402
from fuzz_server import running  # noqa: E402
from fuzz_world import World  # noqa: E402

from studio_ext.config import Config  # noqa: E402
from studio_ext.plane import ControlPlane  # noqa: E402
from studio_ext.wire import models  # noqa: E402


def main() -> int:
    """Run until the time is over; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: 600)")
    parser.add_argument("--seed", default=str(int(time.time())), help="repeat a run by its seed")
    parser.add_argument("--only", default="", help="operations whose name contains this")
    parser.add_argument("--again", default="", help="one turn by the seed that a finding gives")
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite", help="of the home")
    arguments = parser.parse_args()
    databases.choose(arguments.database)
    found = _run(arguments.seconds, arguments.seed, arguments.only, arguments.again)
    return 1 if found else 0


def _run(seconds: float, seed: str, only: str, again: str) -> int:
    with tempfile.TemporaryDirectory() as spare:
        plane = ControlPlane(Config(home=spare))
        wanted = [
            operation
            for operation in operations(plane.dispatcher.registry)
            if only in models.wire_name(operation)
        ]
        plane.stop()
    print(f"seed {seed}: {len(wanted)} operations, {seconds:g} s", flush=True)
    with running() as server:
        world = World(server)
        world.make(endpoint=any(o.name == "InvokeEndpoint" for o in wanted))
        run = Run(server, world, wanted)
        if again:
            _, _, name, target = again.split(":")
            operation = next(o for o in wanted if models.wire_name(o) == name)
            run.turn(again, operation, target)
        else:
            _loop(run, world, seed, seconds)
    _tell(run)
    return len(run.report.findings)


def _loop(run: Run, world: World, seed: str, seconds: float) -> None:
    """Turns with a tidying now and then; new findings are told at once."""
    end = time.monotonic() + seconds
    told: set[tuple[str, str, str]] = set()
    memory: list[int] = []
    number = 0
    for turn, operation, target in run.turns(seed):
        if time.monotonic() > end:
            break
        run.turn(turn, operation, target)
        for kind, finding in run.report.findings.items():
            if kind not in told:
                told.add(kind)
                print(finding, flush=True)
        if int(turn.split(":")[1]) != number:
            number = int(turn.split(":")[1])
            memory.append(run.server.memory())
            world.tidy()
    print(f"memory after each round, MiB: {[size >> 20 for size in memory]}")
    # What the largest requests need once is kept by the allocator; it must not grow with their
    # number.
    half = memory[len(memory) // 2] if memory else run.server.memory()
    run.check_ground(seed, half)


def _tell(run: Run) -> None:
    report = run.report
    print(f"\n{sum(report.sent.values())} requests: {dict(report.sent.most_common())}")
    print(f"statuses: {dict(sorted(report.statuses.items()))}")
    print(f"operations with an accepted request: {len(report.accepted)}")
    never = {models.wire_name(o) for o in run.wanted} - report.accepted
    print(f"never accepted: {sorted(never)}")
    print(f"slowest answer: {report.slowest[0]:.2f} s, {report.slowest[1]}")
    print(f"{len(report.findings)} findings")
    for finding in report.findings.values():
        print(finding)


if __name__ == "__main__":
    sys.exit(main())
