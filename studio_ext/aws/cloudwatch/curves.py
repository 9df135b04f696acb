"""Studio.GetMetricSeries: the curves that panels and widgets draw."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from ...store.metrics import Metrics, Series
from ...store.statistics import Meaning, Statistics, Window
from .naming import Owner, endpoint_measure

MAX_POINTS = 2000


def get_metric_series(
    metrics: Metrics, statistics: Statistics, owner: Owner, params: dict[str, Any]
) -> dict[str, Any]:
    """Each curve of a resource; an unknown resource has none.

    A long curve of a job is thinned so that its extremes stay. Those of an endpoint are summed or
    averaged over longer periods instead, so that sums and weighted means of them stay right.
    """
    resource = owner.resource(params["ResourceType"], params["ResourceName"])
    names = params.get("Names")
    since = params["Since"].timestamp() if "Since" in params else None
    limit = params.get("MaxPoints", MAX_POINTS)
    if params["ResourceType"] == "endpoint":
        curves = _endpoint(metrics, statistics, resource, names, since, limit)
    else:
        curves = metrics.sampled(resource, names, since=since, max_points=limit)
    return {"Series": [_described(curve) for curve in curves]}


def _endpoint(
    metrics: Metrics,
    statistics: Statistics,
    resource: str,
    names: list[str] | None,
    since: float | None,
    limit: int,
) -> list[Series]:
    extents = metrics.extents(resource, names, since=since)
    if all(extent.count <= limit for extent in extents):
        return metrics.sampled(resource, names, since=since, max_points=limit)
    # All curves share the periods: clients weigh a mean by the count of the same time. They are
    # aligned, lest every poll cut the same points in another way.
    first, last = min(e.first for e in extents), max(e.last for e in extents)
    period = math.ceil((last - first + 1) / limit)
    start = math.floor(first / period) if since is None else math.ceil(first / period)
    window = Window(start * period, last + 1, period)
    curves = []
    for extent in extents:
        measure = endpoint_measure(resource, extent.name, extent.dimension)
        is_sum = measure.meaning is Meaning.SUM
        buckets = statistics.buckets(measure, window)
        curve = Series(extent.name, extent.dimension)
        curve.points += [(b.start, None, b.total if is_sum else b.average) for b in buckets]
        curves.append(curve)
    return curves


def _described(curve: Series) -> dict[str, Any]:
    return {
        "Name": curve.name,
        "Dimension": curve.dimension,
        "Points": [_point(*point) for point in curve.points],
    }


def _point(timestamp: float, step: int | None, value: float) -> dict[str, Any]:
    point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(timestamp, UTC), "Value": value}
    return point if step is None else {**point, "Step": step}
