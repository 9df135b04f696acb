"""Process numeric: scalers, with scikit-learn's definitions and Data Wrangler's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlglot import exp

from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .figures import floats, of_columns
from .parameters import NewColumn, NumericColumns, Parameters, field, outputs

GROUP = "Process numeric"


def _form(label: str) -> Form:
    return Form(
        "sagemaker.spark.process_numeric_0.1",
        (Choice("operator", "Scale values"), Choice("scaler", label)),
        origin="code",
    )


class _Scaled(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")


S = TypeVar("S", bound=_Scaled)


class _Scaler(Operator[S]):
    """``(x - shift) / scale + offset``, with the figures of each column that were learned."""

    group = GROUP

    def figures(self, relation: Relation, name: str, p: S) -> Mapping[str, exp.Expr]:
        """Aggregates of one column, by the name they are kept under."""
        raise NotImplementedError(type(self).__name__)

    def scaled(self, relation: Relation, x: exp.Expr, kept: Any, p: S) -> exp.Expr:
        """The column scaled by what was ``kept`` of it."""
        raise NotImplementedError(type(self).__name__)

    def aggregates(self, relation: Relation, p: S) -> Mapping[str, exp.Expr]:
        return of_columns(p.input_column, lambda name: self.figures(relation, name, p))

    def learned(self, values: Mapping[str, Any], p: S) -> Trained:
        return {"columns": floats(p.input_column, values)}

    def apply(self, relation: Relation, p: S, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        return relation.with_columns(
            {
                output: self.scaled(relation, f.number(relation[name]), trained["columns"][name], p)
                for name, output in outputs(p.input_column, p.output_column).items()
            }
        )


class _Standard(_Scaled):
    center: bool = field("Subtract the mean", default=False)
    scale: bool = field("Divide by the standard deviation", default=True)


@catalogue.add
class StandardScaler(_Scaler[_Standard]):
    """Divide by the standard deviation, and subtract the mean if asked to.

    Spark's: the deviation is of a sample, and the mean stays unless ``center`` is set.
    """

    number, label = "T061", "Standard scaler"
    form = _form("Standard scaler")
    variants = ("with mean", "with standard deviation")

    def figures(self, relation: Relation, name: str, p: _Standard) -> Mapping[str, exp.Expr]:
        f = relation.functions
        x = f.figure(relation[name])
        return {"mean": f.mean(x), "std": f.coalesce(f.deviation(x), 0.0)}

    def adopt(self, saved: Trained, p: _Standard) -> Trained:
        model = saved["scaler_model"]
        pairs = zip(p.input_column, model["mean"], model["std"], strict=True)
        return {"columns": {name: {"mean": mean, "std": std} for name, mean, std in pairs}}

    def scaled(self, relation: Relation, x: exp.Expr, kept: Any, p: _Standard) -> exp.Expr:
        f = relation.functions
        if p.center:
            x = f.subtract(x, kept["mean"])
        # Spark's scaler gives 0.0 for a column that does not vary.
        return f.multiply(x, 1 / kept["std"] if kept["std"] else 0.0) if p.scale else x


class _Robust(_Scaled):
    lower_quantile: float = field("Lower quantile", default=0.25, ge=0, le=1)
    upper_quantile: float = field("Upper quantile", default=0.75, ge=0, le=1)
    center: bool = field("Subtract the median", default=False)
    scale: bool = field("Divide by the range of quantiles", default=True)


@catalogue.add
class RobustScaler(_Scaler[_Robust]):
    """Divide by the range between two quantiles, and subtract the median if asked to."""

    number, label = "T062", "Robust scaler"
    form = _form("Robust scaler")
    variants = ("default", "center")

    def figures(self, relation: Relation, name: str, p: _Robust) -> Mapping[str, exp.Expr]:
        f = relation.functions
        x = f.figure(relation[name])
        return {
            "median": f.quantile(x, 0.5),
            "lower": f.quantile(x, p.lower_quantile),
            "upper": f.quantile(x, p.upper_quantile),
        }

    def adopt(self, saved: Trained, p: _Robust) -> Trained:
        """Spark keeps medians and the ranges' widths."""
        model = saved["scaler_model"]
        pairs = zip(p.input_column, model["median"], model["range"], strict=True)
        return {
            "columns": {
                name: {"median": median, "lower": 0.0, "upper": width}
                for name, median, width in pairs
            }
        }

    def scaled(self, relation: Relation, x: exp.Expr, kept: Any, p: _Robust) -> exp.Expr:
        f = relation.functions
        if p.center:
            x = f.subtract(x, kept["median"])
        width = kept["upper"] - kept["lower"]
        return f.multiply(x, 1 / width if width else 0.0) if p.scale else x


class _MinMax(_Scaled):
    min: float = field("Minimum", default=0.0)
    max: float = field("Maximum", default=1.0)


@catalogue.add
class MinMaxScaler(_Scaler[_MinMax]):
    """Bring the smallest value to ``min`` and the largest to ``max``.

    A column that does not vary becomes the middle of both, as in Spark.
    """

    number, label = "T063", "Min-max scaler"
    form = _form("Min-max scaler")
    variants = ("0 to 1", "custom range")

    def figures(self, relation: Relation, name: str, p: _MinMax) -> Mapping[str, exp.Expr]:
        f = relation.functions
        x = f.figure(relation[name])
        return {"min": f.least(x), "max": f.most(x)}

    def adopt(self, saved: Trained, p: _MinMax) -> Trained:
        model = saved["scaler_model"]
        pairs = zip(p.input_column, model["originalMin"], model["originalMax"], strict=True)
        return {"columns": {name: {"min": low, "max": high} for name, low, high in pairs}}

    def scaled(self, relation: Relation, x: exp.Expr, kept: Any, p: _MinMax) -> exp.Expr:
        f = relation.functions
        width = kept["max"] - kept["min"]
        if not width:
            middle = (p.min + p.max) / 2
            return exp.case().when(x.copy().is_(exp.null()), exp.null()).else_(f.constant(middle))
        part = f.divide(f.subtract(x, kept["min"]), width)
        return f.add(f.multiply(part, p.max - p.min), p.min)


@catalogue.add
class MaxAbsScaler(_Scaler[_Scaled]):
    """Divide by the largest absolute value."""

    number, label = "T064", "Max absolute scaler"
    form = _form("Max absolute scaler")
    variants = ("max absolute",)

    def figures(self, relation: Relation, name: str, p: _Scaled) -> Mapping[str, exp.Expr]:
        f = relation.functions
        x = f.figure(relation[name])
        return {"max": f.most(exp.Abs(this=x))}

    def adopt(self, saved: Trained, p: _Scaled) -> Trained:
        pairs = zip(p.input_column, saved["scaler_model"]["maxAbs"], strict=True)
        return {"columns": {name: {"max": value} for name, value in pairs}}

    def scaled(self, relation: Relation, x: exp.Expr, kept: Any, p: _Scaled) -> exp.Expr:
        return relation.functions.divide(x, kept["max"]) if kept["max"] else x
