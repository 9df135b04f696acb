"""Beyond Data Wrangler: numbers brought nearer to a normal or a uniform distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlglot import exp

from ..errors import DataError
from ..functions import Functions
from ..relation import Relation
from .base import Operator, Trained
from .catalogue import catalogue
from .figures import by_column, floats, nothing_in, of_columns
from .normal import with_normal
from .parameters import NewColumn, NumericColumns, Parameters, field, outputs
from .scaling import GROUP, form

#: Rows that the power is fitted on.
SAMPLE = 100_000
SEED = 42


class _Powered(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    method: Literal["Yeo-Johnson", "Box-Cox"] = field(
        "Method", "Box-Cox is for values above zero.", default="Yeo-Johnson"
    )
    standardize: bool = field("Bring to mean 0 and deviation 1", default=True)


@catalogue.add
class PowerTransform(Operator[_Powered]):
    """Raise values to the power that makes them most like a normal distribution.

    As scikit-learn's PowerTransformer. The power is the one of the largest likelihood, found by
    SciPy on the rows, or on 100,000 chosen by hash where there are more; mean and deviation (of the
    population) of the result are of all rows. Box-Cox of a value that is not above zero is missing.
    """

    number, group, label = "X306", GROUP, "Power transform"
    form = form("Power transform")
    variants = ("Yeo-Johnson", "Box-Cox", "not standardized")

    def fit(self, relation: Relation, p: _Powered) -> Trained:
        f = relation.functions
        columns = {name: {"power": _power(relation, name, p.method)} for name in p.input_column}

        def figures(name: str) -> Mapping[str, exp.Expr]:
            x = powered(f, f.figure(relation[name]), columns[name]["power"], p.method)
            return {"mean": f.mean(x), "variance": f.population_variance(x)}

        found = relation.aggregate(of_columns(p.input_column, figures))
        for name, values in floats(p.input_column, found).items():
            columns[name] |= values
        return {"columns": columns}

    def apply(self, relation: Relation, p: _Powered, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        made = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            kept = trained["columns"][name]
            x = powered(f, f.number(relation[name]), kept["power"], p.method)
            if p.standardize:
                scale = kept["variance"] ** 0.5 or 1.0
                x = f.divide(f.subtract(x, kept["mean"]), scale)
            made[output] = x
        return relation.with_columns(made)


def _power(relation: Relation, name: str, method: str) -> float:
    """The power of the largest likelihood."""
    import numpy as np
    from scipy import stats

    f = relation.functions
    rows = relation.select({"x": f.figure(relation[name])}).nested()
    there = rows.filter(rows["x"].is_(exp.null()).not_())
    x = there["x"]
    found = there.aggregate({"n": f.count(), "least": f.least(x), "most": f.most(x)})
    if not found["n"]:
        raise nothing_in(name)
    if found["least"] == found["most"]:
        return 1.0
    if method == "Box-Cox" and found["least"] <= 0:
        raise DataError(
            f"input_column: {name!r} has values that are not above zero: use Yeo-Johnson",
            field="input_column",
        )
    if found["n"] > SAMPLE:
        numbered = there.with_columns({"row": f.row_number()}).nested()
        part = f.constant(SAMPLE / found["n"])
        there = numbered.filter(exp.LT(this=f.uniform(SEED, numbered["row"]), expression=part))
    values = there.to_arrow()["x"].to_numpy().astype(float)
    fit = stats.yeojohnson if method == "Yeo-Johnson" else stats.boxcox
    with np.errstate(all="ignore"):
        _, power = fit(values)
    return float(power)


def powered(f: Functions, x: exp.Expr, power: float, method: str) -> exp.Expr:
    """Yeo and Johnson 2000, or Box and Cox 1964."""

    def half(base: exp.Expr, exponent: float) -> exp.Expr:
        if abs(exponent) < 1e-12:
            return f.ln(base)
        return f.divide(f.subtract(f.power(base, exponent), 1.0), exponent)

    if method == "Box-Cox":
        above = exp.GT(this=x.copy(), expression=f.constant(0.0))
        return f.when(above, half(x, power))
    positive = exp.GTE(this=x.copy(), expression=f.constant(0.0))
    negative = exp.LT(this=x.copy(), expression=f.constant(0.0))
    mirrored = f.multiply(half(f.subtract(1.0, x), 2.0 - power), -1.0)
    return exp.case().when(positive, half(f.add(x, 1.0), power)).when(negative, mirrored)


class _Uniform(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    number_of_quantiles: int = field("Quantiles", default=100, ge=2, le=1_000)
    output_distribution: Literal["Uniform", "Normal"] = field("Distribution", default="Uniform")


@catalogue.add
class QuantileTransform(Operator[_Uniform]):
    """Put a value's rank between 0 and 1 in its place, or the normal quantile of that rank.

    As scikit-learn's QuantileTransformer: between the quantiles that were learned ranks are
    interpolated, of a value that is several quantiles the middle rank is taken, and beyond the
    first and last they are 0 and 1. Normal quantiles are those of ranks from 1e-7 to 1 - 1e-7.
    """

    number, group, label = "X307", GROUP, "Quantile transform"
    form = form("Quantile transform")
    variants = ("uniform", "normal")

    def fit(self, relation: Relation, p: _Uniform) -> Trained:
        f = relation.functions
        last = p.number_of_quantiles - 1

        def figures(name: str) -> Mapping[str, exp.Expr]:
            x = f.figure(relation[name])
            return {str(i): f.quantile(x, i / last) for i in range(last + 1)}

        values = relation.aggregate(of_columns(p.input_column, figures))
        columns: dict[str, Any] = {}
        for name, figures_ in by_column(p.input_column, values).items():
            if figures_["0"] is None:
                raise nothing_in(name)
            # Interpolation may be an ulp out of order.
            ordered = sorted(float(each) for each in figures_.values())
            columns[name] = ordered
        return {"quantiles": columns}

    def apply(self, relation: Relation, p: _Uniform, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        ranks = {
            output: _rank(f, f.number(relation[name]), trained["quantiles"][name])
            for name, output in outputs(p.input_column, p.output_column).items()
        }
        if p.output_distribution == "Normal":
            return with_normal(relation, ranks)
        return relation.with_columns(ranks)


def _rank(f: Functions, x: exp.Expr, quantiles: list[float]) -> exp.Expr:
    """Piecewise linear: one branch of a CASE for each distinct quantile."""
    last = len(quantiles) - 1
    places: dict[float, list[int]] = {}
    for index, each in enumerate(quantiles):
        places.setdefault(each, []).append(index)
    knots = [(each, found[0] / last, found[-1] / last) for each, found in places.items()]
    case = exp.case().when(x.copy().is_(exp.null()), exp.null())
    case = case.when(exp.LT(this=x.copy(), expression=f.constant(knots[0][0])), f.constant(0.0))
    for index, (knot, first, final) in enumerate(knots):
        # At either end scikit-learn takes the outermost rank.
        middle = 0.0 if index == 0 else 1.0 if index == len(knots) - 1 else (first + final) / 2
        same = exp.EQ(this=x.copy(), expression=f.constant(knot))
        case = case.when(same, f.constant(middle))
        if index + 1 < len(knots):
            after, rank, _ = knots[index + 1]
            slope = (rank - final) / (after - knot)
            line = f.add(f.multiply(f.subtract(x, knot), slope), final)
            case = case.when(exp.LT(this=x.copy(), expression=f.constant(after)), line)
    return case.else_(f.constant(1.0))
