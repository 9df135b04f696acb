"""Featurize text: terms counted, or hashed, and weighted by how few texts have them.

Spark's CountVectorizer, HashingTF and IDF are the model; what differs is said where it does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from sqlglot import exp

from ..errors import DataError, ParameterError
from ..relation import Relation
from .base import Choice, Form, Nested, Operator, Trained
from .catalogue import catalogue
from .encoding import MOST_COLUMNS
from .parameters import NewColumn, Parameters, StringColumn, When, field
from .terms import Pairs, Terms
from .texts import checked

GROUP = "Featurize text"


def _yes(value: Any) -> Any:
    return {True: "Yes", False: "No"}.get(value, value) if isinstance(value, bool) else value


CUSTOM = When("tokenizer", ("Custom",))
COUNTED = When("vectorizer", ("Count Vectorizer",))


class _Vectorized(Parameters):
    input_column: StringColumn = field("Column")
    output_column: NewColumn = field(
        "Output column or prefix", "Empty: the column's name and _features.", default=""
    )
    tokenizer: Literal["Standard", "Custom"] = field(
        "Tokenizer", "Standard: lower case, split at white space.", default="Standard"
    )
    minimum_token_length: int = field("Shortest token", default=1, ge=1, when=CUSTOM)
    gaps: bool = field("The pattern matches what is between tokens", default=True, when=CUSTOM)
    pattern: str = field(
        "Pattern", "A regular expression (RE2).", default=r"\s+", min_length=1, when=CUSTOM
    )
    lowercase_before_tokenization: bool = field("Lower case", default=True, when=CUSTOM)
    vectorizer: Literal["Count Vectorizer", "Hashing"] = field(
        "Vectorizer", default="Count Vectorizer"
    )
    minimum_term_frequency: float = field(
        "Least occurrences in a text",
        "Below 1: as a part of its tokens.",
        default=1.0,
        ge=0,
        when=COUNTED,
    )
    minimum_document_frequency: float = field(
        "Fewest texts", "Below 1: as a part of all.", default=1.0, ge=0, when=COUNTED
    )
    maximum_document_frequency: float = field(
        "Most texts", "Below 1: as a part of all.", default=0.999, gt=0, when=COUNTED
    )
    maximum_vocabulary_size: int = field("Largest vocabulary", default=262_144, ge=1, when=COUNTED)
    binarize_count: bool = field("1 for any number of occurrences", default=False, when=COUNTED)
    number_of_features: int = field(
        "Features",
        "Vectors hold every one.",
        default=1_024,
        ge=1,
        le=1 << 20,
        when=When("vectorizer", ("Hashing",)),
    )
    apply_idf: Annotated[Literal["Yes", "No"], BeforeValidator(_yes)] = field(
        "Weight by inverse document frequency", default="Yes"
    )
    minimum_idf_document_frequency: int = field(
        "Fewest texts for a weight",
        "Terms of fewer weigh 0.",
        default=5,
        ge=0,
        when=When("apply_idf", ("Yes",)),
    )
    output_format: Literal["Vector", "Columns"] = field(
        "Output", "Columns: a column for each term; only of counts.", default="Vector"
    )


#: Where the parameters of the choices within lie.
NESTED = (
    Nested("tokenizer_standard_parameters", {}),
    Nested(
        "tokenizer_custom_parameters",
        {
            name: name
            for name in ("minimum_token_length", "gaps", "pattern", "lowercase_before_tokenization")
        },
    ),
    Nested(
        "vectorizer_count_vectorizer_parameters",
        {
            name: name
            for name in (
                "minimum_term_frequency",
                "minimum_document_frequency",
                "maximum_document_frequency",
                "maximum_vocabulary_size",
                "binarize_count",
            )
        },
    ),
    Nested("vectorizer_hashing_parameters", {"number_of_features": "number_of_features"}),
    Nested(
        "apply_idf_yes_parameters",
        {"minimum_idf_document_frequency": "minimum_document_frequency"},
    ),
    Nested("apply_idf_no_parameters", {}),
)


def _bound(limit: float, documents: int) -> float:
    """Spark's: from 1 on a number of texts, below it a part of them."""
    return limit if limit >= 1 else limit * documents


