"""Beyond Data Wrangler: many categories in few columns."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from ..relation import Relation
from .base import Operator, Trained
from .catalogue import catalogue
from .encoding import index_of
from .figures import counted_each
from .parameters import field, outputs
from .target import GROUP, Encoded, form

#: Hexadecimal digits of the MD5 sum: 60 bits.
DIGITS = 15


@catalogue.add
class BinaryEncode(Operator[Encoded]):
    """Write a category's number in binary digits, each in a column of its own.

    Categories count from 1 on, the most frequent first; ``OUTPUT_0`` is the highest digit. Unknown
    and missing categories are zeros. Without an output column the input is left out.
    """

    number, group, label = "X324", GROUP, "Binary encode"
    form = form("Binary encode")
    variants = ("binary",)

    def fit(self, relation: Relation, p: Encoded) -> Trained:
        found = counted_each(relation, p.input_column)
        return {"columns": {name: list(counts) for name, counts in found.items()}}

    def apply(self, relation: Relation, p: Encoded, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        made = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            labels = trained["columns"][name]
            index = index_of(relation, name, labels)
            count = f.coalesce(f.add(index, 1.0), 0.0)
            digits = max(len(labels).bit_length(), 1)
            for place in range(digits):
                shifted = f.floor(f.divide(count, float(1 << (digits - 1 - place))))
                pairs = f.floor(f.divide(shifted, 2.0))
                made[f"{output}_{place}"] = f.subtract(shifted, f.multiply(pairs, 2.0))
        gone = [] if p.output_column else [n for n in p.input_column if n not in made]
        return relation.with_columns(made).drop(gone)


class _Hashed(Encoded):
    buckets: int = field("Buckets", default=8, ge=2, le=5_000)
    output_style: Literal["Index", "Columns"] = field("Output", default="Index")


@catalogue.add
class HashEncode(Operator[_Hashed]):
    """Put categories into a fixed number of buckets by their hash; nothing is learned.

    The bucket is the first 60 bits of the MD5 sum of the text's UTF-8 modulo the buckets, as a
    number or as columns of 0 and 1. Missing values stay missing, and are zeros in columns.
    """

    number, group, label = "X325", GROUP, "Hash encode"
    form = form("Hash encode")
    variants = ("index", "columns")

    def apply(self, relation: Relation, p: _Hashed, trained: Trained | None) -> Relation:
        f = relation.functions
        made: dict[str, exp.Expr] = {}
        for name, output in outputs(p.input_column, p.output_column).items():
            bucket = f.remainder(f.md5_number(f.text(relation[name]), DIGITS), p.buckets)
            there = relation[name].is_(exp.null()).not_()
            if p.output_style == "Index":
                made[output] = f.when(there, bucket)
                continue
            for place in range(p.buckets):
                same = exp.and_(there, exp.EQ(this=bucket, expression=f.constant(place)))
                made[f"{output}_{place}"] = f.when(same, 1.0, 0.0)
        gone = p.input_column if p.output_style == "Columns" and not p.output_column else []
        return relation.with_columns(made).drop(gone)
