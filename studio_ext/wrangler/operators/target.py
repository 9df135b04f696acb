"""Beyond Data Wrangler: categories as numbers that tell of a target, or of the category's rows."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, TypeVar

from sqlglot import exp

from .. import types
from ..errors import DataError, ParameterError
from ..relation import Relation, column
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .figures import counted, nothing_in
from .parameters import AnyColumn, AnyColumns, NewColumn, Parameters, field, outputs

GROUP = "Encode more"


def form(label: str) -> Form:
    """Where an operator of this group stands in a flow file."""
    return Form("studio.encode_more_0.1", (Choice("operator", label),))


class Figures(NamedTuple):
    """What is known of the target over some rows."""

    rows: int
    mean: float
    #: Of the population.
    variance: float


class Encoded(Parameters):
    """What encoders of this group ask for."""

    input_column: AnyColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")


class _Targeted(Encoded):
    target_column: AnyColumn = field("Target column")
    positive_value: str = field(
        "Positive value", "The target is 1 where it is this, else 0; empty: a number itself.",
        default="",
    )  # fmt: skip


T = TypeVar("T", bound=_Targeted)


def _target(relation: Relation, p: _Targeted) -> exp.Expr:
    f, y = relation.functions, relation[p.target_column]
    if p.positive_value:
        positive = exp.EQ(this=f.text(y), expression=f.constant(p.positive_value))
        there = y.copy().is_(exp.null()).not_()
        return exp.case().when(there, f.when(positive, 1.0, 0.0))
    kind = types.kind_of(relation.schema[p.target_column])
    if kind not in (*types.NUMERIC, "bool"):
        right = f"must be given: {p.target_column!r} is {kind}, no number"
        raise ParameterError("positive_value", p.positive_value, right)
    return f.number(y)


class _TargetEncoder(Operator[T]):
    """Learns rows, mean and variance of the target by category; missing targets do not count."""

    group = GROUP

    def encoded(self, of: Figures, all_: Figures, p: T) -> float:
        """The number of a category; ``all_``: the same figures of all rows."""
        raise NotImplementedError(type(self).__name__)

    def others(self, all_: Figures) -> float:
        """The number of what was not there when learning, and of what is missing."""
        raise NotImplementedError(type(self).__name__)

    def fit(self, relation: Relation, p: T) -> Trained:
        f = relation.functions
        y = _target(relation, p)
        found = relation.aggregate(
            {"rows": f.count(y), "mean": f.mean(y), "variance": f.population_variance(y)}
        )
        if not found["rows"]:
            raise nothing_in(p.target_column, "target_column")
        all_ = Figures(int(found["rows"]), float(found["mean"]), float(found["variance"]))
        columns = {}
        for name in p.input_column:
            groups = _by_category(relation, name, y)
            columns[name] = {label: self.encoded(of, all_, p) for label, of in groups.items()}
        return {"columns": columns, "others": self.others(all_)}

    def apply(self, relation: Relation, p: T, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        made = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            found = f.lookup(f.text(relation[name]), trained["columns"][name])
            made[output] = f.coalesce(found, float(trained["others"]))
        return relation.with_columns(made)


def _by_category(relation: Relation, name: str, y: exp.Expr) -> dict[str, Figures]:
    """Category -> the figures of its rows."""
    f = relation.functions
    pairs = relation.select({"label": f.text(relation[name]), "y": y}).nested()
    pairs = pairs.filter(*(pairs[each].is_(exp.null()).not_() for each in ("label", "y")))
    label, target = column("label", "t"), column("y", "t")
    grouped = pairs.derive(
        lambda table: (
            exp.select(
                label.copy(),
                exp.alias_(f.count(), "n"),
                exp.alias_(f.mean(target), "mean"),
                exp.alias_(f.population_variance(target), "variance"),
            )
            .from_(table)
            .group_by(label.copy())
        )
    )
    return {str(a): Figures(int(n), float(m), float(v)) for a, n, m, v in sorted(grouped.rows())}


class _Target(_Targeted):
    smooth: float | None = field(
        "Smoothing",
        "Rows that the mean of all weighs; empty: by the variances.",
        default=None,
        ge=0,
    )


@catalogue.add
class TargetEncode(_TargetEncoder[_Target]):
    """Put the mean of the target over a category's rows in its place, drawn to the mean of all.

    As scikit-learn's TargetEncoder: ``(n * mean + m * mean of all) / (n + m)``, where m is
    ``smooth``, or (empirical Bayes) the target's variance in the category by that of all. It learns
    from all rows: no cross fitting. Unknown and missing categories get the mean of all.
    """

    number, label = "X321", "Target encode"
    form = form("Target encode")
    variants = ("fixed smoothing", "empirical Bayes")

    def encoded(self, of: Figures, all_: Figures, p: _Target) -> float:
        if p.smooth is not None:
            m = p.smooth
        elif all_.variance:
            m = of.variance / all_.variance
        else:
            return all_.mean
        return (of.rows * of.mean + m * all_.mean) / (of.rows + m)

    def others(self, all_: Figures) -> float:
        return all_.mean


class _Woe(_Targeted):
    regularization: float = field("Regularization", "Added to every count.", default=1.0, gt=0)


@catalogue.add
class WeightOfEvidence(_TargetEncoder[_Woe]):
    """Put the weight of evidence for a target of 0 and 1 in a category's place.

    ``ln((p + r) / (P + 2r) * (N + 2r) / (n + r))`` for p of P positive and n of N negative rows, r
    the regularization, as category_encoders' WOEEncoder. Unknown and missing categories weigh 0.
    """

    number, label = "X322", "Weight of evidence encode"
    form = form("Weight of evidence encode")
    variants = ("weight of evidence",)

    def fit(self, relation: Relation, p: _Woe) -> Trained:
        f, y = relation.functions, _target(relation, p)
        odd = exp.not_(exp.In(this=y, expressions=[f.constant(0.0), f.constant(1.0)]))
        found = relation.aggregate({"odd": f.count_where(odd)})
        if found["odd"]:
            raise DataError(
                f"target_column: {p.target_column!r} has values other than 0 and 1: give the "
                "positive value",
                field="target_column",
            )
        return super().fit(relation, p)

    def encoded(self, of: Figures, all_: Figures, p: _Woe) -> float:
        r, positive, all_positive = p.regularization, of.rows * of.mean, all_.rows * all_.mean
        share = (positive + r) / (all_positive + 2 * r)
        other = (of.rows - positive + r) / (all_.rows - all_positive + 2 * r)
        return math.log(share / other)

    def others(self, all_: Figures) -> float:
        return 0.0


class _Frequent(Encoded):
    measure: Literal["Fraction", "Count"] = field("Measure", default="Fraction")


@catalogue.add
class FrequencyEncode(Operator[_Frequent]):
    """Put the number, or the fraction, of the training rows that have a category in its place.

    Missing values have no part in either, and stay missing; unknown categories are 0.
    """

    number, group, label = "X323", GROUP, "Frequency encode"
    form = form("Frequency encode")
    variants = ("fraction", "count")

    def fit(self, relation: Relation, p: _Frequent) -> Trained:
        columns: dict[str, Any] = {}
        for name in p.input_column:
            counts = counted(relation, name)
            below = sum(counts.values()) if p.measure == "Fraction" else 1
            columns[name] = {label: rows / below for label, rows in counts.items()}
        return {"columns": columns}

    def apply(self, relation: Relation, p: _Frequent, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        made = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            x = relation[name]
            known = f.coalesce(f.lookup(f.text(x), trained["columns"][name]), 0.0)
            made[output] = f.when(x.is_(exp.null()).not_(), known)
        return relation.with_columns(made)
