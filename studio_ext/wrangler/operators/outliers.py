"""Handle outliers: numbers beyond bounds, and categories that are rare.

The forms and the defaults are those of the code that Data Wrangler exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from sqlglot import exp

from ..errors import ParameterError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .figures import counted, floats, of_columns
from .parameters import AnyColumns, NewColumn, NumericColumns, Parameters, field, outputs

GROUP = "Handle outliers"
FIXES = ("clip", "remove", "invalidate")
Bounds = tuple[float | None, float | None]
#: What Data Wrangler keeps of every detector.
THRESHOLDS = ("lower_threshold", "upper_threshold")


def _form(label: str) -> Form:
    return Form("sagemaker.spark.handle_outliers_0.1", (Choice("operator", label),), origin="code")


class _Fixed(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    fix_method: Literal["Clip", "Remove", "Invalidate"] = field(
        "Fix method",
        "Clip: bring to the nearest bound. Remove: leave the row out. Invalidate: make missing.",
        default="Clip",
    )


F = TypeVar("F", bound=_Fixed)


class _Outliers(Operator[F]):
    """What lies beyond the bounds is fixed; what is missing is no outlier, NaN is one.

    Data Wrangler's Remove leaves out the rows without a value as well, and its Clip leaves NaN.
    """

    group = GROUP
    variants = FIXES

    def bounds(self, kept: Mapping[str, float], p: F) -> Bounds:
        """The lowest and the highest value that are no outliers."""
        raise NotImplementedError(type(self).__name__)

    def adopt(self, saved: Trained, p: F) -> Trained:
        (name,) = p.input_column
        return {"columns": {name: {key: float(saved[key]) for key in THRESHOLDS}}}

    def _bounds(self, kept: Mapping[str, float], p: F) -> Bounds:
        """Those of Data Wrangler where they were taken over, else those that follow."""
        if all(key in kept for key in THRESHOLDS):
            return kept[THRESHOLDS[0]], kept[THRESHOLDS[1]]
        return self.bounds(kept, p)

    def apply(self, relation: Relation, p: F, trained: Trained | None) -> Relation:
        f = relation.functions
        fixed: dict[str, exp.Expr] = {}
        kept_rows = []
        for name, output in outputs(p.input_column, p.output_column).items():
            x = relation[name]
            low, high = self._bounds(trained["columns"][name] if trained else {}, p)
            inside = [f.constant(True)]
            inside += [] if low is None else [exp.GTE(this=x, expression=f.constant(low))]
            inside += [] if high is None else [exp.LTE(this=x, expression=f.constant(high))]
            if p.fix_method == "Remove":
                # Named once for each bound: engines compute it anew wherever a filter has it.
                kept_rows.append(f.coalesce(exp.and_(*inside), True))
                if output != name:
                    fixed[output] = x.copy()
            elif p.fix_method == "Invalidate":
                fixed[output] = f.when(exp.and_(*inside), x)
            else:
                case = exp.case()
                if low is not None:
                    case = case.when(exp.LT(this=x, expression=f.constant(low)), f.constant(low))
                if high is not None:
                    case = case.when(exp.GT(this=x, expression=f.constant(high)), f.constant(high))
                fixed[output] = case.else_(f.number(x))
        return relation.filter(*kept_rows).with_columns(fixed)


class _Deviations(_Fixed):
    standard_deviations: float = field("Standard deviations", default=4.0, ge=0)


class _Quantiles(_Fixed):
    lower_quantile: float = field("Lower quantile", default=0.01, ge=0, le=1)
    upper_quantile: float = field("Upper quantile", default=0.99, ge=0, le=1)


class _Robust(_Fixed):
    lower_quantile: float = field("Lower quantile", default=0.25, ge=0, le=1)
    upper_quantile: float = field("Upper quantile", default=0.75, ge=0, le=1)
    standard_deviations: float = field("Standard deviations", default=4.0, ge=0)


def _ordered(p: _Quantiles | _Robust) -> None:
    if p.lower_quantile >= p.upper_quantile:
        right = f"is not below upper_quantile, {p.upper_quantile}"
        raise ParameterError("lower_quantile", p.lower_quantile, right)


@catalogue.add
class StandardDeviationOutliers(_Outliers[_Deviations]):
    """Fix what is further from the mean than so many standard deviations (of a sample)."""

    number, label = "T044", "Standard deviation numeric outliers"
    form = _form("Standard deviation numeric outliers")

    def aggregates(self, relation: Relation, p: _Deviations) -> Mapping[str, exp.Expr]:
        f = relation.functions

        def figures(name: str) -> Mapping[str, exp.Expr]:
            x = f.figure(relation[name])
            return {"mean": f.mean(x), "std": f.coalesce(f.deviation(x), 0.0)}

        return of_columns(p.input_column, figures)

    def learned(self, values: Mapping[str, Any], p: _Deviations) -> Trained:
        return {"columns": floats(p.input_column, values)}

    def bounds(self, kept: Mapping[str, float], p: _Deviations) -> Bounds:
        reach = p.standard_deviations * kept["std"]
        return kept["mean"] - reach, kept["mean"] + reach


@catalogue.add
class RobustOutliers(_Outliers[_Robust]):
    """Fix what is further from a robust mean than so many robust standard deviations.

    Both are of the values from one quantile to the other, as in Data Wrangler; it takes a scan for
    the quantiles and one for them. (The data insights report goes by the median, and clips.)
    """

    number, label = "T043", "Robust standard deviation numeric outliers"
    form = _form("Robust standard deviation numeric outliers")

    def fit(self, relation: Relation, p: _Robust) -> Trained:
        _ordered(p)
        f = relation.functions

        def quantiles(name: str) -> Mapping[str, exp.Expr]:
            x = f.figure(relation[name])
            low, high = f.quantile(x, p.lower_quantile), f.quantile(x, p.upper_quantile)
            return {"lower": low, "upper": high}

        values = relation.aggregate(of_columns(p.input_column, quantiles))
        columns = floats(p.input_column, values)

        def deviation(name: str) -> Mapping[str, exp.Expr]:
            x, kept = f.figure(relation[name]), columns[name]
            above = exp.GTE(this=x.copy(), expression=f.constant(kept["lower"]))
            below = exp.LTE(this=x.copy(), expression=f.constant(kept["upper"]))
            inner = f.when(exp.and_(above, below), x)
            return {"mean": f.mean(inner), "std": f.coalesce(f.deviation(inner), 0.0)}

        values = relation.aggregate(of_columns(p.input_column, deviation))
        for name, figures in floats(p.input_column, values).items():
            columns[name] |= figures
        return {"columns": columns}

    def bounds(self, kept: Mapping[str, float], p: _Robust) -> Bounds:
        reach = p.standard_deviations * kept["std"]
        return kept["mean"] - reach, kept["mean"] + reach


@catalogue.add
class QuantileOutliers(_Outliers[_Quantiles]):
    """Fix what is below the lower or above the upper quantile (interpolated)."""

    number, label = "T045", "Quantile numeric outliers"
    form = _form("Quantile numeric outliers")

    def aggregates(self, relation: Relation, p: _Quantiles) -> Mapping[str, exp.Expr]:
        _ordered(p)
        f = relation.functions

        def figures(name: str) -> Mapping[str, exp.Expr]:
            x = f.figure(relation[name])
            return {
                "lower": f.quantile(x, p.lower_quantile),
                "upper": f.quantile(x, p.upper_quantile),
            }

        return of_columns(p.input_column, figures)

    def learned(self, values: Mapping[str, Any], p: _Quantiles) -> Trained:
        return {"columns": floats(p.input_column, values)}

    def bounds(self, kept: Mapping[str, float], p: _Quantiles) -> Bounds:
        return kept["lower"], kept["upper"]


class _MinMax(_Fixed):
    lower_threshold: float | None = field("Lower threshold", "Empty: none.", default=None)
    upper_threshold: float | None = field("Upper threshold", "Empty: none.", default=None)


@catalogue.add
class MinMaxOutliers(_Outliers[_MinMax]):
    """Fix what is below or above thresholds that are given."""

    number, label = "T046", "Min-max numeric outliers"
    form = _form("Min-max numeric outliers")

    def bounds(self, kept: Mapping[str, float], p: _MinMax) -> Bounds:
        low, high = p.lower_threshold, p.upper_threshold
        if low is None and high is None:
            raise ParameterError("lower_threshold", None, "and upper_threshold: one must be given")
        if low is not None and high is not None and low > high:
            raise ParameterError("lower_threshold", low, f"is above upper_threshold, {high}")
        return low, high


class _Rare(Parameters):
    input_column: AnyColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    replacement_string: str = field("Replacement", default="Other")
    absolute_threshold: int = field(
        "Absolute threshold", "Rare: in so many rows or fewer.", default=10, ge=0
    )
    fraction_threshold: float = field(
        "Fraction threshold", "Rare: in this part of the rows or less.", default=0.005, ge=0, le=1
    )
    max_common_categories: int = field(
        "Most common categories", "The others are rare too; 0: no limit.", default=0, ge=0
    )


@catalogue.add
class ReplaceRare(Operator[_Rare]):
    """Put one text in the place of categories that are rare, or were not there when learning.

    A category is common when its rows are more than both thresholds, and among the most frequent
    if there is a limit (of equals the smaller); parts are of all rows, missing values among them.
    """

    number, group, label = "T047", GROUP, "Replace rare values"
    form = _form("Replace rare values")
    variants = ("absolute", "fraction", "max common")

    def fit(self, relation: Relation, p: _Rare) -> Trained:
        least = max(float(p.absolute_threshold), p.fraction_threshold * relation.count())
        kept = {}
        for name in p.input_column:
            counts = counted(relation, name)
            common = [label for label, rows in counts.items() if rows > least]
            kept[name] = common[: p.max_common_categories or None]
        return {"columns": kept}

    def adopt(self, saved: Trained, p: _Rare) -> Trained:
        (name,) = p.input_column
        return {"columns": {name: [str(each) for each in saved["common_categories"]]}}

    def apply(self, relation: Relation, p: _Rare, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        replaced = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            x = f.text(relation[name])
            labels = [f.constant(each) for each in trained["columns"][name]]
            common = exp.In(this=x.copy(), expressions=labels) if labels else exp.false()
            case = exp.case().when(x.copy().is_(exp.null()), exp.null())
            replaced[output] = case.when(common, x).else_(f.constant(p.replacement_string))
        return relation.with_columns(replaced)
