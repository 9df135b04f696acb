"""GetMetricStatistics, GetMetricData and ListMetrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ...control import paging
from ...store.statistics import Key, Statistics
from ...wire.errors import ApiError
from .errors import bad_combination, bad_value, missing
from .naming import Owner, described, dimensions_of, listed, measure_of, prefixes, unit_of
from .statistic import Asked, check_statistic, compute, window_of

_MAX_DATAPOINTS = 1440
_MAX_DATA = 100_800
_MAX_QUERIES = 500
_METRICS_PAGE = 500
_RECENT_S = 3 * 3600
Params = dict[str, Any]


def get_metric_statistics(statistics: Statistics, owner: Owner, params: Params) -> Params:
    """Datapoints of one metric, in no order that clients may rely on."""
    basic, extended = params.get("Statistics", []), params.get("ExtendedStatistics", [])
    if not basic and not extended:
        raise missing("Statistics or ExtendedStatistics")
    for name in extended:
        check_statistic(name)
    asked = _asked(owner, params, params, params["Period"], params.get("Unit"))
    points: list[Params] = []
    if asked is not None:
        count = -int(-(asked.window.end - asked.window.start) // asked.window.period)
        if count > _MAX_DATAPOINTS:
            raise bad_combination(
                f"You have requested up to {count:,} datapoints, which exceeds the limit of "
                f"{_MAX_DATAPOINTS:,}. You may reduce the datapoints requested by increasing "
                "Period, or decreasing the time range."
            )
        for (start, unit), values in _values(statistics, asked, [*basic, *extended]).items():
            point: Params = {"Timestamp": _moment(start), "Unit": unit}
            point.update((name, values[name]) for name in basic)
            if extended:
                point["ExtendedStatistics"] = {name: values[name] for name in extended}
            points.append(point)
    return {"Label": params["MetricName"], "Datapoints": points}


def get_metric_data(statistics: Statistics, owner: Owner, params: Params) -> Params:
    """Several metrics, as columns; what exceeds MaxDatapoints comes with the next token."""
    queries = params["MetricDataQueries"]
    _check_queries(queries)
    limit = params.get("MaxDatapoints", _MAX_DATA)
    if not 0 < limit <= _MAX_DATA:
        raise bad_value(f"The parameter MaxDatapoints must be between 1 and {_MAX_DATA}.")
    skip = _decoded(params["NextToken"], int) if "NextToken" in params else 0
    ascending = params.get("ScanBy") == "TimestampAscending"
    results, position = [], 0
    for query in queries:
        if not query.get("ReturnData", True):
            continue
        points = _data(statistics, owner, params, query)
        if not ascending:
            points.reverse()
        first, last = max(skip - position, 0), max(skip + limit - position, 0)
        position += len(points)
        page = points[first:last]
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label", query["MetricStat"]["Metric"]["MetricName"]),
                "Timestamps": [_moment(start) for start, _ in page],
                "Values": [value for _, value in page],
                "StatusCode": "Complete" if last >= len(points) else "PartialData",
            }
        )
    token = {"NextToken": _encoded(skip + limit)} if position > skip + limit else {}
    return {"MetricDataResults": results, "Messages": [], **token}


def list_metrics(statistics: Statistics, account: str, params: Params) -> Params:
    """The metrics there are, by 500; `RecentlyActive` asks for points of the last three hours."""
    after = _decoded(params["NextToken"], list) if "NextToken" in params else None
    if after is not None and [type(item) for item in after] != [str] * 3:
        raise _bad_token()
    namespace, filters = params.get("Namespace"), params.get("Dimensions", [])
    since = time.time() - _RECENT_S if "RecentlyActive" in params else 0.0
    metrics: list[Params] = []
    for key in _keys(statistics, prefixes(account, namespace), params.get("MetricName"), after):
        found, dimensions = described(key.resource, key.dimension)
        if key.last < since or namespace not in (None, found):
            continue
        if not all(_passes(dimensions, wanted) for wanted in filters):
            continue
        if len(metrics) == _METRICS_PAGE:
            return {"Metrics": metrics, "NextToken": _encoded(after)}
        after = [key.resource, key.name, key.dimension]
        metrics.append(
            {"Namespace": found, "MetricName": key.name, "Dimensions": listed(dimensions)}
        )
    return {"Metrics": metrics}


def _keys(
    statistics: Statistics, wanted: list[str], name: str | None, after: list[str] | None
) -> Iterator[Key]:
    for prefix in wanted:
        yield from statistics.keys(prefix, name, after)


def _asked(
    owner: Owner, metric: Params, times: Params, period: int, unit: str | None
) -> Asked | None:
    window = window_of(times["StartTime"], times["EndTime"], period, time.time())
    dimensions = dimensions_of(metric.get("Dimensions"))
    measure = measure_of(owner, metric["Namespace"], metric["MetricName"], dimensions)
    return Asked(measure, window, unit) if measure else None


def _values(
    statistics: Statistics, asked: Asked, names: list[str]
) -> dict[tuple[float, str], dict[str, float]]:
    """Statistics by period and unit, of the wanted unit alone if one is."""
    found: dict[tuple[float, str], dict[str, float]] = {}
    for (start, stored), values in compute(statistics, asked, names).items():
        unit = unit_of(asked.measure, stored)
        if asked.unit in (None, unit):
            found[start, unit] = values
    return found


def _check_queries(queries: list[Params]) -> None:
    if len(queries) > _MAX_QUERIES:
        raise _invalid(f"At most {_MAX_QUERIES} MetricDataQueries may be given.")
    if len({query["Id"] for query in queries}) < len(queries):
        raise _invalid("The values for parameter Id in MetricDataQueries are not unique.")
    for query in queries:
        if "Expression" in query:
            raise _invalid(
                f"Studio does not evaluate expressions ({query['Id']}: {query['Expression']}); "
                "ask for each metric by MetricStat."
            )
        metric = query.get("MetricStat", {}).get("Metric", {})
        if "Namespace" not in metric or "MetricName" not in metric:
            raise _invalid(f"The query {query['Id']} names no metric.")
        check_statistic(query["MetricStat"]["Stat"])


def _data(
    statistics: Statistics, owner: Owner, params: Params, query: Params
) -> list[tuple[float, float]]:
    """(period start, value), oldest first."""
    wanted = query["MetricStat"]
    asked = _asked(owner, wanted["Metric"], params, wanted["Period"], wanted.get("Unit"))
    if asked is None:
        return []
    found = _values(statistics, asked, [wanted["Stat"]])
    return [(start, values[wanted["Stat"]]) for (start, _), values in found.items()]


def _passes(dimensions: dict[str, str], wanted: Params) -> bool:
    value = dimensions.get(wanted["Name"])
    return value is not None and wanted.get("Value", value) == value


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _encoded(value: Any) -> str:
    return paging.pack(value)


def _decoded(token: str, kind: type) -> Any:
    try:
        value = paging.unpack(token)
    except ValueError:
        raise _bad_token() from None
    if not isinstance(value, kind):
        raise _bad_token()
    return value


def _bad_token() -> ApiError:
    return ApiError("InvalidNextToken", "The NextToken is not valid.")


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationError", message)
