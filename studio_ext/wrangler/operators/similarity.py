"""Encode categorical: numbers that are alike where texts are alike."""

from __future__ import annotations

import hashlib
from typing import Literal

from sqlglot import exp

from ..relation import Relation
from .base import Operator, Trained
from .catalogue import catalogue
from .encoding import GROUP, form
from .parameters import NewColumn, Parameters, StringColumns, field, outputs

#: A prime; hash functions are linear modulo it.
PRIME = (1 << 31) - 1
GRAM = 3
#: 28 bits of a gram's MD5 sum, so that products with numbers below PRIME fit a long.
DIGITS = 7
MOST = 1_000


class _Similar(Parameters):
    input_column: StringColumns = field("Columns")
    target_dimension: int = field("Numbers for a text", default=30, ge=1, le=MOST)
    output_style: Literal["Vector", "Columns"] = field("Output", default="Vector")
    output_column: NewColumn = field("Output column", "Empty: in place of the column.", default="")
    seed: int = field("Seed", default=42, rarely=True)


def coefficients(seed: int, count: int) -> list[tuple[int, int]]:
    """``count`` pairs (a, b) with 0 < a < PRIME and 0 <= b < PRIME, by SHA-256 of the seed."""

    def number(what: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed}/{what}".encode()).digest()[:8], "big")

    return [
        (number(f"a{index}") % (PRIME - 1) + 1, number(f"b{index}") % PRIME)
        for index in range(count)
    ]


@catalogue.add
class SimilarityEncode(Operator[_Similar]):
    """Turn a text into numbers, more of which are equal the more parts two texts share.

    Min-hash (Broder 1997) of the text's 3-grams, as the encoding of dirty categories does (Cerda
    and Varoquaux 2020, "Encoding high-cardinality string categorical variables"): two texts agree
    in a number with the probability of their Jaccard similarity. The text is taken with a blank at
    either end; each number is the least ``(a * h + b) mod p / p`` of its grams, where h is the
    first 28 bits of the gram's MD5 sum, p is 2^31 - 1, and a and b follow from the seed. New texts
    need no learning; a missing one stays missing.
    """

    number, group, label = "T017", GROUP, "Similarity encode"
    form = form("Similarity encode")
    variants = ("Vector", "Columns")

    def fit(self, relation: Relation, p: _Similar) -> Trained:
        return {"hashes": [list(pair) for pair in coefficients(p.seed, p.target_dimension)]}

    def apply(self, relation: Relation, p: _Similar, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        names = outputs(p.input_column, p.output_column)
        hashed = {}
        for name in p.input_column:
            framed = f.concat(" ", relation[name], " ")
            grams = f.each(f.grams(framed, GRAM), lambda gram: f.md5_number(gram, DIGITS))
            hashed[f"{name} (studio grams)"] = f.when(relation[name].is_(exp.null()).not_(), grams)
        relation = relation.with_columns(hashed).nested()
        vectors = {
            f"{name} (studio vector)": _vector(relation, relation[source], trained["hashes"])
            for name, source in zip(p.input_column, hashed, strict=True)
        }
        relation = relation.with_columns(vectors).nested()
        made: dict[str, exp.Expr] = {}
        for name, source in zip(p.input_column, vectors, strict=True):
            vector = relation[source]
            if p.output_style == "Vector":
                made[names[name]] = vector
            else:
                places = range(len(trained["hashes"]))
                made |= {f"{names[name]}_{i}": f.item(vector, i + 1) for i in places}
        gone = p.input_column if p.output_style == "Columns" and not p.output_column else []
        return relation.with_columns(made).drop([*hashed, *vectors, *gone])


def _vector(relation: Relation, grams: exp.Expr, hashes: list[list[int]]) -> exp.Expr:
    """The least hash of the grams by each function."""
    f = relation.functions
    a, b = (f.numbers(each) for each in zip(*hashes, strict=True))

    def least(place: exp.Expr) -> exp.Expr:
        def hashed(gram: exp.Expr) -> exp.Expr:
            return f.remainder(f.add(f.multiply(gram, f.item(a, place)), f.item(b, place)), PRIME)

        return f.divide(f.smallest(f.each(grams, hashed, "studio_gram")), float(PRIME))

    vector = f.each(f.numbers(range(1, len(hashes) + 1)), least)
    return f.when(grams.copy().is_(exp.null()).not_(), vector)
