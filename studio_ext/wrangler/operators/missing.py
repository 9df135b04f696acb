"""Handle missing: fill, impute, mark, drop.

As in Data Wrangler a text of blanks alone is missing too, and a number that is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from sqlglot import exp

from .. import types
from ..errors import ParameterError
from ..functions.building import call
from ..relation import Relation
from .base import Choice, Form, Operator, Trained, plain
from .catalogue import catalogue
from .figures import counted, floats, nothing_in, of_columns
from .parameters import (
    AnyColumns,
    NewColumn,
    NumericColumns,
    Parameters,
    SomeColumns,
    field,
    outputs,
)

GROUP = "Handle missing"
FLOW = "sagemaker.spark.handle_missing_0.1"


def _form(label: str, *further: Choice) -> Form:
    return Form(FLOW, (Choice("operator", label), *further), origin="code")


def absent(relation: Relation, name: str) -> exp.Expr:
    """Whether a row has no value of a column."""
    x, kind = relation[name], types.kind_of(relation.schema[name])
    none = x.is_(exp.null())
    if kind == "string":
        blank = exp.EQ(this=exp.Trim(this=x.copy()), expression=exp.Literal.string(""))
        return exp.paren(exp.or_(none, blank))
    if kind == "float":
        return exp.paren(exp.or_(none, call("isnan", x.copy())))
    return none


class _Filled(Parameters):
    input_column: AnyColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    fill_value: str = field("Value", "Read as a value of the column's type.")


@catalogue.add
class FillMissing(Operator[_Filled]):
    """Put a value where there is none."""

    number, group, label = "T048", GROUP, "Fill missing"
    form = _form("Fill missing")
    variants = ("constant",)

    def apply(self, relation: Relation, p: _Filled, trained: Trained | None) -> Relation:
        f = relation.functions
        filled = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            datatype = relation.schema[name]
            text, kind = f.constant(p.fill_value), types.kind_of(datatype)
            value = (
                f.parsed(text, kind) if kind in types.NAMED else f.to(text, datatype, types.STRING)
            )
            if kind in types.NAMED and not relation.engine.evaluate(f.fits(text, kind)):
                raise ParameterError("fill_value", p.fill_value, f"is no {kind}, as {name!r} is")
            filled[output] = f.when(absent(relation, name), value, relation[name])
        return relation.with_columns(filled)


class _Imputed(Parameters):
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")


class _ImputedNumber(_Imputed):
    input_column: NumericColumns = field("Columns")
    strategy: Literal["Mean", "Approximate Median"] = field(
        "Strategy", default="Approximate Median"
    )


class _ImputedCategory(_Imputed):
    input_column: AnyColumns = field("Columns")


N = TypeVar("N", _ImputedNumber, _ImputedCategory)


class _Impute(Operator[N]):
    group = GROUP

    def apply(self, relation: Relation, p: N, trained: Trained | None) -> Relation:
        assert trained
        return relation.with_columns(
            {
                output: self.filled(relation, name, trained["values"][name])
                for name, output in outputs(p.input_column, p.output_column).items()
            }
        )

    def adopt(self, saved: Trained, p: N) -> Trained:
        """One value for one column, or an ImputerModel: a row of values, named as the columns."""
        model = saved.get("imputer_model")
        if model is None:
            (name,) = p.input_column
            return {"values": {name: saved["impute_value"]}}
        return {"values": {name: model[plain(name)] for name in p.input_column}}

    def filled(self, relation: Relation, name: str, value: Any) -> exp.Expr:
        """The column with what was learned of it where it has no value."""
        f = relation.functions
        return f.when(absent(relation, name), f.constant(value), relation[name])


@catalogue.add
class ImputeNumeric(_Impute[_ImputedNumber]):
    """Put a column's mean or median where there is no value.

    The median is exact here and approximate on Spark. A column of longs becomes one of floats.
    """

    number, label = "T049", "Impute numeric"
    form = _form("Impute", Choice("column_type", "Numeric"))
    variants = ("mean", "approximate median")

    def aggregates(self, relation: Relation, p: _ImputedNumber) -> Mapping[str, exp.Expr]:
        f = relation.functions

        def figures(name: str) -> Mapping[str, exp.Expr]:
            x = f.figure(relation[name])
            return {"value": f.mean(x) if p.strategy == "Mean" else f.quantile(x, 0.5)}

        return of_columns(p.input_column, figures)

    def learned(self, values: Mapping[str, Any], p: _ImputedNumber) -> Trained:
        kept = floats(p.input_column, values)
        return {"values": {name: figures["value"] for name, figures in kept.items()}}


@catalogue.add
class ImputeCategorical(_Impute[_ImputedCategory]):
    """Put a column's most frequent value where there is none; of equals the smallest."""

    number, label = "T049", "Impute categorical"
    form = _form("Impute", Choice("column_type", "Categorical"))
    variants = ("most frequent",)

    def fit(self, relation: Relation, p: _ImputedCategory) -> Trained:
        kept = {}
        for name in p.input_column:
            labels = (label for label in counted(relation, name) if label.strip(" "))
            if (most := next(labels, None)) is None:
                raise nothing_in(name)
            kept[name] = most
        return {"values": kept}

    def filled(self, relation: Relation, name: str, value: Any) -> exp.Expr:
        # Learned as text, which every type can be read from again.
        f = relation.functions
        read = f.to(f.constant(value), relation.schema[name], types.STRING)
        return f.when(absent(relation, name), read, relation[name])


