"""Beyond Data Wrangler: numbers as bins, and bounded by ranks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Literal

from sqlglot import exp

from ..errors import ParameterError
from ..relation import Relation
from .base import Operator, Trained
from .catalogue import catalogue
from .figures import floats, of_columns
from .parameters import NewColumn, NumericColumns, Parameters, field, outputs
from .scaling import GROUP, form

#: Bins narrower than this are one, as in scikit-learn.
NARROW = 1e-8


class _Binned(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    bins: int = field("Bins", default=5, ge=2, le=1_000)
    strategy: Literal["Quantile", "Uniform"] = field(
        "Strategy", "Bins of as many rows each, or of one width.", default="Quantile"
    )
    encoding: Literal["Ordinal", "One-hot"] = field("Output", default="Ordinal")


@catalogue.add
class KBins(Operator[_Binned]):
    """Number the bin that a value falls in from zero, or give each bin a column.

    As scikit-learn's KBinsDiscretizer: a bin holds its lower edge, the first and the last go on to
    the infinities, and quantiles (interpolated) that are the same make fewer bins. Missing values
    stay missing, and are zeros in columns.
    """

    number, group, label = "X304", GROUP, "Bin values"
    form = form("Bin values")
    variants = ("quantile", "uniform", "ordinal", "one-hot")

    def aggregates(self, relation: Relation, p: _Binned) -> Mapping[str, exp.Expr]:
        f = relation.functions

        def figures(name: str) -> Mapping[str, exp.Expr]:
            x = f.figure(relation[name])
            if p.strategy == "Uniform":
                return {"0": f.least(x), "1": f.most(x)}
            return {str(i): f.quantile(x, i / p.bins) for i in range(p.bins + 1)}

        return of_columns(p.input_column, figures)

    def learned(self, values: Mapping[str, Any], p: _Binned) -> Trained:
        edges = {}
        for name, figures in floats(p.input_column, values).items():
            found = list(figures.values())
            if p.strategy == "Uniform":
                low, width = found[0], (found[1] - found[0]) / p.bins
                found = [low + width * i for i in range(p.bins)] + [found[1]]
            edges[name] = _distinct(found)
        return {"edges": edges}

    def apply(self, relation: Relation, p: _Binned, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        made: dict[str, exp.Expr] = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            x = f.number(relation[name])
            inner = trained["edges"][name][1:-1]
            bin_ = exp.case().when(x.copy().is_(exp.null()), exp.null())
            for index, edge in enumerate(inner):
                below = exp.LT(this=x.copy(), expression=f.constant(edge))
                bin_ = bin_.when(below, f.constant(float(index)))
            index_ = bin_.else_(f.constant(float(len(inner))))
            if p.encoding == "Ordinal":
                made[output] = index_
                continue
            for place in range(len(inner) + 1):
                same = exp.EQ(this=index_.copy(), expression=f.constant(float(place)))
                made[f"{output}_{place}"] = f.when(same, 1.0, 0.0)
        gone = p.input_column if p.encoding == "One-hot" and not p.output_column else []
        return relation.with_columns(made).drop(gone)


def _distinct(edges: list[float]) -> list[float]:
    """Without edges that make a bin too narrow; two at least."""
    kept = edges[:1]
    kept += [b for a, b in itertools.pairwise(edges) if b - a > NARROW]
    return kept if len(kept) > 1 else [edges[0], edges[-1]]


class _Winsorized(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    lower_limit: float = field("Part to bound below", default=0.05, ge=0, lt=0.5)
    upper_limit: float = field("Part to bound above", default=0.05, ge=0, lt=0.5)


@catalogue.add
class Winsorize(Operator[_Winsorized]):
    """Give the smallest and the largest part of the values the value next to them.

    As SciPy's winsorize: of n values, ``floor(limit * n)`` on each side. Bounds are kept for other
    rows. Missing values do not count and stay.
    """

    number, group, label = "X305", GROUP, "Winsorize"
    form = form("Winsorize")
    variants = ("both sides", "one side")

    def fit(self, relation: Relation, p: _Winsorized) -> Trained:
        f = relation.functions
        known = {name: f.figure(relation[name]) for name in p.input_column}
        counts = relation.aggregate({name: f.count(x) for name, x in known.items()})

        def bounds(name: str) -> Mapping[str, exp.Expr]:
            # The quantile at k / (n - 1) is the value of rank k: nothing is interpolated.
            n = int(counts[name])
            last = max(n - 1, 1)
            low, high = int(p.lower_limit * n), n - 1 - int(p.upper_limit * n)
            return {
                "lower": f.quantile(known[name], low / last),
                "upper": f.quantile(known[name], max(high, 0) / last),
            }

        found = relation.aggregate(of_columns(p.input_column, bounds))
        return {"bounds": floats(p.input_column, found)}

    def apply(self, relation: Relation, p: _Winsorized, trained: Trained | None) -> Relation:
        assert trained
        if not (p.lower_limit or p.upper_limit):
            raise ParameterError("lower_limit", 0, "and upper_limit: one must be above 0")
        f = relation.functions
        made = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            bounds = trained["bounds"][name]
            made[output] = f.clip(f.number(relation[name]), bounds["lower"], bounds["upper"])
        return relation.with_columns(made)
