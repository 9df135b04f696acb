"""What grows with time alone is kept within bounds: the event log, and metrics at full detail.

Metrics fade as CloudWatch's do (its documentation, "Metrics retention"): what comes every second is
kept for 3 hours, by the minute for 15 days, by 5 minutes for 63 days, by the hour for 455 days.
The curves of jobs are numbered by steps and stay as long as their job.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, select, tuple_

from .database import read, write
from .metrics import metric_points, metric_samples, metric_series
from .portable import Turn, take_turn
from .statistics import floor
from .tables import events

HOUR, DAY = 3600.0, 86400.0
#: (age in seconds from which on, seconds that become one point)
TIERS = ((3 * HOUR, 60), (15 * DAY, 300), (63 * DAY, 3600))
FORGET_S = 455 * DAY
KEEP_EVENTS = 10_000
KEEP_EVENTS_S = 7 * DAY
#: Rows or minutes dealt with in one transaction, so that nobody waits for long.
BATCH = 5000
MINUTES = 200
#: What is a sum over its seconds; the others are means, weighted by how many were counted.
_SUMS = frozenset(
    {"Invocations", "InvocationsPerInstance", "Invocation4XXErrors", "Invocation5XXErrors"}
)
_COUNT = "Invocations"

Key = tuple[str, str]


def tidy(engine: Engine, now: float) -> None:
    """Bring everything within its bounds; to be called now and then, and repeated if killed."""
    while _trim_events(engine, now):
        pass
    for age, period in TIERS:
        for key in _endpoints(engine):
            while _fade_points(engine, key, now - age, period):
                pass
        while _fade_samples(engine, now - age, period):
            pass
    for table in (metric_points, metric_samples):
        _forget(engine, table, now - FORGET_S)


def _trim_events(engine: Engine, now: float) -> bool:
    """Remove events that are both old and not among the last; whether there may be more."""
    latest = select(events.c.id).order_by(events.c.id.desc()).offset(KEEP_EVENTS).limit(1)
    with read(engine) as connection:
        first_kept = connection.scalar(latest)
        if first_kept is None:
            return False
        oldest = select(events.c.id, events.c.at).where(events.c.id <= first_kept)
        rows = connection.execute(oldest.order_by(events.c.id).limit(BATCH)).all()
    old = [row.id for row in rows if row.at < now - KEEP_EVENTS_S]
    if not old:
        return False
    with write(engine) as connection:
        connection.execute(delete(events).where(events.c.id.between(old[0], old[-1])))
    return len(old) == BATCH


# --- metrics of endpoints: a point for each second with an invocation


def _endpoints(engine: Engine) -> Sequence[Key]:
    """(resource, variant) of all that counts invocations."""
    series = metric_series.c
    query = select(series.resource, series.dimension).where(series.name == _COUNT).distinct()
    with read(engine) as connection:
        return [(row.resource, row.dimension) for row in connection.execute(query)]


def _fade_points(engine: Engine, key: Key, before: float, period: int) -> bool:
    """Put the seconds of some periods together; whether there may be more."""
    with read(engine) as connection:
        names = _names(connection, key)
        starts = _fine(connection, [i for i, n in names.items() if n == _COUNT], before, period)
    if not starts:
        return False
    with write(engine) as connection:
        take_turn(connection, Turn.EVENTS)  # another control plane may tidy too
        for start in starts:
            _join_points(connection, names, start, period)
    return len(starts) == MINUTES


def _names(connection: Connection, key: Key) -> dict[int, str]:
    same = and_(metric_series.c.resource == key[0], metric_series.c.dimension == key[1])
    rows = connection.execute(select(metric_series.c.id, metric_series.c.name).where(same))
    return {row.id: row.name for row in rows if row.name in _SUMS or row.name.endswith("Latency")}


def _fine(connection: Connection, ids: list[int], before: float, period: int) -> list[int]:
    """Starts of periods, all before a time, that hold points other than one at their start."""
    point = metric_points.c
    fine = select(point.timestamp).where(
        point.series_id.in_(ids),
        point.timestamp < before // period * period,
        floor(connection, point.timestamp / period) * period != point.timestamp,
    )
    times = connection.scalars(fine.order_by(point.timestamp).limit(MINUTES * period))
    return sorted({int(time // period) * period for time in times})[:MINUTES]


def _join_points(connection: Connection, names: dict[int, str], start: int, period: int) -> None:
    point = metric_points.c
    inside = and_(
        point.series_id.in_(names), point.timestamp >= start, point.timestamp < start + period
    )
    rows = connection.execute(select(metric_points).where(inside)).all()
    counted = {row.position: row.value for row in rows if names[row.series_id] == _COUNT}
    joined = [
        {
            "series_id": series,
            "position": start * 1000,
            "timestamp": float(start),
            "step": None,
            "value": _joined([r for r in rows if r.series_id == series], name, counted),
        }
        for series, name in names.items()
        if any(row.series_id == series for row in rows)
    ]
    connection.execute(delete(metric_points).where(inside))
    connection.execute(insert(metric_points), joined)


def _joined(rows: Sequence[Row[Any]], name: str, counted: dict[int, float]) -> float:
    if name in _SUMS:
        return float(sum(row.value for row in rows))
    weights = [counted.get(row.position, 1.0) for row in rows]
    total = sum(weights)
    return sum(r.value * w for r, w in zip(rows, weights, strict=True)) / total if total else 0.0


# --- metrics of users: samples


def _fade_samples(engine: Engine, before: float, period: int) -> bool:
    """Put samples of one period together; whether there may be more."""
    s = metric_samples.c
    limit = before // period * period
    with write(engine) as connection:
        take_turn(connection, Turn.EVENTS)
        part = floor(connection, s.timestamp / period)
        crowded = (
            select(s.series_id, part.label("part"), s.unit)
            .where(s.timestamp < limit)
            .group_by(s.series_id, "part", s.unit)
            .having(func.count() > 1)
            .limit(MINUTES)
        )
        groups = [tuple(row) for row in connection.execute(crowded)]
        for series, number, unit in groups:
            start = float(int(number) * period)
            inside = and_(
                s.series_id == series,
                s.unit == unit,
                s.timestamp >= start,
                s.timestamp < start + period,
            )
            sums = select(
                func.sum(s.count), func.sum(s.total), func.min(s.minimum), func.max(s.maximum)
            )
            values = connection.execute(sums.where(inside)).one()
            connection.execute(delete(metric_samples).where(inside))
            row = dict(zip(("count", "total", "minimum", "maximum"), values, strict=True))
            connection.execute(
                insert(metric_samples).values(series_id=series, timestamp=start, unit=unit, **row)
            )
    return len(groups) == MINUTES


def _forget(engine: Engine, table: Any, before: float) -> None:
    """Remove what is too old, but for the curves of jobs, whose points have steps."""
    key = list(table.primary_key.columns)
    old = table.c.timestamp < before
    if "step" in table.c:
        old = and_(old, table.c.step.is_(None))
    while True:
        with write(engine) as connection:
            rows = [tuple(row) for row in connection.execute(select(*key).where(old).limit(BATCH))]
            if rows:
                connection.execute(delete(table).where(tuple_(*key).in_(rows)))
        if len(rows) < BATCH:
            return
