"""Invocation metrics: summed in memory for each second, written by a thread."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)

_KEPT_S = 600  # while the database cannot be written
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


class Invocations:
    """Counts invocations by endpoint (what its series are stored under), variant and second."""

    def __init__(self) -> None:
        self._second = 0
        self._now: dict[tuple[str, str], _Sums] = {}
        self._full: deque[tuple[int, dict[tuple[str, str], _Sums]]] = deque(maxlen=_KEPT_S)

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
        sums = self._now.setdefault((endpoint, variant), _Sums())
        sums.count += 1
        sums.model_s += model_s
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
                self._now = {}
            self._second = second

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
