"""Featurize text: figures about the characters of a text."""

from __future__ import annotations

from sqlglot import exp

from ..functions.characters import ALPHANUMERIC
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import NewColumn, Parameters, StringColumns, field


class _Counted(Parameters):
    input_column: StringColumns = field("Columns")
    output_column_prefix: NewColumn = field(
        "Prefix of the output columns", "Empty: `COLUMN_`, and so `COLUMN__word_count`.", default=""
    )


@catalogue.add
class CharacterStatistics(Operator[_Counted]):
    """How many words and characters a text has, and what part of them is of which kind.

    Words are parted by white space. Capital and lower letters are those from A to Z, digits those
    from 0 to 9; special is what is neither a letter nor a number of any script, white space
    included. Parts are of all characters of the row's text; an empty text has none.
    """

    number, group, label = "T018", "Featurize text", "Character statistics"
    form = Form(
        "sagemaker.spark.featurize_text_0.1",
        (Choice("operator", "Character statistics"),),
        origin="code",
    )
    variants = ("words", "characters", "capitals", "lower letters", "digits", "special")

    def apply(self, relation: Relation, p: _Counted, trained: Trained | None) -> Relation:
        f = relation.functions
        new: dict[str, exp.Expr] = {}
        for name in p.input_column:
            several = len(p.input_column) > 1
            start = p.output_column_prefix or f"{name}_"
            start = f"{start}_{name}" if several and p.output_column_prefix else start
            x = relation[name]
            count = f.length(x)

            def ratio(others: str, x: exp.Expr = x, count: exp.Expr = count) -> exp.Expr:
                return f.divide(f.length(f.regexp_replace(x, others, "")), count)

            new |= {
                f"{start}_word_count": f.size(f.words(x)),
                f"{start}_char_count": count,
                f"{start}_capital_ratio": ratio("[^A-Z]"),
                f"{start}_lower_ratio": ratio("[^a-z]"),
                f"{start}_digit_ratio": ratio("[^0-9]"),
                f"{start}_special_ratio": ratio(f"[{ALPHANUMERIC}]"),
            }
        return relation.with_columns(new)
