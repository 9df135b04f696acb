"""Sampling: the first rows, rows by chance, and rows of each value by its part."""

from __future__ import annotations

from ..relation import Relation
from ..sources.sampling import SEED, at_random, stratified
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, Parameters, field

GROUP = "Sampling"
FLOW = "sagemaker.spark.sampling_0.1"
TRAITS = Traits(row_local=False, training_only=True, ordered=True)


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("sampling_method", label),))


class _Limited(Parameters):
    limit: int = field("Rows", "How many of the first rows stay.", ge=0)


@catalogue.add
class Limit(Operator[_Limited]):
    """Keep the first rows."""

    number, group, label = "T065", GROUP, "Limit"
    form = _form("Limit")
    variants = ("first rows",)
    traits = TRAITS

    def apply(self, relation: Relation, p: _Limited, trained: Trained | None) -> Relation:
        return relation.limit(p.limit)


class _Random(Parameters):
    sample_size: int = field("Sample size", "How many rows stay.", ge=0)
    seed: int = field(
        "Random seed", "The same seed chooses the same rows.", default=SEED, rarely=True
    )


@catalogue.add
class Randomized(Operator[_Random]):
    """Keep rows by chance, in the order that they have."""

    number, group, label = "T066", GROUP, "Randomized sample"
    form = _form("Random")
    variants = ("random",)
    traits = TRAITS

    def apply(self, relation: Relation, p: _Random, trained: Trained | None) -> Relation:
        return at_random(relation, p.sample_size, p.seed)


class _Stratified(_Random):
    sample_size: int = field("Approximate sample size", "Over all values.", ge=0)
    stratify_column: AnyColumn = field("Stratify by")


@catalogue.add
class Stratified(Operator[_Stratified]):
    """Keep rows by chance, of each value of a column as large a part as it has of the table.

    Each value keeps at least one row, so that a sample may be larger than asked for.
    """

    number, group, label = "T067", GROUP, "Stratified sample"
    form = _form("Stratified")
    variants = ("stratified",)
    traits = TRAITS

    def apply(self, relation: Relation, p: _Stratified, trained: Trained | None) -> Relation:
        return stratified(relation, p.stratify_column, p.sample_size, p.seed)
