"""Invocation metrics: summed in memory for each second, written by a thread.

The same sums, folded together when a second is over, are what ``/metrics`` shows.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client.core import Metric
from sqlalchemy.exc import SQLAlchemyError

from ...seen.tally import SECONDS, Labels, Times, counter, histogram

logger = logging.getLogger(__name__)

_KEPT_S = 600  # while the database cannot be written
_MOST_SERIES = 1000  # of endpoints' variants that are shown one by one
_REST = ("rest/endpoint/rest", "rest")
Point = tuple[str, str, float, int | None, float]


class Sink(Protocol):
    """Where series go: ``store.metrics``."""

    def append(self, resource: str, points: list[Point]) -> None:
        """Add points to the series of a resource."""


@dataclass
class _Sums:
    count: int = 0
    model_s: float = 0.0
    overhead_s: float = 0.0
    errors_4xx: int = 0
    errors_5xx: int = 0
    instances: int = 1
    model: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))

    def fold(self, other: _Sums) -> None:
        """Add what another one has counted."""
        self.count += other.count
        self.model_s += other.model_s
        self.overhead_s += other.overhead_s
        self.errors_4xx += other.errors_4xx
        self.errors_5xx += other.errors_5xx
        self.model = [mine + more for mine, more in zip(self.model, other.model, strict=True)]


class Invocations:
    """Counts invocations by endpoint (what its series are stored under), variant and second."""

    def __init__(self) -> None:
        self._second = 0
        self._now: dict[tuple[str, str], _Sums] = {}
        self._full: deque[tuple[int, dict[tuple[str, str], _Sums]]] = deque(maxlen=_KEPT_S)
        self._totals: dict[tuple[str, str], _Sums] = {}
        self.refused: dict[int, int] = {}  # answers that are errors, by HTTP status

    def add(
        self,
        endpoint: str,
        variant: str,
        instances: int,
        model_s: float,
        overhead_s: float,
        status: int,
    ) -> None:
        """Count one invocation; ``status`` is the model's."""
        self.turn()
        key = endpoint, variant
        sums = self._now.get(key)
        if sums is None:
            sums = self._now[key] = _Sums()
        sums.count += 1
        sums.model_s += model_s
        sums.model[bisect_left(SECONDS, model_s)] += 1
        sums.overhead_s += overhead_s
        sums.instances = max(1, instances)
        if status >= 500:
            sums.errors_5xx += 1
        elif status >= 400:
            sums.errors_4xx += 1

    def turn(self, last: bool = False) -> None:
        """Close the second that is over; the ``last`` one even before its end."""
        second = int(time.time())
        if last or second != self._second:
            if self._now:
                self._full.append((self._second, self._now))
                self._fold()
                self._now = {}
            self._second = second

    def _fold(self) -> None:
        for key, sums in self._now.items():
            if key not in self._totals and len(self._totals) >= _MOST_SERIES:
                key = _REST
            self._totals.setdefault(key, _Sums()).fold(sums)

    def collect(self) -> Iterator[Metric]:
        """For Prometheus, as of the second that is over; in the event loop's thread alone."""
        self.turn()
        by = ("account", "endpoint", "variant")
        answers: dict[Labels, float] = {}
        overhead: dict[Labels, float] = {}
        model: dict[Labels, Times] = {}
        for (series, variant), sums in self._totals.items():
            account, _, endpoint = series.partition("/endpoint/")
            labels = (account, endpoint, variant)
            bad, worse = sums.errors_4xx, sums.errors_5xx
            counts = {"2xx": sums.count - bad - worse, "4xx": bad, "5xx": worse}
            answers.update({(*labels, status): n for status, n in counts.items()})
            overhead[labels] = sums.overhead_s
            model[labels] = Times(list(sums.model), sums.model_s)
        yield counter(
            "studio_invocations", "Invocations by the model's status.", (*by, "status"), answers
        )
        yield histogram(
            "studio_model_latency_seconds", "From the gateway to a worker and back.", by, model
        )
        yield counter(
            "studio_overhead_seconds", "Time of invocations outside the model.", by, overhead
        )
        refused: dict[Labels, float] = {(str(k),): n for k, n in self.refused.items()}
        yield counter("studio_gateway_errors", "Answers that are errors.", ("status",), refused)

    def flush(self, sink: Sink) -> None:
        """Write the closed seconds; they are kept when that fails.

        The only method to call from a thread.
        """
        while self._full:
            second, sums = self._full[0]
            try:
                for endpoint, points in _by_endpoint(second, sums).items():
                    sink.append(endpoint, points)
            except (SQLAlchemyError, OSError) as error:
                logger.warning("Metrics cannot be written, trying again: %s", error)
                return
            if self._full and self._full[0][0] == second:
                self._full.popleft()


def _by_endpoint(second: int, sums: dict[tuple[str, str], _Sums]) -> dict[str, list[Point]]:
    """CloudWatch's names; latencies are the second's means, in microseconds."""
    found: dict[str, list[Point]] = {}
    for (endpoint, variant), value in sums.items():
        numbers = {
            "Invocations": value.count,
            "InvocationsPerInstance": value.count / value.instances,
            "ModelLatency": value.model_s / value.count * 1e6,
            "OverheadLatency": value.overhead_s / value.count * 1e6,
            "Invocation4XXErrors": value.errors_4xx,
            "Invocation5XXErrors": value.errors_5xx,
        }
        found.setdefault(endpoint, []).extend(
            (name, variant, float(second), None, float(number)) for name, number in numbers.items()
        )
    return found
