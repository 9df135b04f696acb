"""Histogram and scatter plot: counted by the engine, drawn from what it counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from .. import types
from ..errors import DataError, ParameterError
from ..operators.base import Form
from ..operators.parameters import AnyColumn, MaybeColumn, NumericColumn, Parameters, field
from ..relation import Relation
from .base import Analysis, Findings, analyses, counted, figure, some_rows

BINS = 20
#: More categories than these are one: a chart with more cannot be read.
MOST_CATEGORIES = 20
MOST_FACETS = 9
MOST_POINTS = 5_000
OTHER = "(other)"
MISSING = "(missing)"


class _Charted(Parameters):
    color_by: MaybeColumn = field("Colour by", default="")
    facet_by: MaybeColumn = field("Facet by", default="")

    def split(self, relation: Relation) -> list[str]:
        """The columns that part the chart."""
        names = [each for each in (self.color_by, self.facet_by) if each]
        return [relation[name].name for name in names]


class _Histogram(_Charted):
    x_axis: AnyColumn = field("X axis")


class _Scatter(_Charted):
    x_axis: NumericColumn = field("X axis")
    y_axis: NumericColumn = field("Y axis")


@analyses.add
class Histogram(Analysis[_Histogram]):
    """How often the values of a column occur, in bins of equal width or by category."""

    number, label = "A01", "Histogram"
    form = Form("sagemaker.visualizations.histogram_0.1")

    def compute(self, relation: Relation, p: _Histogram) -> Findings:
        numeric = types.is_numeric(relation.schema[p.x_axis])
        split = p.split(relation)
        start, width = _bins(relation, p.x_axis) if numeric else (0.0, 0.0)
        x = relation[p.x_axis]
        placed = _bin(relation, x, start, width) if numeric else exp.cast(x, types.STRING)
        cut = {"x": placed} | {
            f"by{index}": exp.cast(relation[name], types.STRING) for index, name in enumerate(split)
        }
        rows = counted(relation.select(cut))
        parts = _parted(rows, numeric, start, width)
        traces = [_bars(name, bars, numeric, width) for name, bars in parts.items()]
        layout = {"x": p.x_axis, "y": "Rows", "bargap": 0.02 if numeric else 0.2}
        return Findings(
            {"bins": [{"part": part, **bar} for part, bars in parts.items() for bar in bars]},
            figure(*traces, barmode="stack", showlegend=len(parts) > 1, **layout),
        )


def _bins(relation: Relation, name: str) -> tuple[float, float]:
    f, x = relation.functions, relation[name]
    seen = relation.aggregate({"low": f.least(f.number(x)), "high": f.most(f.number(x))})
    if seen["low"] is None:
        raise DataError(f"x_axis: {name!r} has no value")
    return float(seen["low"]), (float(seen["high"]) - float(seen["low"])) / BINS or 1.0


def _bin(relation: Relation, x: exp.Expr, start: float, width: float) -> exp.Expr:
    f = relation.functions
    place = exp.Floor(this=f.divide(f.subtract(f.number(x), start), width))
    return f.clip(place, 0.0, float(BINS - 1))


def _parted(
    rows: Sequence[tuple[Any, ...]], numeric: bool, start: float, width: float
) -> dict[str, list[dict[str, Any]]]:
    """Part of the chart -> its bars, the most frequent categories first."""
    totals: dict[Any, int] = {}
    for x, *_, count in rows:
        totals[x] = totals.get(x, 0) + count
    shown = sorted(totals, key=lambda each: (-totals[each], str(each)))[:MOST_CATEGORIES]
    sums: dict[str, dict[Any, int]] = {}
    for x, *by, count in rows:
        part = " / ".join(MISSING if each is None else each for each in by)
        if not numeric and x not in shown:
            x = OTHER
        bars = sums.setdefault(part, {})
        bars[x] = bars.get(x, 0) + count
    order = {x: index for index, x in enumerate([*shown, OTHER])}
    return {
        part: [_bar(x, bars[x], numeric, start, width) for x in _ordered(bars, numeric, order)]
        for part, bars in sorted(sums.items())
    }


def _ordered(bars: dict[Any, int], numeric: bool, order: dict[Any, int]) -> list[Any]:
    if numeric:
        return sorted(bars, key=lambda each: (each is None, each or 0))
    return sorted(bars, key=order.__getitem__)


def _bar(x: Any, count: int, numeric: bool, start: float, width: float) -> dict[str, Any]:
    if x is None:
        return {"value": MISSING, "count": count}
    if not numeric:
        return {"value": x, "count": count}
    low = start + x * width
    return {"low": low, "high": low + width, "count": count}


def _bars(name: str, bars: Sequence[dict[str, Any]], numeric: bool, width: float) -> dict[str, Any]:
    known = [bar for bar in bars if not numeric or "low" in bar]
    trace: dict[str, Any] = {"type": "bar", "name": name, "y": [bar["count"] for bar in known]}
    if numeric:
        trace |= {"x": [(bar["low"] + bar["high"]) / 2 for bar in known], "width": width}
    else:
        trace["x"] = [bar["value"] for bar in known]
    return trace


@analyses.add
class Scatter(Analysis[_Scatter]):
    """Two numbers of each row against each other; of many rows, some chosen by chance."""

    number, label = "A02", "Scatter plot"
    form = Form("sagemaker.visualizations.scatter_plot_0.1")

    def compute(self, relation: Relation, p: _Scatter) -> Findings:
        f, split = relation.functions, p.split(relation)
        wanted = {"x": f.number(relation[p.x_axis]), "y": f.number(relation[p.y_axis])} | {
            f"by{index}": exp.cast(relation[name], types.STRING) for index, name in enumerate(split)
        }
        known = relation.select(wanted).nested()
        there = (known[name].is_(exp.null()).not_() for name in ("x", "y"))
        rows = some_rows(known.filter(*there), MOST_POINTS).rows()
        if not rows:
            raise DataError(f"x_axis: no row has both {p.x_axis!r} and {p.y_axis!r}")
        parts: dict[str, list[tuple[Any, ...]]] = {}
        for x, y, *by in rows:
            part = " / ".join(MISSING if each is None else each for each in by)
            parts.setdefault(part, []).append((x, y))
        if len(parts) > MOST_CATEGORIES * MOST_FACETS:
            raise ParameterError("color_by", split, f"parts the points into {len(parts)} groups")
        traces = [
            {
                "type": "scattergl",
                "mode": "markers",
                "name": part,
                "x": [x for x, _ in points],
                "y": [y for _, y in points],
                "marker": {"size": 5, "opacity": 0.6},
            }
            for part, points in sorted(parts.items())
        ]
        chart = figure(*traces, x=p.x_axis, y=p.y_axis, showlegend=len(parts) > 1)
        points = [{"x": x, "y": y, "part": part} for part in parts for x, y in parts[part]]
        return Findings({"points": points}, chart)
