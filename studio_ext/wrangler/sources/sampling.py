"""How much of a table is taken: a source's ``sampling``, and the ways the sampling step shares.

All are the same at each run: chance follows from a seed and a row's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from ..errors import ColumnError, ParameterError
from ..places import numbered, unused
from ..relation import Relation, column

SEED = 42


def first_rows(sampling: Mapping[str, Any]) -> int | None:
    """How many rows from the start are enough for a sample; None: all must be read."""
    limited = sampling.get("sampling_method") == "sample_by_limit"
    return _count(sampling, "limit_rows") if limited else None


def sampled(relation: Relation, sampling: Mapping[str, Any]) -> Relation:
    """The sample that a source's output names; all where it names none.

    Raises ParameterError for a method or a number that is none.
    """
    method = sampling.get("sampling_method")
    if method in (None, "sample_none"):
        return relation
    if method == "sample_by_limit":
        return relation.limit(_count(sampling, "limit_rows"))
    if method == "sample_by_ratio":
        ratio = _number(sampling, "sample_ratio")
        return relation if ratio >= 1 else by_ratio(relation, ratio, SEED)
    if method == "sample_by_count":
        return at_random(relation, _count(sampling, "sample_size"), SEED)
    if method == "sample_by_stratum":
        name = str(sampling.get("stratify_column") or "")
        size = _count(sampling, "sample_size")
        return stratified(relation, name, size, int(sampling.get("seed") or SEED))
    raise ParameterError("sampling_method", method, "is none of those Studio knows")


def _number(sampling: Mapping[str, Any], name: str) -> float:
    try:
        value = float(sampling[name])
    except (KeyError, TypeError, ValueError) as error:
        raise ParameterError(name, sampling.get(name), "is no number") from error
    if not value >= 0:
        raise ParameterError(name, sampling[name], "is below zero")
    return value


def _count(sampling: Mapping[str, Any], name: str) -> int:
    return int(_number(sampling, name))


def by_ratio(relation: Relation, ratio: float, seed: int) -> Relation:
    """Each row with the chance ``ratio``; reads the table as a stream."""
    f = relation.functions
    rows, row = numbered(relation)
    chance = f.uniform(seed, rows[row])
    return rows.filter(exp.LT(this=chance, expression=f.constant(ratio))).drop([row])


def at_random(relation: Relation, size: int, seed: int) -> Relation:
    """``size`` rows chosen by ``seed``, in the order that they had; holds no more than those."""
    rows, row = numbered(relation)
    chance = unused(rows, "studio_chance")
    dealt = rows.with_columns({chance: rows.functions.uniform(seed, rows[row])})
    keys = (column(chance, "t"), column(row, "t"))
    kept = dealt.derive(lambda t: exp.select("*").from_(t).order_by(*keys).limit(size))
    return kept.sort(column(row, "t")).select(relation.columns)


def stratified(relation: Relation, name: str, size: int, seed: int) -> Relation:
    """About ``size`` rows, of each value of a column as large a part as it has of the table.

    Each value, missing too, keeps ``round(size * its rows / all rows)`` rows, but at least one, in
    the order that they had.
    """
    if name not in relation:
        raise ColumnError.missing(name, relation.columns, "stratify_column")
    f = relation.functions
    rows, row = numbered(relation)
    chance, rank = unused(rows, "studio_chance"), unused(rows, "studio_rank")
    part, whole = unused(rows, "studio_part"), unused(rows, "studio_whole")
    dealt = rows.with_columns({chance: f.uniform(seed, rows[row])}).nested()
    within = [dealt[name]]
    ranked = dealt.with_columns(
        {
            rank: f.over(exp.RowNumber(), within, [dealt[chance], dealt[row]]),
            part: f.over(f.count(), within),
            whole: f.over(f.count()),
        }
    ).nested()
    share = f.divide(f.multiply(ranked[part], float(size)), ranked[whole])
    most = exp.Greatest(this=f.round(share, 0), expressions=[f.constant(min(size, 1))])
    kept = ranked.filter(exp.LTE(this=ranked[rank], expression=most))
    return kept.sort(column(row, "t")).select(relation.columns)