class _Indicated(Parameters):
    input_column: AnyColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: COLUMN_indicator.", default="")


@catalogue.add
class MissingIndicator(Operator[_Indicated]):
    """Say in a column of its own whether a value is missing."""

    number, group, label = "T050", GROUP, "Add indicator for missing"
    form = _form("Add indicator for missing")
    variants = ("indicator",)

    def apply(self, relation: Relation, p: _Indicated, trained: Trained | None) -> Relation:
        names = {name: f"{name}_indicator" for name in p.input_column}
        if p.output_column:
            names = outputs(p.input_column, p.output_column)
        return relation.with_columns(
            {output: absent(relation, name) for name, output in names.items()}
        )


class _Dropped(Parameters):
    input_column: SomeColumns = field("Columns", "Empty: all.", default=[])


@catalogue.add
class DropMissingRows(Operator[_Dropped]):
    """Leave out the rows in which one of the columns is missing."""

    number, group, label = "T051", GROUP, "Drop rows with missing values"
    form = _form("Drop missing", Choice("dimension", "Drop Rows", optional=True))
    variants = ("rows",)

    def apply(self, relation: Relation, p: _Dropped, trained: Trained | None) -> Relation:
        names = p.input_column or relation.columns
        return relation.filter(*(absent(relation, name).not_() for name in names))


@catalogue.add
class DropMissingColumns(Operator[_Dropped]):
    """Leave out the columns in which the training rows had a value missing."""

    number, group, label = "T051", GROUP, "Drop columns with missing values"
    form = Form(FLOW, (Choice("operator", "Drop missing"), Choice("dimension", "Drop Columns")))
    variants = ("columns",)

    def aggregates(self, relation: Relation, p: _Dropped) -> Mapping[str, exp.Expr]:
        names = p.input_column or relation.columns
        f, one = relation.functions, exp.Literal.number(1)
        return {name: f.count(f.when(absent(relation, name), one)) for name in names}

    def learned(self, values: Mapping[str, Any], p: _Dropped) -> Trained:
        return {"dropped": [name for name, missing in values.items() if missing]}

    def apply(self, relation: Relation, p: _Dropped, trained: Trained | None) -> Relation:
        assert trained is not None
        return relation.drop(name for name in trained["dropped"] if name in relation)
