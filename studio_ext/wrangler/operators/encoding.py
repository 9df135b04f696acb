"""Encode categorical: ordinal and one-hot, as Spark's StringIndexer and OneHotEncoder define them.

Categories are ordered by descending frequency, equals by value; numbers and booleans are categories
as their text. A value that was not there when learning, and a missing one, is invalid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlglot import exp

from ..errors import DataError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .figures import counted_each, nothing_in
from .parameters import AnyColumns, NewColumn, Parameters, field, outputs

GROUP = "Encode categorical"
#: Above it, one-hot columns are refused: vectors and other encoders hold more.
MOST_COLUMNS = 5_000
_INDEX = " (studio index)"


def form(label: str) -> Form:
    """Where an encoder of this group stands in a flow file."""
    return Form(
        "sagemaker.spark.encode_categorical_0.1", (Choice("operator", label),), origin="code"
    )


class _Encoded(Parameters):
    input_column: AnyColumns = field("Columns")
    output_column: NewColumn = field(
        "Output column", "Empty: in place of the column; several get OUTPUT_COLUMN.", default=""
    )


class _Ordinal(_Encoded):
    invalid_handling_strategy: Literal["Skip", "Keep", "Error", "Replace with NaN"] = field(
        "Invalid values",
        "Skip leaves the row out, Keep makes one more category of them.",
        default="Replace with NaN",
    )


class _OneHot(_Encoded):
    invalid_handling_strategy: Literal["Skip", "Keep", "Error"] = field(
        "Invalid values",
        "Skip leaves the row out, Keep makes one more category of them.",
        default="Keep",
    )
    drop_last: bool = field("Leave the last category out", default=False)
    input_already_ordinal_encoded: bool = field("The columns are ordinal encoded", default=False)
    output_style: Literal["Vector", "Columns"] = field("Output", default="Columns")


def refused(relation: Relation, name: str, known: exp.Expr) -> exp.Expr:
    """``known``, an index that is missing for what is invalid; that ends the run with an error."""
    f = relation.functions
    shown = f.coalesce(f.text(relation[name]), "missing")
    message = exp.Concat(
        expressions=[f.constant(f"{name!r} has a value not seen before: "), shown], safe=True
    )
    return exp.case().when(known.copy().is_(exp.null()), f.fail(message)).else_(known.copy())


def index_of(relation: Relation, name: str, labels: Sequence[str]) -> exp.Expr:
    """A category's place among ``labels`` from zero, as a float; missing for what is invalid."""
    f = relation.functions
    return f.lookup(f.text(relation[name]), {label: float(i) for i, label in enumerate(labels)})


def handled(relation: Relation, name: str, index: exp.Expr, size: int, strategy: str) -> exp.Expr:
    """The index with invalid values as the strategy has them."""
    if strategy == "Error":
        return refused(relation, name, index)
    return relation.functions.coalesce(index, float(size)) if strategy == "Keep" else index


def indexed(saved: Trained, names: Sequence[str]) -> dict[str, list[str]]:
    """Labels by column out of Spark's StringIndexerModel."""
    labels = saved["string_indexer_model"]["labelsArray"]
    if len(labels) != len(names):
        raise DataError(
            f"input_column: the flow file has learned {len(labels)} columns, not {len(names)}: "
            "learn anew (refit)",
            field="input_column",
        )
    return dict(zip(names, labels, strict=True))


@catalogue.add
class OrdinalEncode(Operator[_Ordinal]):
    """Number the categories from zero, the most frequent first.

    The result is a float. ``Keep`` gives invalid values the number after the last category.
    """

    number, group, label = "T015", GROUP, "Ordinal encode"
    form = form("Ordinal encode")
    variants = ("Skip", "Keep", "Error", "Replace with NaN")

    def fit(self, relation: Relation, p: _Ordinal) -> Trained:
        found = counted_each(relation, p.input_column)
        return {"columns": {name: list(counts) for name, counts in found.items()}}

    def adopt(self, saved: Trained, p: _Ordinal) -> Trained:
        return {"columns": indexed(saved, p.input_column)}

    def apply(self, relation: Relation, p: _Ordinal, trained: Trained | None) -> Relation:
        assert trained
        encoded, valid = {}, []
        for name, output in outputs(p.input_column, p.output_column).items():
            labels = trained["columns"][name]
            index = index_of(relation, name, labels)
            valid.append(index.copy().is_(exp.null()).not_())
            strategy = p.invalid_handling_strategy
            encoded[output] = handled(relation, name, index, len(labels), strategy)
        if p.invalid_handling_strategy == "Skip":
            relation = relation.filter(*valid)
        return relation.with_columns(encoded)


