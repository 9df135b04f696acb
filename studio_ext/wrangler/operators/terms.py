"""Terms of texts in long form: a row for each term of each text, and back to vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from ..places import unused
from ..relation import Relation, column

ROW, TOKENS, TERM, INDEX, COUNT = "studio_row", "studio_tokens", "term", "place", "n"
INDICES, VALUES = "studio_indices", "studio_values"
#: Hexadecimal digits of the MD5 sum that hashing uses: 60 bits.
DIGITS = 15


@dataclass(frozen=True)
class Pairs:
    """How often each place occurs in each text."""

    #: The texts' table, its rows numbered; what its own columns of ``Terms`` are called there.
    numbered: Relation
    row: str
    tokens: str
    #: (row, place, n), a row for each place that a text has.
    found: Relation

    def document_frequencies(self) -> dict[int, int]:
        """Place -> texts that have it."""
        place = column(INDEX, "t")
        counted = self.found.derive(
            lambda table: (
                exp.select(place.copy(), exp.alias_(exp.Count(this=exp.Star()), COUNT))
                .from_(table)
                .group_by(place.copy())
            )
        )
        return {int(index): int(count) for index, count in counted.rows()}

    def vectors(
        self, name: str, size: int, weights: Mapping[str, float] | None, others: float
    ) -> Relation:
        """The table with vectors of ``size`` counts, times the weights of their places."""
        f = self.numbered.functions
        row, place, count = column(ROW, "t"), column(INDEX, "t"), column(COUNT, "t")
        found = self.found
        if weights is not None:
            dense = f.floats([weights.get(str(index), others) for index in range(size)])
            weight = f.item(dense, f.add(found[INDEX], 1))
            found = found.with_columns({COUNT: f.multiply(found[COUNT], weight)})
        lists = found.derive(
            lambda table: (
                exp.select(
                    row.copy(),
                    exp.alias_(f.gathered(place, place), INDICES),
                    exp.alias_(f.gathered(count, place), VALUES),
                )
                .from_(table)
                .group_by(row.copy())
            )
        )
        own = column(self.row, "t")
        both = exp.EQ(this=own, expression=column(ROW, "t1"))
        indices, values = unused(self.numbered, INDICES), unused(self.numbered, VALUES)
        kept = [column(each, "t") for each in self.numbered.columns]
        wide = self.numbered.derive(
            lambda table, other: (
                exp.select(
                    *(each.copy() for each in kept),
                    exp.alias_(column(INDICES, "t1"), indices),
                    exp.alias_(column(VALUES, "t1"), values),
                )
                .from_(table)
                .join(other, on=both.copy(), join_type="left")
                .order_by(own.copy())
            ),
            lists,
        )
        dense = f.dense(wide[indices], wide[values], size)
        vector = f.when(wide[self.tokens].is_(exp.null()).not_(), dense)
        return wide.with_columns({name: vector}).drop([self.row, self.tokens, indices, values])


@dataclass(frozen=True)
class Terms:
    """Texts as lists of tokens, their rows numbered."""

    numbered: Relation
    #: What the numbers and the tokens are called there: a table may have columns of any name.
    row: str
    tokens: str
    #: (row, term, how many tokens the text has), a row for each token.
    long: Relation

    @classmethod
    def of(cls, relation: Relation, tokens: exp.Expr) -> Terms:
        """``tokens``: a list of texts for each row."""
        f = relation.functions
        own, kept = unused(relation, ROW), unused(relation, TOKENS)
        numbered = relation.with_columns({own: f.row_number(), kept: tokens}).nested()
        row, all_ = column(own, "t"), column(kept, "t")
        long = numbered.select([own, kept]).derive(
            lambda table: exp.select(
                exp.alias_(row.copy(), ROW),
                exp.alias_(f.size(all_), "size"),
                exp.alias_(f.exploded(all_), TERM),
            ).from_(table)
        )
        return cls(numbered, own, kept, long)

    def frequencies(self, low: float, high: float) -> list[str]:
        """The terms of ``low`` to ``high`` texts: by descending occurrences, equals by term."""
        row, term = column(ROW, "t"), column(TERM, "t")
        in_text = self.long.derive(
            lambda table: (
                exp.select(row.copy(), term.copy(), exp.alias_(exp.Count(this=exp.Star()), COUNT))
                .from_(table)
                .group_by(row.copy(), term.copy())
            )
        )
        f = self.long.functions
        occurrences = exp.Sum(this=column(COUNT, "t"))
        counted = in_text.derive(
            lambda table: (
                exp.select(
                    term.copy(),
                    exp.alias_(f.number(occurrences), COUNT),
                    exp.alias_(exp.Count(this=exp.Star()), "texts"),
                )
                .from_(table)
                .group_by(term.copy())
            )
        )
        texts = counted["texts"]
        chosen = counted.filter(
            exp.GTE(this=texts, expression=f.constant(low)),
            exp.LTE(this=texts.copy(), expression=f.constant(high)),
        )
        return [term for term, *_ in sorted(chosen.rows(), key=lambda each: (-each[1], each[0]))]

    def known(self, vocabulary: Sequence[str], least: float, binary: bool) -> Pairs:
        """Places are those of the vocabulary, from zero; other terms do not count."""
        f = self.long.functions
        words = f.table({"word": list(vocabulary), INDEX: list(range(len(vocabulary)))})
        same = exp.EQ(this=column(TERM, "t"), expression=column("word", "w"))
        placed = self.long.derive(
            lambda table: (
                exp.select(
                    column(ROW, "t"),
                    column("size", "t"),
                    column(INDEX, "w"),
                )
                .from_(table)
                .join(words.copy().subquery("w"), on=same.copy())
            )
        )
        return self._counted(placed, least, binary)

    def hashed(self, features: int, least: float, binary: bool) -> Pairs:
        """Places follow from the terms' MD5 sums."""
        f = self.long.functions
        place = f.remainder(f.md5_number(self.long[TERM], DIGITS), features)
        placed = self.long.select({ROW: self.long[ROW], "size": self.long["size"], INDEX: place})
        return self._counted(placed, least, binary)

    def _counted(self, placed: Relation, least: float, binary: bool) -> Pairs:
        f = self.long.functions
        keys = [column(name, "t") for name in (ROW, "size", INDEX)]
        counted = placed.derive(
            lambda table: (
                exp.select(
                    *(each.copy() for each in keys),
                    exp.alias_(f.number(exp.Count(this=exp.Star())), COUNT),
                )
                .from_(table)
                .group_by(*(each.copy() for each in keys))
            )
        )
        count, size = counted[COUNT], counted["size"]
        limit = f.constant(least) if least >= 1 else f.multiply(f.number(size), least)
        enough = counted.filter(exp.GTE(this=count, expression=limit))
        value = f.constant(1.0) if binary else enough[COUNT]
        found = enough.select({ROW: enough[ROW], INDEX: enough[INDEX], COUNT: value})
        return Pairs(self.numbered, self.row, self.tokens, found)
