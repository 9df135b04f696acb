"""Metrics from a job's log, by regular expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import regex

from ..control.world import World
from ..jobs.launch import job_id
from ..run.logs import LogLine
from ..store.metrics import Point
from ..store.resources import Resource

BATCH = 5000
#: For one expression on one line. Some take longer than the universe is old.
PATIENCE_S = 0.2


def collect(world: World, resource: Resource) -> dict[str, Any] | None:
    """Read what the log has grown by; returns the progress to note, None when there is none.

    Points are numbered by metric, so reading a part again after a crash adds nothing twice.
    """
    definitions = [
        (item["Name"], regex.compile(item["Regex"]))
        for item in resource.state["metric_definitions"]
    ]
    if not definitions:
        return None
    progress = resource.state.get("metrics", {"offset": 0, "counts": {}})
    offset, counts = progress["offset"], Counter(progress["counts"])
    while lines := world.runner.read_log(job_id(resource), offset, BATCH):
        points: list[Point] = []
        for name, pattern in definitions:
            for timestamp_ms, value in _values(pattern, lines):
                points.append((name, "", timestamp_ms / 1000, counts[name], value))
                counts[name] += 1
        world.store.metrics.append(resource.series, points)
        offset = lines[-1].end
    if offset == progress["offset"]:
        return None
    return {"offset": offset, "counts": dict(counts)}


def _values(pattern: regex.Pattern[str], lines: list[LogLine]) -> Iterator[tuple[int, float]]:
    """(milliseconds, value) of each match; after one that takes too long no more of the lines."""
    for line in lines:
        try:
            found = [match[1] for match in pattern.finditer(line.text, timeout=PATIENCE_S)]
        except TimeoutError:
            return
        for text in found:
            try:
                yield line.timestamp_ms, float(text)
            except (TypeError, ValueError):
                continue  # the group took in something that is no number, or nothing at all
