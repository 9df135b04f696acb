"""Manage vectors: columns to one vector, and back."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError, ParameterError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, AnyColumns, NewColumn, Parameters, When, field

GROUP = "Manage vectors"
MOST = 5_000


def _form(label: str) -> Form:
    return Form("sagemaker.spark.manage_vectors_0.1", (Choice("operator", label),))


class _Assembled(Parameters):
    input_column: AnyColumns = field("Columns", "Numbers and vectors.")
    output_column: str = field("Output column", min_length=1)


def parts(relation: Relation, names: list[str]) -> list[exp.Expr]:
    """Vectors that make up one: runs of numeric columns, and columns that are vectors."""
    f = relation.functions
    found: list[exp.Expr] = []
    numbers: list[exp.Expr] = []
    for name in names:
        datatype = relation.schema[name]
        if types.is_numeric(datatype) or types.kind_of(datatype) == "bool":
            numbers.append(relation[name])
            continue
        if not types.is_vector(datatype):
            raise ColumnError(
                f"input_column: the column {name!r} is {types.kind_of(datatype)}, not a number or "
                "a vector",
                field="input_column",
            )
        found += [f.vector(numbers)] if numbers else []
        found.append(relation[name])
        numbers = []
    return [*found, *([f.vector(numbers)] if numbers else [])]


@catalogue.add
class Assemble(Operator[_Assembled]):
    """Put numbers and vectors one after another into one vector.

    A missing number is a missing item; a missing vector makes the whole missing.
    """

    number, group, label = "T059", GROUP, "Assemble"
    form = _form("Assemble")
    variants = ("assemble",)

    def apply(self, relation: Relation, p: _Assembled, trained: Trained | None) -> Relation:
        vector = relation.functions.joined(parts(relation, p.input_column))
        return relation.with_columns({p.output_column: vector})


class _Flattened(Parameters):
    input_column: AnyColumn = field("Column")
    output_prefix: NewColumn = field("Output prefix", "Empty: the column's name.", default="")
    method: Literal["First vector", "Longest vector", "Fixed"] = field(
        "Number of outputs", "As long as the first vector, the longest, or as given.",
        default="First vector",
    )  # fmt: skip
    number_of_outputs: int = field(
        "Outputs", default=0, ge=0, le=MOST, when=When("method", ("Fixed",))
    )


@catalogue.add
class Flatten(Operator[_Flattened]):
    """Give each item of a vector a column, named PREFIX_0, PREFIX_1 and so on.

    What a vector has more is cut off, what it lacks is missing.
    """

    number, group, label = "T060", GROUP, "Flatten"
    form = _form("Flatten")
    variants = ("first vector", "longest vector", "fixed")

    def fit(self, relation: Relation, p: _Flattened) -> Trained:
        _list_of(relation, p.input_column)
        if p.method == "Fixed":
            if not p.number_of_outputs:
                raise ParameterError("number_of_outputs", 0, "must be given, above 0, for Fixed")
            return {"width": p.number_of_outputs}
        f = relation.functions
        x = relation[p.input_column]
        if p.method == "First vector":
            there = relation.select([p.input_column]).filter(x.is_(exp.null()).not_()).limit(1)
        else:
            there = relation
        width = there.aggregate({"width": f.most(f.size(there[p.input_column]))})["width"]
        if width is None:
            raise DataError(f"input_column: {p.input_column!r} has no vector to learn from")
        if width > MOST:
            raise DataError(f"input_column: a vector has {width:,} items, more than {MOST:,}")
        return {"width": int(width)}

    def apply(self, relation: Relation, p: _Flattened, trained: Trained | None) -> Relation:
        assert trained
        _list_of(relation, p.input_column)
        f, prefix = relation.functions, p.output_prefix or p.input_column
        x = relation[p.input_column]
        return relation.with_columns(
            {f"{prefix}_{index}": f.item(x, index + 1) for index in range(trained["width"])}
        )


def _list_of(relation: Relation, name: str) -> None:
    kind = types.kind_of(relation.schema[name])
    if kind != "array":
        raise ColumnError(
            f"input_column: the column {name!r} is {kind}, not a vector", field="input_column"
        )
