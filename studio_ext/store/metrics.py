"""Metric time series of resources: training curves, endpoint invocations, users' own metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
)

from .database import lookup, metadata, read, write
from .portable import ID, insert_of
from .prepared import Prepared

metric_series = Table(
    "metric_series",
    metadata,
    Column("id", ID, primary_key=True),
    Column("resource", String(320), nullable=False),
    Column("name", String(256), nullable=False),
    Column("dimension", String(1024), nullable=False),
    UniqueConstraint("resource", "name", "dimension"),
)

metric_points = Table(
    "metric_points",
    metadata,
    Column("series_id", ForeignKey("metric_series.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("timestamp", Float, nullable=False),
    Column("step", BigInteger),
    Column("value", Float, nullable=False),
    Index("metric_points_by_time", "series_id", "timestamp"),
)

# What users report: each row stands for `count` observations, and several may share one time.
metric_samples = Table(
    "metric_samples",
    metadata,
    Column("id", ID, primary_key=True),
    Column("series_id", ForeignKey("metric_series.id", ondelete="CASCADE"), nullable=False),
    Column("timestamp", Float, nullable=False),
    Column("count", Float, nullable=False),
    Column("total", Float, nullable=False),
    Column("minimum", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column("unit", String(32), nullable=False),
    Index("metric_samples_by_time", "series_id", "timestamp"),
)

_LAST_POSITION = (
    select(func.max(metric_points.c.position))
    .where(metric_points.c.series_id == metric_series.c.id)
    .correlate(metric_series)
    .scalar_subquery()
)
#: Every Describe of a job asks it.
_LATEST = Prepared(
    select(
        metric_series.c.name,
        metric_series.c.dimension,
        metric_points.c.timestamp,
        metric_points.c.value,
    )
    .join(
        metric_points,
        and_(
            metric_points.c.series_id == metric_series.c.id,
            metric_points.c.position == _LAST_POSITION,
        ),
    )
    .where(metric_series.c.resource == bindparam("resource"))
)

#: name, dimension (a variant, or ""), timestamp in epoch seconds, step or None, value
Point = tuple[str, str, float, int | None, float]


@dataclass(frozen=True)
class Sample:
    """``count`` observations of a metric at one time, by their sum and extremes."""

    name: str
    dimension: str
    timestamp: float
    count: float
    total: float
    minimum: float
    maximum: float
    unit: str


@dataclass
class Series:
    """One curve; ``points`` are (timestamp, step, value), oldest first."""

    name: str
    dimension: str
    points: list[tuple[float, int | None, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Extent:
    """How many points a curve has, and the times of the first and the last."""

    name: str
    dimension: str
    count: int
    first: float
    last: float


class Metrics:
    """Appends and reads series; a resource is named by its owner's account and as in its ARN:
    ``000000000000/endpoint/NAME`` (see ``Resource.series``)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.appended = 0  # points and samples, by this process
        self._insert = insert_of(engine)

    def append(self, resource: str, points: Iterable[Point]) -> None:
        """Add points; one with a step (else a millisecond) that is there already is left alone.

        That makes appending again after a crash harmless. Values that are not finite are left
        out: neither SQL nor JSON has them.
        """
        points = [point for point in points if math.isfinite(point[4])]
        if not points:
            return
        with write(self._engine) as connection:
            ids = self._series_ids(connection, resource, {(p[0], p[1]) for p in points})
            rows = [
                {
                    "series_id": ids[name, dimension],
                    "position": step if step is not None else round(timestamp * 1000),
                    "timestamp": timestamp,
                    "step": step,
                    "value": value,
                }
                for name, dimension, timestamp, step, value in points
            ]
            connection.execute(self._insert(metric_points).on_conflict_do_nothing(), rows)
        self.appended += len(rows)

    def add_samples(self, resource: str, samples: Iterable[Sample]) -> None:
        """Add observations; unlike points they are all kept, at equal times too."""
        samples = list(samples)
        if not samples:
            return
        with write(self._engine) as connection:
            ids = self._series_ids(connection, resource, {(s.name, s.dimension) for s in samples})
            rows = [
                {
                    "series_id": ids[s.name, s.dimension],
                    "timestamp": s.timestamp,
                    "count": s.count,
                    "total": s.total,
                    "minimum": s.minimum,
                    "maximum": s.maximum,
                    "unit": s.unit,
                }
                for s in samples
            ]
            connection.execute(insert(metric_samples), rows)
        self.appended += len(rows)

    def delete(self, resource: str) -> None:
        """Forget the series of a resource."""
        with write(self._engine) as connection:
            mine = metric_series.c.resource == resource
            connection.execute(delete(metric_series).where(mine))

    def _series_ids(
        self, connection: Connection, resource: str, keys: set[tuple[str, str]]
    ) -> dict[tuple[str, str], int]:
        connection.execute(
            self._insert(metric_series).on_conflict_do_nothing(),
            [{"resource": resource, "name": n, "dimension": d} for n, d in sorted(keys)],
        )
        query = select(metric_series).where(metric_series.c.resource == resource)
        return {(row.name, row.dimension): row.id for row in connection.execute(query)}

    def series(
        self,
        resource: str,
        names: Iterable[str] | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Series]:
        """Curves of a resource between two times (epoch seconds, both inclusive)."""
        query = (
            select(
                metric_series.c.name,
                metric_series.c.dimension,
                metric_points.c.timestamp,
                metric_points.c.step,
                metric_points.c.value,
            )
            .join(metric_points, metric_points.c.series_id == metric_series.c.id)
            .where(metric_series.c.resource == resource)
            .order_by(metric_series.c.name, metric_series.c.dimension, metric_points.c.position)
        )
        if names is not None:
            query = query.where(metric_series.c.name.in_(list(names)))
        if since is not None:
            query = query.where(metric_points.c.timestamp >= since)
        if until is not None:
            query = query.where(metric_points.c.timestamp <= until)
        found: dict[tuple[str, str], Series] = {}
        with read(self._engine) as connection:
            for name, dimension, timestamp, step, value in connection.execute(query):
                curve = found.setdefault((name, dimension), Series(name, dimension))
                curve.points.append((timestamp, step, value))
        return list(found.values())

    def extents(
        self, resource: str, names: Iterable[str] | None = None, *, since: float | None = None
    ) -> list[Extent]:
        """What there is of each curve after ``since`` (exclusive, epoch seconds)."""
        time = metric_points.c.timestamp
        query = (
            select(
                metric_series.c.name,
                metric_series.c.dimension,
                func.count(),
                func.min(time),
                func.max(time),
            )
            .join(metric_points, metric_points.c.series_id == metric_series.c.id)
            .where(metric_series.c.resource == resource)
            .group_by(metric_series.c.name, metric_series.c.dimension)
            .order_by(metric_series.c.name, metric_series.c.dimension)
        )
        if names is not None:
            query = query.where(metric_series.c.name.in_(list(names)))
        if since is not None:
            query = query.where(time > since)
        with read(self._engine) as connection:
            return [Extent(*row) for row in connection.execute(query)]

    def sampled(
        self,
        resource: str,
        names: Iterable[str] | None = None,
        *,
        since: float | None = None,
        max_points: int = 2000,
    ) -> list[Series]:
        """Curves as for a picture: of a long one the first, the last and the extreme points.

        The positions are cut into equal parts, each of which gives its lowest and highest point,
        so that no spike is lost; about ``max_points`` (at least 4) are left of each curve.
        ``since`` is an exclusive bound in epoch seconds.
        """
        query = select(metric_series).where(metric_series.c.resource == resource)
        if names is not None:
            query = query.where(metric_series.c.name.in_(list(names)))
        curves = []
        with read(self._engine) as connection:
            for row in connection.execute(query.order_by("name", "dimension")):
                points = _sampled(connection, row.id, since, max_points)
                if points:
                    curves.append(Series(row.name, row.dimension, points))
        return curves

    def latest(self, resource: str) -> dict[tuple[str, str], tuple[float, float]]:
        """The last (timestamp, value) of each (name, dimension)."""
        with lookup(self._engine) as connection:
            rows = _LATEST.rows(connection, {"resource": resource})
        return {(name, dimension): (time, value) for name, dimension, time, value in rows}


