"""CloudWatch metrics of training jobs, endpoints and the user's own, and Studio's curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Engine

from ...store.metrics import Metrics
from ...store.statistics import Statistics
from ...wire.dispatch import Handler, Registry
from .curves import get_metric_series
from .putting import put_metric_data
from .queries import get_metric_data, get_metric_statistics, list_metrics

__all__ = ["MetricStore", "register"]


class MetricStore(Protocol):
    """What is needed of the store."""

    engine: Engine
    metrics: Metrics


def register(registry: Registry, store: MetricStore) -> None:
    """Adds GetMetricStatistics, GetMetricData, ListMetrics, PutMetricData and GetMetricSeries."""
    metrics, statistics = store.metrics, Statistics(store.engine)

    def add(service: str, name: str, answer: Callable[[dict[str, Any]], Any]) -> None:
        handler: Handler = lambda call, params: answer(params)  # noqa: E731
        registry.add(service, name, handler)

    add("cloudwatch", "GetMetricStatistics", lambda p: get_metric_statistics(statistics, p))
    add("cloudwatch", "GetMetricData", lambda p: get_metric_data(statistics, p))
    add("cloudwatch", "ListMetrics", lambda p: list_metrics(statistics, p))
    add("cloudwatch", "PutMetricData", lambda p: put_metric_data(metrics, p))
    add("studio", "GetMetricSeries", lambda p: get_metric_series(metrics, statistics, p))
