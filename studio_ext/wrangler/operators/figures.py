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
#: Columns whose values are counted in one scan: each has a hash table of its own.
AT_ONCE = 16


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
    return counted_each(relation, [name])[name]


def counted_each(relation: Relation, names: Sequence[str]) -> dict[str, Counts]:
    """The same of several columns, in one scan for every ``AT_ONCE`` of them."""
    names = list(dict.fromkeys(names))
    found: dict[str, Counts] = {}
    for start in range(0, len(names), AT_ONCE):
        found |= _counted(relation, names[start : start + AT_ONCE])
    return found


def _counted(relation: Relation, names: Sequence[str]) -> dict[str, Counts]:
    f = relation.functions
    inner = {f"value_{place}": name for place, name in enumerate(names)}
    values = relation.select({each: f.text(relation[name]) for each, name in inner.items()})
    columns = [column(each, "t") for each in inner]
    # Each of its rows has a value of one column, or stands for what is missing in one.
    sets = exp.GroupingSets(expressions=[exp.Paren(this=each.copy()) for each in columns])
    grouped = values.derive(
        lambda table: (
            exp.select(
                *(each.copy() for each in columns), exp.alias_(exp.Count(this=exp.Star()), "n")
            )
            .from_(table)
            .group_by(exp.Group(expressions=[sets.copy()]))
        )
    )
    rows = grouped.select(
        {each: _label(grouped, each, name) for each, name in inner.items()} | {"n": grouped["n"]}
    ).rows()
    labels: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
    for *texts, count in rows:
        for name, text in zip(names, texts, strict=True):
            if text is not None:
                labels[name].append((str(text), int(count)))
    return {
        name: dict(sorted(each, key=lambda one: (-one[1], one[0]))) for name, each in labels.items()
    }


def _label(grouped: Relation, each: str, name: str) -> exp.Expr:
    """The text, if it is one that a category can be."""
    f, text = grouped.functions, grouped[each]
    message = (
        f"input_column: {name!r} holds a text of more than {LONGEST_LABEL:,} bytes, "
        "which is no category: shorten or leave out such rows in a step before"
    )
    length = exp.GT(this=call("strlen", text), expression=exp.convert(LONGEST_LABEL))
    return exp.case().when(length, f.fail(f.constant(message))).else_(text)
