"""How much of a source is read: a flow's ``sampling``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from ..errors import ParameterError
from ..relation import Relation

SEED = 42


def sampled(relation: Relation, sampling: Mapping[str, Any]) -> Relation:
    """The sample that a source's output names, the same at each run; all where it names none."""
    method = sampling.get("sampling_method")
    if method in (None, "sample_none"):
        return relation
    if method == "sample_by_limit":
        return relation.limit(int(sampling["limit_rows"]))
    if method == "sample_by_ratio":
        ratio = float(sampling["sample_ratio"])
        return relation if ratio >= 1 else _chosen(relation, ratio)
    if method == "sample_by_count":
        size = int(sampling["sample_size"])
        return at_random(relation, size, SEED)
    raise ParameterError("sampling_method", method, "is none of those Studio knows")


def _chosen(relation: Relation, ratio: float) -> Relation:
    f = relation.functions
    numbered = relation.with_columns({"studio_row": f.row_number()}).nested()
    chance = f.uniform(SEED, numbered["studio_row"])
    kept = numbered.filter(exp.LT(this=chance, expression=f.constant(ratio)))
    return kept.drop(["studio_row"])


def at_random(relation: Relation, size: int, seed: int) -> Relation:
    """``size`` rows chosen by ``seed``, in the order that they had."""
    f = relation.functions
    numbered = relation.with_columns({"studio_row": f.row_number()}).nested()
    chance = numbered.with_columns({"studio_chance": f.uniform(seed, numbered["studio_row"])})
    ordered = chance.nested()
    rank = f.row_number(ordered["studio_chance"], ordered["studio_row"])
    ranked = ordered.with_columns({"studio_rank": rank}).nested()
    kept = ranked.filter(exp.LTE(this=ranked["studio_rank"], expression=f.constant(size)))
    from ..relation import column

    kept = kept.sort(column("studio_row", "t"))
    return kept.drop(["studio_row", "studio_chance", "studio_rank"])
