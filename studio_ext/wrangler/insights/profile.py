"""What each column holds: three scans of it, whatever the table's size.

The first counts and measures, the second finds the spread that is not swayed by outliers and the
frequent values, the third counts outliers and fills histograms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from .. import types
from ..operators.figures import by_column, of_columns
from ..relation import Relation

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 20
#: Values of a column with more distinct ones are not counted one by one.
MOST_COUNTED = 10_000
#: Columns that a scan looks at: exact quantiles hold all of their values in memory.
AT_ONCE = 8
SHOWN = 100
#: Outliers lie further from the median than so many robust deviations: the deviation of the values
#: clipped to the 5 % and 95 % quantiles.
OUTLIER = 5.0


@dataclass
class Column:
    """One column's figures. ``missing`` counts null, empty and blank, and NaN."""

    name: str
    type: str
    rows: int
    missing: int = 0
    distinct: int = 0
    kind: str = "unknown"
    figures: dict[str, Any] = field(default_factory=dict)
    #: The most frequent values, and how often they occur; empty where there are too many.
    values: dict[str, int] = field(default_factory=dict)
    #: Lower edge of the first bin, width, and rows in each.
    histogram: tuple[float, float, list[int]] | None = None
    outliers: int = 0

    @property
    def known(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_ratio(self) -> float:
        """From 0 to 1."""
        return self.missing / self.rows if self.rows else 0.0


def profiled(relation: Relation) -> list[Column]:
    """Every column's figures, exact but for the count of distinct values."""
    names = relation.columns
    found = _scanned(relation, names, lambda name: _first(relation, name))
    rows = relation.count()
    columns = {name: _column(relation, name, rows, found[name]) for name in names}
    second = _scanned(relation, names, lambda name: _second(relation, columns[name]))
    for name, own in second.items():
        _counted(columns[name], own)
    third = _scanned(relation, names, lambda name: _third(relation, columns[name]))
    for name, own in third.items():
        _placed(columns[name], own)
    return list(columns.values())


def _scanned(
    relation: Relation, names: list[str], figures: Callable[[str], dict[str, exp.Expr]]
) -> dict[str, dict[str, Any]]:
    """Column -> its figures; a scan for each few columns, whose values fit into memory together."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        found |= by_column(some, relation.aggregate(of_columns(some, figures)))
    return found


def _first(relation: Relation, name: str) -> dict[str, exp.Expr]:
    f, x, kind = relation.functions, relation[name], types.kind_of(relation.schema[name])
    if kind in types.NUMERIC:
        return _numeric(relation, f.finite(f.number(x)))
    common = {"known": f.count(x), "distinct": f.roughly_distinct(x)}
    if kind == "string":
        blank = f.blank(x)
        length = f.length(x)
        return {
            "known": f.count(blank),
            "distinct": f.roughly_distinct(blank),
            "empty": f.count_where(exp.EQ(this=x, expression=f.constant(""))),
            "nulls": f.count_where(x.is_(exp.null())),
            "numbers": f.count(f.parsed(blank, "float")),
            "datetimes": f.count(f.parsed(blank, "datetime")),
            "length_min": f.least(length),
            "length_max": f.most(length),
            "length_mean": f.mean(length),
        }
    if kind in types.TEMPORAL:
        return {**common, "min": f.least(x), "max": f.most(x)}
    return common


def _numeric(relation: Relation, x: exp.Expr) -> dict[str, exp.Expr]:
    f = relation.functions
    bound = f.constant(float("inf"))
    finite = f.when(exp.LT(this=exp.Abs(this=x.copy()), expression=bound), x)
    whole = exp.EQ(this=exp.Floor(this=finite.copy()), expression=finite.copy())
    zero = f.constant(0.0)
    return {
        "known": f.count(x),
        "distinct": f.roughly_distinct(x),
        "finite": f.count(finite),
        "whole": f.count_where(whole),
        "zeros": f.count_where(exp.EQ(this=x.copy(), expression=zero)),
        "negative": f.count_where(exp.LT(this=x.copy(), expression=zero.copy())),
        "min": f.least(finite),
        "max": f.most(finite),
        "mean": f.mean(finite),
        "stddev": f.deviation(finite),
        "skewness": f.skewness(finite),
        "kurtosis": f.kurtosis(finite),
        "quantiles": f.quantiles(finite, QUANTILES),
    }


def _column(relation: Relation, name: str, rows: int, found: dict[str, Any]) -> Column:
    column = Column(name, types.kind_of(relation.schema[name]), rows)
    column.missing = rows - int(found.pop("known"))
    column.distinct = int(found.pop("distinct") or 0)
    quantiles = found.pop("quantiles", None) or []
    found |= {f"q{round(q * 100)}": v for q, v in zip(QUANTILES, quantiles, strict=False)}
    column.figures = {
        key: value if isinstance(value, int | float) else str(value)
        for key, value in found.items()
        if value is not None
    }
    return column


def _second(relation: Relation, column: Column) -> dict[str, exp.Expr]:
    f, x = relation.functions, relation[column.name]
    wanted: dict[str, exp.Expr] = {}
    if column.type in types.NUMERIC and "q95" in column.figures:
        clipped = f.clip(f.finite(f.number(x)), column.figures["q5"], column.figures["q95"])
        wanted["rstd"] = f.deviation(clipped)
    if column.type in ("string", "bool", "long", "date") and column.distinct <= MOST_COUNTED:
        text = exp.cast(x, types.STRING)
        wanted["values"] = f.frequencies(f.blank(text) if column.type == "string" else text)
    return wanted


def _counted(column: Column, found: dict[str, Any]) -> None:
    if found.get("rstd") is not None:
        column.figures["rstd"] = float(found["rstd"])
    counts = found.get("values") or {}
    if counts:
        # Small enough to be counted exactly.
        column.distinct = len(counts)
    ranked = sorted(counts, key=lambda each: (-counts[each], each))[:SHOWN]
    column.values = {each: counts[each] for each in ranked}


def _third(relation: Relation, column: Column) -> dict[str, exp.Expr]:
    figures = column.figures
    if column.type not in types.NUMERIC or "q50" not in figures:
        return {}
    f = relation.functions
    x = f.finite(f.number(relation[column.name]))
    wanted: dict[str, exp.Expr] = {}
    if figures.get("rstd"):
        away = exp.Abs(this=f.subtract(x, figures["q50"]))
        far = exp.GT(this=away, expression=f.constant(OUTLIER * figures["rstd"]))
        wanted["outliers"] = f.count_where(far)
    width = (figures["max"] - figures["min"]) / BINS
    if 0 < width < float("inf"):
        column.histogram = (figures["min"], width, [0] * BINS)
        place = exp.Floor(this=f.divide(f.subtract(x, figures["min"]), width))
        wanted["bins"] = f.frequencies(f.clip(place, 0.0, float(BINS)))
    return wanted


def _placed(column: Column, found: dict[str, Any]) -> None:
    column.outliers = int(found.get("outliers") or 0)
    if "bins" in found and column.histogram:
        for place, count in (found["bins"] or {}).items():
            column.histogram[2][min(int(place), BINS - 1)] += count


def kind_of(column: Column) -> str:
    """``numeric``, ``categorical``, ``binary``, ``text``, ``datetime``, ``constant``, ``unknown``.

    A number of two values is binary, one of up to ten whole values is still a number; text is
    categorical up to 100 values, or where values repeat ten times on average.
    """
    if not column.known:
        return "unknown"
    if column.distinct <= 1:
        return "constant"
    if column.distinct == 2 and column.type in ("string", "bool", "long", "float"):
        return "binary"
    if column.type in types.NUMERIC:
        return "numeric"
    if column.type in types.TEMPORAL:
        return "datetime"
    if column.type != "string":
        return "unknown"
    if column.figures.get("numbers", 0) >= 0.95 * column.known:
        return "numeric"
    if column.figures.get("datetimes", 0) >= 0.95 * column.known:
        return "datetime"
    few = column.distinct <= 100 or column.distinct * 10 <= column.known
    return "categorical" if few and column.distinct < column.known else "text"
