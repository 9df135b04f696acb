"""Table summary: what each column holds, in one scan for all of them."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from .. import types
from ..operators.base import Form
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
        f = relation.functions
        wanted: dict[str, exp.Expr] = {}
        for index, (name, datatype) in enumerate(relation.schema.items()):
            x = relation[name]
            wanted[f"{index}/count"] = exp.Count(this=x.copy())
            if types.is_numeric(datatype):
                wanted[f"{index}/min"], wanted[f"{index}/max"] = f.least(x), f.most(x)
                wanted[f"{index}/mean"], wanted[f"{index}/stddev"] = f.mean(x), f.deviation(x)
            else:
                wanted[f"{index}/values"] = f.frequencies(exp.cast(x, types.STRING))
        values = relation.aggregate(wanted)
        columns = {}
        for index, (name, datatype) in enumerate(relation.schema.items()):
            found = {
                key.split("/")[1]: value
                for key, value in values.items()
                if key.startswith(f"{index}/")
            }
            columns[name] = {"type": types.kind_of(datatype), **_said(found)}
        return Findings({"columns": columns})


def _said(found: dict[str, Any]) -> dict[str, Any]:
    counts = found.pop("values", None)
    if counts:
        found["most_frequent"] = min(counts, key=lambda each: (-counts[each], each))
        found["least_frequent"] = min(counts, key=lambda each: (counts[each], each))
    return found
