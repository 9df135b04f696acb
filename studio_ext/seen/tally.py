"""Plain counters: what the busy paths do is one addition; names and text are for who asks."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

Labels = tuple[str, ...]

#: Upper bounds of the buckets of times, in seconds.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


@dataclass
class Times:
    """A histogram of seconds: counts by bucket of :data:`SECONDS` and one above, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one; for one thread alone."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def merge(self, other: Times) -> None:
        """Add what another one has counted."""
        self.counts = [
            mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)
        ]
        self.total += other.total


class Tally:
    """Counts and times by labels, for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Labels, float] = {}
        self._times: dict[Labels, Times] = {}

    def count(self, *labels: str, by: float = 1) -> None:
        """Add to a counter (or, with a negative number, take from a gauge)."""
        with self._lock:
            self._counts[labels] = self._counts.get(labels, 0) + by

    def time(self, *labels: str, seconds: float) -> None:
        """Add one to a histogram."""
        with self._lock:
            times = self._times.get(labels)
            if times is None:
                times = self._times[labels] = Times()
            times.add(seconds)

    def counts(self) -> dict[Labels, float]:
        """What was counted, by labels."""
        with self._lock:
            return dict(self._counts)

    def times(self) -> dict[Labels, Times]:
        """What was timed, by labels; copies."""
        with self._lock:
            return {key: Times(list(t.counts), t.total) for key, t in self._times.items()}


def counter(
    name: str, help: str, labels: Sequence[str], values: Mapping[Labels, float]
) -> CounterMetricFamily:
    """A counter's lines; ``name`` without ``_total``."""
    family = CounterMetricFamily(name, help, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def gauge(
    name: str, help: str, labels: Sequence[str], values: Mapping[Labels, float]
) -> GaugeMetricFamily:
    """A gauge's lines."""
    family = GaugeMetricFamily(name, help, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def histogram(
    name: str, help: str, labels: Sequence[str], values: Mapping[Labels, Times]
) -> HistogramMetricFamily:
    """A histogram's lines; its counts add up from bucket to bucket, as Prometheus wants them."""
    family = HistogramMetricFamily(name, help, labels=labels)
    for key, times in sorted(values.items()):
        family.add_metric(key, _running(times.counts), times.total)
    return family


def _running(counts: Iterable[int]) -> list[tuple[str, float]]:
    bounds = [*map(str, SECONDS), "+Inf"]
    found, so_far = [], 0
    for bound, count in zip(bounds, counts, strict=True):
        so_far += count
        found.append((bound, float(so_far)))
    return found
