"""Table summary: what each column holds, in one scan for all of them."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from .. import types
from ..operators.base import Form
from ..operators.figures import by_column, of_columns
from ..operators.parameters import Parameters
from ..relation import Relation
from .base import Analysis, Findings, analyses


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
        return Findings({"columns": columns})


def _figures(relation: Relation, name: str) -> dict[str, exp.Expr]:
    f, x = relation.functions, relation[name]
    if types.is_numeric(relation.schema[name]):
        ends = {"min": f.least(x), "max": f.most(x)}
        return {"count": f.count(x), **ends, "mean": f.mean(x), "stddev": f.deviation(x)}
    return {"count": f.count(x), "values": f.frequencies(exp.cast(x, types.STRING))}


def _said(found: dict[str, Any]) -> dict[str, Any]:
    counts = found.pop("values", None)
    if counts:
        found["most_frequent"] = min(counts, key=lambda each: (-counts[each], each))
        found["least_frequent"] = min(counts, key=lambda each: (counts[each], each))
    return found
