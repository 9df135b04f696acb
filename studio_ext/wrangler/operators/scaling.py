"""Beyond Data Wrangler: one function of each value, and rows brought to one length."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain, combinations, combinations_with_replacement
from typing import Literal

from sqlglot import exp

from ..errors import ParameterError
from ..functions import Functions
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import NewColumn, NumericColumns, Parameters, When, field, outputs

GROUP = "Transform numbers"


def form(label: str) -> Form:
    """Where an operator of this group stands in a flow file."""
    return Form("studio.transform_numbers_0.1", (Choice("operator", label),))


_Function = Callable[[Functions, exp.Expr, int], exp.Expr]
#: Each takes the functions, the column as a float, and digits.
FUNCTIONS: Mapping[str, _Function] = {
    "log": lambda f, x, _: f.ln(x),
    "log2": lambda f, x, _: f.divide(f.ln(x), 0.6931471805599453),
    "log10": lambda f, x, _: f.divide(f.ln(x), 2.302585092994046),
    "log1p": lambda f, x, _: f.ln(f.add(x, 1.0)),
    "exp": lambda f, x, _: f.exp(x),
    "sqrt": lambda f, x, _: f.sqrt(x),
    "square": lambda f, x, _: f.multiply(x, x),
    "cube": lambda f, x, _: f.multiply(f.multiply(x, x), x),
    "reciprocal": lambda f, x, _: f.divide(1.0, x),
    "negate": lambda f, x, _: f.multiply(x, -1.0),
    "abs": lambda f, x, _: exp.Abs(this=x.copy()),
    "sign": lambda f, x, _: f.sign(x),
    "round": lambda f, x, digits: f.round(x, digits),
    "floor": lambda f, x, _: f.floor(x),
    "ceil": lambda f, x, _: f.ceiling(x),
}


class _Applied(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    function: Literal[
        "log", "log2", "log10", "log1p", "exp", "sqrt", "square", "cube", "reciprocal",
        "negate", "abs", "sign", "round", "floor", "ceil",
    ] = field("Function")  # fmt: skip
    digits: int = field("Digits", default=0, ge=-15, le=15, when=When("function", ("round",)))


@catalogue.add
class ApplyFunction(Operator[_Applied]):
    """Put every value through a function; where it is not defined the result is missing.

    ``log`` is the natural logarithm, ``log1p`` that of one more; halves are rounded away from zero.
    """

    number, group, label = "X301", GROUP, "Apply function"
    form = form("Apply function")
    variants = tuple(FUNCTIONS)

    def apply(self, relation: Relation, p: _Applied, trained: Trained | None) -> Relation:
        f, function = relation.functions, FUNCTIONS[p.function]
        return relation.with_columns(
            {
                output: function(f, f.number(relation[name]), p.digits)
                for name, output in outputs(p.input_column, p.output_column).items()
            }
        )


class _Normalized(Parameters):
    input_column: NumericColumns = field("Columns")
    output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    norm: Literal["l1", "l2", "max"] = field("Norm", default="l2")


@catalogue.add
class NormalizeRows(Operator[_Normalized]):
    """Divide a row's columns by their length together, as scikit-learn's Normalizer does.

    The length is the sum of absolute values (l1), the root of the sum of squares (l2) or the
    largest absolute value (max). Rows of zeros stay; a missing value makes all results missing.
    """

    number, group, label = "X302", GROUP, "Normalize rows"
    form = form("Normalize rows")
    variants = ("l1", "l2", "max")

    def apply(self, relation: Relation, p: _Normalized, trained: Trained | None) -> Relation:
        f = relation.functions
        columns = {name: f.number(relation[name]) for name in p.input_column}
        length: exp.Expr = f.constant(0.0)
        for x in columns.values():
            if p.norm == "l2":
                length = f.add(length, f.multiply(x, x))
            elif p.norm == "l1":
                length = f.add(length, exp.Abs(this=x.copy()))
            else:
                length = f.larger(length, exp.Abs(this=x.copy()))
        if p.norm == "l2":
            length = f.sqrt(length)
        zero = exp.EQ(this=length, expression=f.constant(0.0))
        return relation.with_columns(
            {
                output: f.when(zero, columns[name], f.divide(columns[name], length))
                for name, output in outputs(p.input_column, p.output_column).items()
            }
        )


class _Multiplied(Parameters):
    input_column: NumericColumns = field("Columns")
    degree: int = field("Degree", default=2, ge=2, le=4)
    interaction_only: bool = field("Only products of different columns", default=False)
    most: int = field("Most new columns", default=1_000, ge=1)


@catalogue.add
class PolynomialFeatures(Operator[_Multiplied]):
    """Add products of columns, as scikit-learn's PolynomialFeatures does, and with its names.

    ``a b^2`` is a times b squared. The columns themselves stay; there is no column of ones.
    """

    number, group, label = "X303", GROUP, "Polynomial features"
    form = form("Polynomial features")
    variants = ("polynomial", "interactions")

    def apply(self, relation: Relation, p: _Multiplied, trained: Trained | None) -> Relation:
        f = relation.functions
        choose = combinations if p.interaction_only else combinations_with_replacement
        degrees = range(2, p.degree + 1)
        terms = list(chain.from_iterable(choose(p.input_column, each) for each in degrees))
        if len(terms) > p.most:
            right = f"is fewer than the products, {len(terms):,}: choose fewer columns"
            raise ParameterError("most", p.most, right)
        made = {}
        for term in terms:
            product: exp.Expr = f.number(relation[term[0]])
            for name in term[1:]:
                product = f.multiply(product, f.number(relation[name]))
            powers = {name: term.count(name) for name in term}
            made[" ".join(n if k == 1 else f"{n}^{k}" for n, k in powers.items())] = product
        return relation.with_columns(made)
