"""Bias report: how differently a label falls to one group of people and to the others.

Measures and names are SageMaker Clarify's for data before training; ``d`` is the group looked at
(the facet), ``a`` everybody else, ``q`` the share of the positive label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from .. import types
from ..errors import NAMED, DataError, ParameterError
from ..operators.base import Form
from ..operators.parameters import AnyColumn, MaybeColumn, Parameters, field
from ..relation import Relation
from .base import Analysis, Findings, analyses, counted, figure

MEANINGS = {
    "CI": "Class imbalance: (others - group) / all",
    "DPL": "Difference in positive proportions of labels: others - group",
    "KL": "Kullback-Leibler divergence of the labels of others from those of the group",
    "JS": "Jensen-Shannon divergence",
    "LP": "L2 distance of the distributions of labels",
    "TVD": "Total variation distance",
    "KS": "Kolmogorov-Smirnov: the largest difference of a label's share",
    "CDDL": "Conditional demographic disparity in labels, within each value of a third column",
}
ENDLESS = " (infinite here: others have a label that the group has not)"


class _Bias(Parameters):
    label: AnyColumn = field("Label")
    label_values: list[str] = field("Positive values", "Of a category.", default=[])
    label_threshold: float | None = field("Positive above", "Of a number.", default=None)
    facet: AnyColumn = field("Group by", "The column that says who belongs to the group.")
    facet_values: list[str] = field("Values of the group", "Of a category.", default=[])
    facet_threshold: float | None = field("In the group above", "Of a number.", default=None)
    group_column: MaybeColumn = field("Within", "The third column, for CDDL.", default="")


def _chosen(
    relation: Relation, name: str, values: list[str], threshold: float | None, field: str
) -> exp.Expr:
    """Whether a row is meant, as 1 or 0; missing where the column is."""
    f, x = relation.functions, relation[name]
    if threshold is not None:
        if not types.is_numeric(relation.schema[name]):
            raise ParameterError(
                f"{field}_threshold", threshold, f"needs a number, {name!r} is none"
            )
        meant: exp.Expr = exp.GT(this=f.number(x), expression=f.constant(threshold))
    elif values:
        text = exp.cast(x, types.STRING)
        meant = exp.In(this=text, expressions=[exp.Literal.string(each) for each in values])
        # Of a group without rows its measures speak; labels that nobody has would look like none.
        said = exp.Case().when(meant.copy(), text.copy())
        if field == "label" and all(
            each is None for each, _ in counted(relation.select({"x": said}))
        ):
            there = counted(relation.select({"x": text.copy()}))
            often = sorted(there, key=lambda each: (-each[1], str(each[0])))[:NAMED]
            listed = ", ".join(repr(value) for value, _ in often if value is not None) or "none"
            raise ParameterError(
                f"{field}_values", values, f"names no value of {name!r}: there are {listed}"
            )
    else:
        raise ParameterError(f"{field}_values", values, "names no value, and there is no threshold")
    unknown = x.copy().is_(exp.null())
    return exp.Case().when(unknown, exp.null()).when(meant, f.constant(1)).else_(f.constant(0))


@analyses.add
class BiasReport(Analysis[_Bias]):
    """How differently a label falls to a group and to everybody else, before training."""

    number, label = "A11", "Bias report"
    form = Form("sagemaker.visualizations.bias_0.1")

    def compute(self, relation: Relation, p: _Bias) -> Findings:
        wanted: dict[str, exp.Expr] = {
            "facet": _chosen(relation, p.facet, p.facet_values, p.facet_threshold, "facet"),
            "positive": _chosen(relation, p.label, p.label_values, p.label_threshold, "label"),
            "label": exp.cast(relation[p.label], types.STRING)
            if p.label_threshold is None
            else _chosen(relation, p.label, [], p.label_threshold, "label"),
        }
        if p.group_column:
            wanted["third"] = exp.cast(relation[p.group_column], types.STRING)
        rows = counted(relation.select(wanted))
        rows = [each for each in rows if each[0] is not None and each[1] is not None]
        found = measures(rows)
        # JSON has no infinity.
        said = {name: each if math.isfinite(each) else None for name, each in found.items()}
        bars = {"type": "bar", "x": list(said), "y": list(said.values())}
        notes = tuple(
            f"{name}: {MEANINGS[name]}{ENDLESS if each is None else ''}"
            for name, each in said.items()
        )
        return Findings({"metrics": said}, figure(bars), notes)


def measures(rows: list[tuple[Any, ...]]) -> dict[str, float]:
    """Measures of counted rows ``(facet, positive, label, [third,] count)``.

    Raises DataError where one of the groups has no row.
    """
    group = _labels(rows, 1)
    others = _labels(rows, 0)
    n_d, n_a = sum(group.values()), sum(others.values())
    if not n_d or not n_a:
        raise DataError(f"facet: {n_d} rows are in the group and {n_a} are not: both are needed")
    labels = sorted({*group, *others}, key=str)
    p_d = [group.get(each, 0) / n_d for each in labels]
    p_a = [others.get(each, 0) / n_a for each in labels]
    middle = [(x + y) / 2 for x, y in zip(p_a, p_d, strict=True)]
    gaps = [abs(x - y) for x, y in zip(p_a, p_d, strict=True)]
    found = {
        "CI": (n_a - n_d) / (n_a + n_d),
        "DPL": _share(rows, 0) - _share(rows, 1),
        "KL": _divergence(p_a, p_d),
        "JS": (_divergence(p_a, middle) + _divergence(p_d, middle)) / 2,
        "LP": math.sqrt(sum(each**2 for each in gaps)),
        "TVD": sum(gaps) / 2,
        "KS": max(gaps),
    }
    if len(rows[0]) > 4:
        found["CDDL"] = _conditional(rows)
    return found


def _labels(rows: list[tuple[Any, ...]], facet: int) -> Mapping[Any, int]:
    counts: dict[Any, int] = {}
    for each in rows:
        if each[0] == facet:
            counts[each[2]] = counts.get(each[2], 0) + each[-1]
    return counts


def _share(rows: list[tuple[Any, ...]], facet: int) -> float:
    own = [each for each in rows if each[0] == facet]
    return sum(each[-1] for each in own if each[1]) / sum(each[-1] for each in own)


def _divergence(p: list[float], q: list[float]) -> float:
    """Kullback-Leibler, natural logarithm; infinite where ``q`` lacks what ``p`` has."""
    pairs = [(x, y) for x, y in zip(p, q, strict=True) if x > 0]
    if any(y == 0 for _, y in pairs):
        return math.inf
    return sum(x * math.log(x / y) for x, y in pairs)


def _conditional(rows: list[tuple[Any, ...]]) -> float:
    """Demographic disparity within each value of the third column, weighed by its rows."""
    total = sum(each[-1] for each in rows)
    thirds = {each[3] for each in rows}
    return sum(_disparity([each for each in rows if each[3] == third]) for third in thirds) / total


def _disparity(rows: list[tuple[Any, ...]]) -> float:
    """(share of the group among the rejected - among the accepted) times the rows."""
    parts = []
    for positive in (0, 1):
        own = [each for each in rows if each[1] == positive]
        count = sum(each[-1] for each in own)
        parts.append(sum(each[-1] for each in own if each[0] == 1) / count if count else 0.0)
    return (parts[0] - parts[1]) * sum(each[-1] for each in rows)
