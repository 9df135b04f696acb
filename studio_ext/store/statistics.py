"""Statistics over stored metrics, by periods of time: what CloudWatch answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Integer,
    Select,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)

from .database import read
from .metrics import metric_points, metric_samples, metric_series


class Meaning(Enum):
    """What the value of a point stands for."""

    OBSERVATION = "one observation"
    SUM = "the sum of the observations that another series counts"
    MEAN = "the mean of the observations that another series counts"


@dataclass(frozen=True)
class Measure:
    """Which series, and how to read it; `counted_by` names the series of the counts."""

    resource: str
    name: str
    dimension: str
    meaning: Meaning = Meaning.OBSERVATION
    counted_by: str = ""
    #: from users: rows of several observations each, with a unit
    is_sampled: bool = False


@dataclass(frozen=True)
class Window:
    """From `start` to before `end` (epoch seconds), in parts of `period` seconds from `start`."""

    start: float
    end: float
    period: float


@dataclass(frozen=True)
class Bucket:
    """The observations of one period that have one unit ("" where none is stored)."""

    start: float
    unit: str
    count: float
    total: float
    minimum: float
    maximum: float

    @property
    def average(self) -> float:
        return self.total / self.count


@dataclass(frozen=True)
class Key:
    """A series and the time of its last point, in epoch seconds."""

    resource: str
    name: str
    dimension: str
    last: float


class Statistics:
    """Reads aggregates; the database sums, so a period costs the same however long it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def buckets(self, measure: Measure, window: Window) -> list[Bucket]:
        """The periods in which something was observed, oldest first."""
        with read(self._engine) as connection:
            ids = _series_ids(connection, measure)
            if measure.name not in ids:
                return []
            rows = _observed(measure, ids, window).subquery()
            part = floor(connection, (rows.c.timestamp - window.start) / window.period)
            query = (
                select(
                    part.label("part"),
                    rows.c.unit,
                    func.sum(rows.c.count),
                    func.sum(rows.c.total),
                    func.min(rows.c.minimum),
                    func.max(rows.c.maximum),
                )
                .where(rows.c.count > 0)
                .group_by("part", rows.c.unit)
                .order_by("part", rows.c.unit)
            )
            return [
                Bucket(window.start + int(index) * window.period, unit, *numbers)
                for index, unit, *numbers in connection.execute(query)
            ]

    def observations(
        self, measure: Measure, window: Window
    ) -> list[tuple[float, str, float, float]]:
        """(time, unit, mean, number) of each stored point, oldest first, for percentiles."""
        with read(self._engine) as connection:
            ids = _series_ids(connection, measure)
            if measure.name not in ids:
                return []
            rows = _observed(measure, ids, window).subquery()
            query = (
                select(rows.c.timestamp, rows.c.unit, rows.c.total / rows.c.count, rows.c.count)
                .where(rows.c.count > 0)
                .order_by(rows.c.timestamp)
            )
            return [(t, unit, mean, n) for t, unit, mean, n in connection.execute(query)]

    def keys(
        self, prefix: str, name: str | None = None, after: Sequence[str] | None = None
    ) -> list[Key]:
        """The series of resources that start with `prefix`, sorted, from beyond `after`."""
        series = metric_series.c
        last = func.coalesce(_last(metric_points), _last(metric_samples), 0.0)
        query = (
            select(series.resource, series.name, series.dimension, last)
            .where(func.substr(series.resource, 1, len(prefix)) == prefix)
            .order_by(series.resource, series.name, series.dimension)
        )
        if name is not None:
            query = query.where(series.name == name)
        if after is not None:
            query = query.where(_is_after((series.resource, series.name, series.dimension), after))
        with read(self._engine) as connection:
            return [Key(*row) for row in connection.execute(query)]


def _is_after(columns: Sequence[Any], key: Sequence[str]) -> ColumnElement[bool]:
    (first, *others), (value, *rest) = columns, key
    if not others:
        return first > value
    return or_(first > value, and_(first == value, _is_after(others, rest)))


def _series_ids(connection: Connection, measure: Measure) -> dict[str, int]:
    """Ids of the measure's series and of the one that counts for it, by name."""
    query = select(metric_series.c.name, metric_series.c.id).where(
        metric_series.c.resource == measure.resource,
        metric_series.c.dimension == measure.dimension,
        metric_series.c.name.in_([measure.name, measure.counted_by]),
    )
    return {row.name: row.id for row in connection.execute(query)}


def _observed(measure: Measure, ids: dict[str, int], window: Window) -> Select[Any]:
    """Rows of timestamp, unit, count, total, minimum, maximum."""
    table = metric_samples if measure.is_sampled else metric_points
    in_window = and_(
        table.c.series_id == ids[measure.name],
        table.c.timestamp >= window.start,
        table.c.timestamp < window.end,
    )
    if measure.is_sampled:
        s = metric_samples.c
        rows = select(s.timestamp, s.unit, s.count, s.total, s.minimum, s.maximum)
        return rows.where(in_window)
    source: FromClause = table
    count: ColumnElement[float] = literal(1.0)
    if measure.meaning is not Meaning.OBSERVATION:
        counts = metric_points.alias("counts")
        same = and_(
            counts.c.series_id == ids.get(measure.counted_by, -1),
            counts.c.position == table.c.position,
        )
        source = table.outerjoin(counts, same)
        count = func.coalesce(counts.c.value, 1.0)
    value = table.c.value
    is_sum = measure.meaning is Meaning.SUM
    total, each = (value, value / func.nullif(count, 0.0)) if is_sum else (value * count, value)
    return (
        select(
            table.c.timestamp,
            literal("").label("unit"),
            count.label("count"),
            total.label("total"),
            each.label("minimum"),
            each.label("maximum"),
        )
        .select_from(source)
        .where(in_window)
    )


def floor(connection: Connection, number: ColumnElement[Any]) -> ColumnElement[Any]:
    """The whole part of a number that is not negative."""
    # SQLite may lack floor and its cast cuts; PostgreSQL's cast rounds.
    if connection.dialect.name == "sqlite":
        return cast(number, Integer)
    return func.floor(number)


def _last(table: Any) -> ColumnElement[float]:
    latest = select(func.max(table.c.timestamp)).where(table.c.series_id == metric_series.c.id)
    return latest.scalar_subquery()
