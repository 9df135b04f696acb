"""From stored numbers to the statistics that a request names."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from ...store.statistics import Bucket, Measure, Statistics, Window
from .errors import bad_combination, bad_value
from .naming import FLAGS

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_PERIODS = (1, 5, 10, 20, 30)
BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")

#: period start in epoch seconds, and unit
Part = tuple[float, str]


@dataclass(frozen=True)
class Asked:
    """One metric over one window, and the unit it must have if it matters."""

    measure: Measure
    window: Window
    unit: str | None = None


def window_of(start: datetime, end: datetime, period: int, now: float) -> Window:
    """The window of a request; `now` in epoch seconds decides how the start is rounded down."""
    if period not in _PERIODS and period % 60:
        raise bad_value("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    first, last = start.timestamp(), end.timestamp()
    if first >= last:
        raise bad_combination("The parameter StartTime must be less than the parameter EndTime.")
    grain = _grain(now - first, period)
    return Window(math.floor(first / grain) * grain, last, period)


def _grain(age: float, period: int) -> int:
    """Periods begin at the start time, rounded down: the farther back, the more coarsely."""
    if age <= 3 * 3600 and period < 60:
        return period
    if age <= 15 * 86400:
        return 60
    return 300 if age <= 63 * 86400 else 3600


def check_statistic(name: str) -> None:
    """Refuses what is neither a basic statistic nor a percentile."""
    if name not in BASIC and not _PERCENTILE.fullmatch(name):
        raise bad_value(
            f"Studio does not compute the statistic {name}; it knows {', '.join(BASIC)} "
            "and percentiles such as p99."
        )


def compute(statistics: Statistics, asked: Asked, names: list[str]) -> dict[Part, dict[str, float]]:
    """Values of each statistic for each period in which there are any, oldest first.

    Percentiles of latencies are those of the means of single seconds, weighted by requests.
    """
    found: dict[Part, dict[str, float]] = defaultdict(dict)
    if any(name in BASIC for name in names):
        for bucket in statistics.buckets(asked.measure, asked.window):
            values = _basic(bucket, asked.measure)
            found[bucket.start, bucket.unit] = {n: values[n] for n in names if n in BASIC}
    percentiles = [name for name in names if name not in BASIC]
    if percentiles:
        for part, points in _by_part(statistics, asked).items():
            for name in percentiles:
                found[part][name] = percentile(points, float(name[1:]))
    return dict(sorted(found.items()))


def _basic(bucket: Bucket, measure: Measure) -> dict[str, float]:
    low, high = bucket.minimum, bucket.maximum
    if measure.counted_by and measure.name in FLAGS:
        # A second's share of requests says whether there were any, and any others.
        low, high = math.floor(low), math.ceil(high)
    return {
        "SampleCount": bucket.count,
        "Average": bucket.average,
        "Sum": bucket.total,
        "Minimum": low,
        "Maximum": high,
    }


def _by_part(statistics: Statistics, asked: Asked) -> dict[Part, list[tuple[float, float]]]:
    """(value, number of observations) of each period."""
    window, parts = asked.window, defaultdict(list)
    for time, unit, value, count in statistics.observations(asked.measure, window):
        start = window.start + int((time - window.start) / window.period) * window.period
        parts[start, unit].append((value, count))
    return parts


def percentile(points: list[tuple[float, float]], rank: float) -> float:
    """The least value that `rank` percent of the weighted points do not exceed."""
    points = sorted(points)
    needed = sum(weight for _, weight in points) * rank / 100
    reached = 0.0
    for value, weight in points:
        reached += weight
        if reached >= needed - 1e-9:
            return value
    return points[-1][0]
