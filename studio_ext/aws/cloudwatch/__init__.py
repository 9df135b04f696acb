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

    def add(service: str, name: str, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        handler: Handler = lambda call, params: answer(call.caller.account_id, params)  # noqa: E731
        registry.add(service, name, handler)

    add("cloudwatch", "GetMetricStatistics", lambda a, p: get_metric_statistics(statistics, a, p))
    add("cloudwatch", "GetMetricData", lambda a, p: get_metric_data(statistics, a, p))
    add("cloudwatch", "ListMetrics", lambda a, p: list_metrics(statistics, a, p))
    add("cloudwatch", "PutMetricData", lambda a, p: put_metric_data(metrics, a, p))
    add("studio", "GetMetricSeries", lambda a, p: get_metric_series(metrics, statistics, a, p))