@catalogue.add
class OneHotEncode(Operator[_OneHot]):
    """Give each category a column, or a place in a vector, that is 1 where it is and 0 elsewhere.

    Columns are named ``OUTPUT_CATEGORY`` and go to the end; without an output column they are named
    after the input, which is left out. ``Keep`` makes invalid values a last category: a place of
    its own in a vector, and zeros in all columns. ``drop_last`` leaves the last category out, which
    with ``Keep`` is that one. Ordinal encoded columns hold 0, 1, 2... up to the largest learned.
    """

    number, group, label = "T016", GROUP, "One-hot encode"
    form = form("One-hot encode")
    variants = (
        "Skip",
        "Keep",
        "Error",
        "drop last",
        "input already ordinal",
        "Vector",
        "Columns",
    )

    def fit(self, relation: Relation, p: _OneHot) -> Trained:
        if not p.input_already_ordinal_encoded:
            found = counted_each(relation, p.input_column)
            return {"columns": {name: list(counts) for name, counts in found.items()}}
        f = relation.functions
        largest = relation.aggregate(
            {name: f.most(f.number(relation[name])) for name in p.input_column}
        )
        return {"columns": {name: _numbered(name, value) for name, value in largest.items()}}

    def adopt(self, saved: Trained, p: _OneHot) -> Trained:
        if "string_indexer_model" in saved:
            return {"columns": indexed(saved, p.input_column)}
        sizes = saved["one_hot_encoder_model"]["categorySizes"]
        pairs = zip(p.input_column, sizes, strict=True)
        return {"columns": {name: _numbered(name, size - 1) for name, size in pairs}}

    def apply(self, relation: Relation, p: _OneHot, trained: Trained | None) -> Relation:
        assert trained
        names = outputs(p.input_column, p.output_column)
        indices = self._indices(relation, p, trained)
        if p.invalid_handling_strategy == "Skip":
            relation = relation.filter(
                *(index.copy().is_(exp.null()).not_() for index in indices.values())
            )
        f = relation.functions
        for name, index in indices.items():
            size = len(trained["columns"][name])
            indices[name] = handled(relation, name, index, size, p.invalid_handling_strategy)
        # A level of its own: the index is computed once, not for each category.
        numbered = {f"{name}{_INDEX}": index for name, index in indices.items()}
        relation = relation.with_columns(numbered)
        made: dict[str, exp.Expr] = {}
        for name in p.input_column:
            labels = list(trained["columns"][name])
            x = relation[f"{name}{_INDEX}"]
            count = len(labels) + (p.invalid_handling_strategy == "Keep") - p.drop_last
            places = (exp.EQ(this=x, expression=f.constant(float(i))) for i in range(count))
            items = [f.when(place, 1.0, 0.0) for place in places]
            if p.output_style == "Vector":
                made[names[name]] = f.vector(items)
            else:
                _bounded(name, labels)
                pairs = zip(labels, items, strict=False)
                made |= {f"{names[name]}_{label}": item for label, item in pairs}
        gone = p.input_column if p.output_style == "Columns" and not p.output_column else []
        kept = relation.with_columns(made)
        return kept.drop([*numbered, *(name for name in gone if name not in made)])

    def _indices(
        self, relation: Relation, p: _OneHot, trained: Mapping[str, Any]
    ) -> dict[str, exp.Expr]:
        if not p.input_already_ordinal_encoded:
            labels = trained["columns"]
            return {name: index_of(relation, name, labels[name]) for name in p.input_column}
        f = relation.functions
        found = {}
        for name in p.input_column:
            x, size = f.number(relation[name]), len(trained["columns"][name])
            known = [f.constant(float(i)) for i in range(size)]
            found[name] = f.when(exp.In(this=x, expressions=known), x)
        return found


def _bounded(name: str, labels: Sequence[str]) -> None:
    if len(labels) > MOST_COLUMNS:
        raise DataError(
            f"input_column: {name!r} has {len(labels):,} categories, more than {MOST_COLUMNS:,} "
            "columns: choose the output style Vector, replace rare categories before, or encode "
            "otherwise",
            field="input_column",
        )


def _numbered(name: str, largest: float | None) -> list[str]:
    if largest is None:
        raise nothing_in(name)
    if not 0 <= largest < MOST_COLUMNS or largest != int(largest):
        raise DataError(
            f"input_column: {name!r} is not ordinal encoded: its largest value is {largest}",
            field="input_column",
        )
    return [str(index) for index in range(int(largest) + 1)]