def _sampled(
    connection: Connection, series_id: int, since: float | None, max_points: int
) -> list[tuple[float, int | None, float]]:
    point = metric_points.c
    wanted = point.series_id == series_id
    if since is not None:
        wanted = and_(wanted, point.timestamp > since)
    ends = select(func.count(), func.min(point.position), func.max(point.position)).where(wanted)
    count, first, last = connection.execute(ends).one()
    if count > max_points:
        parts = max(1, (max_points - 2) // 2)
        extremes = _extremes(wanted, (point.position - first) * parts // (last - first + 1))
        wanted = and_(wanted, or_(point.position.in_([first, last]), extremes))
    rows = select(point.timestamp, point.step, point.value).where(wanted).order_by(point.position)
    return [(time, step, value) for time, step, value in connection.execute(rows)]


def _extremes(wanted: ColumnElement[bool], part: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a point is the first lowest or the first highest of its part."""
    point = metric_points.c
    bounds = (
        select(
            part.label("part"),
            func.min(point.value).label("lowest"),
            func.max(point.value).label("highest"),
        )
        .where(wanted)
        .group_by("part")
        .subquery()
    )
    is_extreme = or_(point.value == bounds.c.lowest, point.value == bounds.c.highest)
    positions = (
        select(func.min(point.position))
        .join(bounds, and_(part == bounds.c.part, is_extreme))
        .where(wanted)
        .group_by(bounds.c.part, point.value)
    )
    return point.position.in_(positions)
