"""Ten against 100,000: is everything as quick in a store that holds much?

Two homes, one with 10 finished jobs and 10 objects, one with 100,000 and 1,000,000, are asked the
same by turns in one process; the CPU of a call in the full one is compared with that in the empty
one. Pages have the same length in both. Start-up is that of ``studio serve``.

``python -m benchmarks.scale [--jobs 100000] [--objects 1000000] [--rounds 30] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio_ext.config import Config
from studio_ext.plane import ControlPlane
from studio_ext.store import Store
from studio_ext.wire.identity import Caller

from . import seeding
from .measure import Claim, Cost, measured, report
from .studios import new_home, serving

AIM = 1.3
PAGE = 5
BUCKET = "many"
Ask = Callable[["Side"], Any]


class Side:
    """A control plane over a home, asked in process; it runs nothing."""

    def __init__(self, home: Path) -> None:
        self.plane = ControlPlane(Config(home=str(home)))
        self.caller = Caller.of(self.plane.credential)
        self.loop = asyncio.new_event_loop()

    def ask(self, operation: str, service: str = "sagemaker", /, **params: Any) -> dict[str, Any]:
        """One operation as a client's request runs it, less HTTP."""
        call = self.plane.dispatcher.invoke(service, operation, params, self.caller)
        return self.loop.run_until_complete(call)

    def deep(self, **params: Any) -> str:
        """The token of a page far into a list: half of it, in the larger home."""
        token: dict[str, str] = {}
        for _ in range(2):
            page = self.ask("ListTrainingJobs", MaxResults=PAGE, **params, **token)
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        return token["NextToken"]


def _search(**filter_: str) -> Ask:
    expression = {"Filters": [filter_]}
    return lambda side: side.ask(
        "Search", Resource="TrainingJob", SearchExpression=expression, MaxResults=PAGE
    )


def _list(**params: Any) -> Ask:
    return lambda side: side.ask("ListTrainingJobs", MaxResults=PAGE, **params)


def _listed_deep(**params: Any) -> Ask:
    tokens: dict[int, str] = {}

    def ask(side: Side) -> Any:
        if id(side) not in tokens:
            tokens[id(side)] = side.deep(**params)
        token = tokens[id(side)]
        return side.ask("ListTrainingJobs", MaxResults=PAGE, NextToken=token, **params)

    return ask


NAME = seeding.job_name(7)
QUESTIONS: dict[str, Ask] = {
    "Describe": lambda side: side.ask("DescribeTrainingJob", TrainingJobName=NAME),
    **{
        f"List by {by} {order}": _list(SortBy=by, SortOrder=order)
        for by in ("CreationTime", "Name", "Status")
        for order in ("Ascending", "Descending")
    },
    "List, deep page": _listed_deep(SortBy="CreationTime", SortOrder="Descending"),
    "List, deep page by status": _listed_deep(SortBy="Status", SortOrder="Descending"),
    "List of a status": _list(StatusEquals="Completed"),
    "List of a status that none has": _list(StatusEquals="Stopping"),
    "List of a status by name": _list(StatusEquals="Failed", SortBy="Name"),
    "List of what is new": _list(CreationTimeAfter=time.time() + 60),
    "List, name contains (many do)": _list(NameContains="fraud"),
    "List, name contains (none does)": _list(NameContains="no-such-name"),
    "Search by name": _search(Name="TrainingJobName", Value=NAME),
    "Search by status": _search(Name="TrainingJobStatus", Value="Completed"),
    "Search by tag (one has it)": _search(Name="Tags.run", Value="7"),
    "Search by hyperparameter": _search(
        Name="HyperParameters.eta", Operator="LessThan", Value="0.45"
    ),
    "ListTags": lambda side: side.ask(
        "ListTags",
        ResourceArn=side.plane.config.arn(f"training-job/{NAME}", side.caller.account_id),
    ),
    "home panel": lambda side: side.ask("GetHome", "studio"),
    "metric series": lambda side: side.ask(
        "GetMetricSeries", "studio", ResourceType="training-job", ResourceName=NAME
    ),
    "log streams of a job": lambda side: side.ask(
        "DescribeLogStreams",
        "logs",
        logGroupName="/aws/sagemaker/TrainingJobs",
        logStreamNamePrefix=NAME,
    ),
    "ListObjectsV2": lambda side: side.ask("ListObjectsV2", "s3", Bucket=BUCKET, MaxKeys=PAGE),
    "ListObjectsV2, prefix": lambda side: side.ask(
        "ListObjectsV2", "s3", Bucket=BUCKET, Prefix="2003/01/", MaxKeys=1
    ),
    "ListObjectsV2, delimiter": lambda side: side.ask(
        "ListObjectsV2", "s3", Bucket=BUCKET, Delimiter="/", MaxKeys=PAGE
    ),
    "HeadObject": lambda side: side.ask(
        "HeadObject", "s3", Bucket=BUCKET, Key="2003/01/part-0000003.csv"
    ),
    "what is due (reconciler)": lambda side: side.plane.store.leases.claim("benchmark", 1, 8),
    "what changed (events)": lambda side: side.plane.store.resources.events_after(
        side.plane.store.resources.last_event()
    ),
}


def compare(few: Side, many: Side, ask: Ask, rounds: int) -> tuple[float, float]:
    """CPU of one call, in ms, in the small and in the large home: the medians of the rounds."""
    cpu: dict[int, list[float]] = {0: [], 1: []}
    for side in (few, many, few, many):
        ask(side)
    for _ in range(rounds):
        for number, side in enumerate((few, many)):
            with measured() as cost:
                for _ in range(5):
                    ask(side)
            cpu[number].append(cost.per(5).cpu * 1000)
    return statistics.median(cpu[0]), statistics.median(cpu[1])


def started(home: Path) -> Cost:
    """``studio serve`` until it answers, with its gateway."""
    with serving(home, {"STUDIO_SHARED": "1"}) as server:
        return server.start


@contextlib.contextmanager
def homes(jobs: int, objects: int, keep: Path | None) -> Iterator[tuple[Path, Path]]:
    """A home with ten of each, and one with many; the latter may be kept for the next run."""
    with contextlib.ExitStack() as stack:
        few = stack.enter_context(new_home())
        many = keep or stack.enter_context(new_home())
        for home, count, stored in ((few, 10, 10), (many, jobs, objects)):
            if not (home / "studio.db").exists():
                store = Store(Config(home=str(home)))
                seeding.seed_jobs(store, count)
                seeding.seed_objects(store, stored, bucket=BUCKET)
                store.close()
        yield few, many


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="a folder for the large home")
    parser.add_argument("--only", default="", help="questions whose name has this in it")
    options = parser.parse_args()
    claims = []
    with homes(options.jobs, options.objects, options.keep) as (few, many):
        sides = Side(few), Side(many)
        for name, ask in QUESTIONS.items():
            if options.only in name:
                small, large = compare(*sides, ask, options.rounds)
                claims.append(Claim(name, large, small, AIM))
                print(f"{name}: {large:.2f} ms against {small:.2f} ms", file=sys.stderr, flush=True)
        if options.only in "start":
            pairs = [(started(few), started(many)) for _ in range(3)]
            small, large = (
                statistics.median(c.cpu * 1000 for c in side) for side in zip(*pairs, strict=True)
            )
            claims.append(Claim("start: CPU until ready", large, small, AIM))
    return report(claims)


if __name__ == "__main__":
    sys.exit(main())