@catalogue.add
class Vectorize(Operator[_Vectorized]):
    """Turn texts into vectors that count their terms.

    The vocabulary is ordered by how often a term occurs, of equals the smaller first. Hashing gives
    a term the place ``h mod features``, where h is the first 60 bits of the MD5 sum of its UTF-8.
    The weight is Spark's: ``ln((texts + 1) / (texts with the term + 1))``. White space in a row is
    one gap, and no token is empty. A missing text has a missing vector.
    """

    number, group, label = "T019", GROUP, "Vectorize"
    form = Form(
        "sagemaker.spark.featurize_text_0.1", (Choice("operator", "Vectorize"),), NESTED, "code"
    )
    variants = (
        "standard tokenizer",
        "custom tokenizer",
        "count",
        "binary count",
        "hashing",
        "IDF",
        "vector",
        "columns",
    )

    def fit(self, relation: Relation, p: _Vectorized) -> Trained:
        if p.vectorizer == "Hashing" and p.output_format == "Columns":
            raise ParameterError("output_format", "Columns", "is for counts: Hashing has Vector")
        terms = self._terms(relation, p)
        f = relation.functions
        documents = int(relation.aggregate({"n": f.count(relation[p.input_column])})["n"])
        trained: Trained = {}
        if p.vectorizer == "Count Vectorizer":
            low = _bound(p.minimum_document_frequency, documents)
            high = _bound(p.maximum_document_frequency, documents)
            found = terms.frequencies(low, high)
            trained["vocabulary"] = found[: p.maximum_vocabulary_size]
            if not trained["vocabulary"]:
                raise DataError(
                    f"input_column: no term of {p.input_column!r} is in {low:g} to {high:g} texts",
                    field="input_column",
                )
        if p.apply_idf == "Yes":
            counts = self._pairs(terms, p, trained).document_frequencies()
            trained["idf"] = {
                str(index): math.log((documents + 1) / (count + 1))
                for index, count in sorted(counts.items())
                if count >= p.minimum_idf_document_frequency
            }
            none = p.minimum_idf_document_frequency == 0
            trained["idf_of_others"] = math.log(documents + 1) if none else 0.0
        return trained

    def adopt(self, saved: Trained, p: _Vectorized) -> Trained:
        trained: Trained = {}
        if p.vectorizer == "Count Vectorizer":
            trained["vocabulary"] = saved["vectorizer_model"]["vocabulary"]
        if "idf_model" in saved:
            weights = saved["idf_model"]["idf"]
            trained |= {"idf": {str(i): w for i, w in enumerate(weights)}, "idf_of_others": 0.0}
        return trained

    def apply(self, relation: Relation, p: _Vectorized, trained: Trained | None) -> Relation:
        assert trained is not None
        output = p.output_column or f"{p.input_column}_features"
        pairs = self._pairs(self._terms(relation, p), p, trained)
        weights: Mapping[str, float] | None = trained.get("idf")
        size = self._size(p, trained)
        if p.output_format == "Vector":
            return pairs.vectors(output, size, weights, trained.get("idf_of_others", 0.0))
        if size > MOST_COLUMNS:
            raise DataError(
                f"maximum_vocabulary_size: {size:,} terms are more than {MOST_COLUMNS:,} columns: "
                "choose a smaller vocabulary, or the output format Vector"
            )
        vector = f"{output} (studio vector)"
        wide = pairs.vectors(vector, size, weights, trained.get("idf_of_others", 0.0))
        f, x = relation.functions, wide[vector]
        columns = {
            f"{output}_{term}": f.item(x, index + 1)
            for index, term in enumerate(trained["vocabulary"])
        }
        return wide.with_columns(columns).drop([vector])

    def _terms(self, relation: Relation, p: _Vectorized) -> Terms:
        f, x = relation.functions, relation[p.input_column]
        if p.tokenizer == "Standard":
            return Terms.of(relation, f.words(f.lower(x)))
        text = f.lower(x) if p.lowercase_before_tokenization else x
        pattern = checked(p.pattern)
        parts = f.regexp_split(text, pattern) if p.gaps else f.regexp_all(text, pattern)
        least = f.constant(p.minimum_token_length)

        def long_enough(token: exp.Expr) -> exp.Expr:
            return exp.GTE(this=f.length(token), expression=least)

        return Terms.of(relation, f.where(parts, long_enough))

    def _pairs(self, terms: Terms, p: _Vectorized, trained: Mapping[str, Any]) -> Pairs:
        if p.vectorizer == "Hashing":
            return terms.hashed(p.number_of_features, p.minimum_term_frequency, p.binarize_count)
        return terms.known(trained["vocabulary"], p.minimum_term_frequency, p.binarize_count)

    def _size(self, p: _Vectorized, trained: Mapping[str, Any]) -> int:
        if p.vectorizer == "Hashing":
            return p.number_of_features
        return len(trained["vocabulary"])
