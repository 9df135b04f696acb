"""Quantiles of the normal distribution, as expressions.

Wichura 1988, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
Statistics 37 (3): ratios of polynomials, right to about sixteen digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from ..functions import Functions
from ..relation import Relation

#: Probabilities are brought between this and one less it, so that the far tails are not needed.
LEAST = 1e-7
CENTRE = 0.425
# Coefficients, the highest power first: within CENTRE of one half, and beyond.
_CENTRE_ABOVE = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080,
)  # fmt: skip
_CENTRE_BELOW = (
    5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
    5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0,
)  # fmt: skip
_TAIL_ABOVE = (
    7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
    1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
    4.63033784615654529590, 1.42343711074968357734,
)  # fmt: skip
_TAIL_BELOW = (
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
    1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
    2.05319162663775882187, 1.0,
)  # fmt: skip


def with_normal(relation: Relation, probabilities: Mapping[str, exp.Expr]) -> Relation:
    """The relation with columns of the quantiles at these probabilities."""
    f = relation.functions
    p_of = {name: f"{name} (studio probability)" for name in probabilities}
    r_of = {name: f"{name} (studio tail)" for name in probabilities}
    bounded = {p_of[n]: f.clip(p, LEAST, 1 - LEAST) for n, p in probabilities.items()}
    relation = relation.with_columns(bounded).nested()
    # Levels of their own: each is computed once, and used for every power.
    relation = relation.with_columns(
        {r_of[name]: _argument(f, relation[p]) for name, p in p_of.items()}
    ).nested()
    made = {n: _quantile(f, relation[p_of[n]], relation[r_of[n]]) for n in probabilities}
    return relation.with_columns(made).drop([*p_of.values(), *r_of.values()])


def _central(f: Functions, p: exp.Expr) -> exp.Expr:
    distance = exp.Abs(this=f.subtract(p, 0.5))
    return exp.LTE(this=distance, expression=f.constant(CENTRE))


def _argument(f: Functions, p: exp.Expr) -> exp.Expr:
    q = f.subtract(p, 0.5)
    centre = f.subtract(CENTRE**2, f.multiply(q, q))
    below = exp.LT(this=p.copy(), expression=f.constant(0.5))
    outer = f.when(below, p, f.subtract(1.0, p))
    tail = f.subtract(f.sqrt(f.multiply(f.ln(outer), -1.0)), 1.6)
    return f.when(_central(f, p), centre, tail)


def _quantile(f: Functions, p: exp.Expr, r: exp.Expr) -> exp.Expr:
    centre = f.divide(_polynomial(f, r, _CENTRE_ABOVE), _polynomial(f, r, _CENTRE_BELOW))
    tail = f.divide(_polynomial(f, r, _TAIL_ABOVE), _polynomial(f, r, _TAIL_BELOW))
    q = f.subtract(p, 0.5)
    outside = f.multiply(tail, f.sign(q))
    there = p.copy().is_(exp.null()).not_()
    return f.when(there, f.when(_central(f, p), f.multiply(centre, q), outside))


def _polynomial(f: Functions, x: exp.Expr, coefficients: Sequence[float]) -> exp.Expr:
    first, *rest = coefficients
    value: exp.Expr = f.constant(first)
    for each in rest:
        value = f.add(f.multiply(value, x), each)
    return value
