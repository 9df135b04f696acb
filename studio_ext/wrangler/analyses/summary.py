"""Table summary: what each column holds, in one scan for all of them."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from .. import types
from ..operators.base import Form
from ..operators.figures import by_column, of_columns
from ..operators.parameters import Parameters
from ..relation import Relation
from .base import Analysis, Findings, analyses, figure


class _Nothing(Parameters):
    pass


@analyses.add
class TableSummary(Analysis[_Nothing]):
    """What each column holds.

    The count, and of numbers minimum, maximum, mean and deviation, of others the rarest and the
    most frequent value.
    """

    number, label = "A03", "Table summary"
    form = Form("sagemaker.visualizations.describe_0.1")

    def compute(self, relation: Relation, p: _Nothing) -> Findings:
        names = relation.columns
        values = relation.aggregate(of_columns(names, lambda name: _figures(relation, name)))
        columns = {
            name: {"type": types.kind_of(relation.schema[name]), **_said(found)}
            for name, found in by_column(names, values).items()
        }
        return Findings({"columns": columns}, _table(columns))


def _figures(relation: Relation, name: str) -> dict[str, exp.Expr]:
    f, x = relation.functions, relation[name]
    if types.is_numeric(relation.schema[name]):
        ends = {"min": f.least(x), "max": f.most(x)}
        return {"count": f.count(x), **ends, "mean": f.mean(x), "stddev": f.deviation(x)}
    return {"count": f.count(x), "values": f.frequencies(exp.cast(x, types.STRING))}


#: What the table shows of a column, by its heading.
_SHOWN = {
    "Type": "type",
    "Count": "count",
    "Minimum": "min",
    "Maximum": "max",
    "Mean": "mean",
    "Deviation": "stddev",
    "Most frequent": "most_frequent",
    "Least frequent": "least_frequent",
}


def _table(columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The summary as plotly draws a table: a row for each column."""
    shown = {key: [each.get(key) for each in columns.values()] for key in _SHOWN.values()}
    wanted = {title: key for title, key in _SHOWN.items() if any(v is not None for v in shown[key])}
    cells = [[_text(each) for each in shown[key]] for key in wanted.values()]
    header = {"values": ["Column", *wanted], "align": "left"}
    return figure({"type": "table", "header": header, "cells": {"values": [list(columns), *cells]}})


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _said(found: dict[str, Any]) -> dict[str, Any]:
    counts = found.pop("values", None)
    if counts:
        found["most_frequent"] = min(counts, key=lambda each: (-counts[each], each))
        found["least_frequent"] = min(counts, key=lambda each: (counts[each], each))
    return found
