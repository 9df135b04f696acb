"""CloudWatch metrics of training jobs, endpoints and the user's own, and Studio's curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Engine

from ...store.metrics import Metrics
from ...store.statistics import Statistics
from ...wire.dispatch import Call, Caller, Registry
from .curves import get_metric_series
from .naming import Owner
from .putting import put_metric_data
from .queries import get_metric_data, get_metric_statistics, list_metrics

__all__ = ["MetricStore", "register"]


class MetricStore(Protocol):
    """What is needed of the store."""

    engine: Engine
    metrics: Metrics


def _own(caller: Caller, _kind: str, _name: str) -> str:
    return caller.account_id


def register(
    registry: Registry, store: MetricStore, whose: Callable[[Caller, str, str], str] = _own
) -> None:
    """Adds GetMetricStatistics, GetMetricData, ListMetrics, PutMetricData and GetMetricSeries.

    ``whose`` gives the account of the resource that a caller means by kind and name.
    """
    metrics, statistics = store.metrics, Statistics(store.engine)

    def add(service: str, name: str, answer: Callable[[Owner, dict[str, Any]], Any]) -> None:
        def handle(call: Call, params: dict[str, Any]) -> Any:
            owner = Owner(call.caller.account_id, partial(whose, call.caller))
            return answer(owner, params)

        registry.add(service, name, handle)

    add("cloudwatch", "GetMetricStatistics", lambda o, p: get_metric_statistics(statistics, o, p))
    add("cloudwatch", "GetMetricData", lambda o, p: get_metric_data(statistics, o, p))
    add("cloudwatch", "ListMetrics", lambda o, p: list_metrics(statistics, o.account, p))
    add("cloudwatch", "PutMetricData", lambda o, p: put_metric_data(metrics, o.account, p))
    add("studio", "GetMetricSeries", lambda o, p: get_metric_series(metrics, statistics, o, p))
