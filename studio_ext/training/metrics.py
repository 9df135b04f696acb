"""Metrics from a job's log, by regular expression."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ..control.world import World
from ..store.metrics import Point
from ..store.resources import Resource
from .launch import job_id

BATCH = 5000


def collect(world: World, resource: Resource) -> dict[str, Any] | None:
    """Read what the log has grown by; returns the progress to note, None when there is none.

    Points are numbered by metric, so reading a part again after a crash adds nothing twice.
    """
    definitions = [
        (item["Name"], re.compile(item["Regex"])) for item in resource.state["metric_definitions"]
    ]
    if not definitions:
        return None
    progress = resource.state.get("metrics", {"offset": 0, "counts": {}})
    offset, counts = progress["offset"], Counter(progress["counts"])
    while lines := world.runner.read_log(job_id(resource), offset, BATCH):
        points: list[Point] = []
        for line in lines:
            for name, pattern in definitions:
                for value in _values(pattern, line.text):
                    points.append((name, "", line.timestamp_ms / 1000, counts[name], value))
                    counts[name] += 1
        world.store.metrics.append(f"training-job/{resource.name}", points)
        offset = lines[-1].end
    if offset == progress["offset"]:
        return None
    return {"offset": offset, "counts": dict(counts)}


def _values(pattern: re.Pattern[str], text: str) -> list[float]:
    values = []
    for match in pattern.finditer(text):
        try:
            values.append(float(match[1]))
        except (TypeError, ValueError):
            continue  # the group took in something that is no number, or nothing at all
    return values
