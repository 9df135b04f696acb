"""Means and deviations without a look at every value: NaN and the infinities show in the mean.

Statistics leave those out (``Functions.figure``), which costs a third of their scan. A mean that is
finite says that all its values were; where one is not, the scan is made anew with the looks.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

E = exp.Expr


def all_finite(wanted: Mapping[str, E]) -> tuple[dict[str, E], list[E]]:
    """The aggregates for values that are all finite, and the means that show whether they are.

    Only columns whose mean is asked for anyway; no means: there is nothing to gain.
    """
    means: dict[E, E] = {}
    for each in wanted.values():
        for mean in each.find_all(exp.Avg):
            case = mean.this.this if isinstance(mean.this, exp.TryCast) else mean.this
            number = _looked_at(case)
            if number is not None:
                means[case] = number

    def bare(node: E) -> E:
        return means[node].copy() if isinstance(node, exp.Case) and node in means else node

    if not means:
        return dict(wanted), []
    return (
        {name: each.transform(bare) for name, each in wanted.items()},
        [exp.Avg(this=each.copy()) for each in means.values()],
    )


def _looked_at(case: E) -> E | None:
    """The number of ``CASE WHEN isfinite(number) THEN number END``."""
    if not isinstance(case, exp.Case) or case.args.get("default") or case.args.get("this"):
        return None
    (branch, *more) = case.args["ifs"]
    test = branch.this
    if more or not isinstance(test, exp.Anonymous) or test.name.lower() != "isfinite":
        return None
    (number,) = test.expressions
    return number if number == branch.args["true"] else None
