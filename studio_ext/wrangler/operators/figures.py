"""Figures of several columns, learned in one scan and kept by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from ..errors import DataError
from ..functions.building import call
from ..relation import Relation, column

#: Label -> how many rows have it, most frequent first.
Counts = dict[str, int]
#: Most bytes of a category, which goes into the flow's file and the text of queries.
LONGEST_LABEL = 1 << 20


def of_columns(
    names: Sequence[str], figures: Callable[[str], Mapping[str, exp.Expr]]
) -> dict[str, exp.Expr]:
    """Aggregates for ``Relation.aggregate``: those that ``figures`` gives for each column."""
    return {
        f"{index}/{figure}": expression
        for index, name in enumerate(names)
        for figure, expression in figures(name).items()
    }


def by_column(names: Sequence[str], values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What ``of_columns`` asked for: column -> figure -> value."""
    columns: dict[str, dict[str, Any]] = {name: {} for name in names}
    for key, value in values.items():
        index, figure = key.split("/")
        columns[names[int(index)]][figure] = value
    return columns


def floats(names: Sequence[str], values: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The same, as floats; raises DataError for a column that had nothing to learn from."""
    columns = by_column(names, values)
    for name, figures in columns.items():
        if any(value is None for value in figures.values()):
            raise nothing_in(name)
    return {
        name: {figure: float(value) for figure, value in figures.items()}
        for name, figures in columns.items()
    }


def nothing_in(name: str, field: str = "input_column") -> DataError:
    """The error of a column without a value."""
    return DataError(f"{field}: {name!r} has no value to learn from", field=field)


def counted(relation: Relation, name: str) -> Counts:
    """The column's values as text with their rows: by descending count, equals by value.

    Raises DataError where one is longer than a category can be.
    """
    f = relation.functions
    values = relation.select({"value": f.text(relation[name])})
    value = column("value", "t")
    message = (
        f"input_column: {name!r} holds a text of more than {LONGEST_LABEL:,} bytes, "
        "which is no category: shorten or leave out such rows in a step before"
    )
    grouped = values.derive(
        lambda table: (
            exp.select(value.copy(), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(table)
            .where(value.copy().is_(exp.null()).not_())
            .group_by(value.copy())
        )
    )
    short = exp.LTE(this=call("strlen", grouped["value"]), expression=exp.convert(LONGEST_LABEL))
    checked = exp.case().when(short, grouped["value"]).else_(f.fail(f.constant(message)))
    labels = grouped.select({"value": checked, "n": grouped["n"]})
    rows = sorted(labels.rows(), key=lambda each: (-each[1], each[0]))
    return {str(label): int(count) for label, count in rows}
