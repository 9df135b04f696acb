"""Rows by their place: numbering them, and keeping their order through what would lose it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from .relation import Relation, column

ROW = "studio_row"


def unused(relation: Relation, name: str) -> str:
    """``name``, or the next like it that no column has."""
    taken = {each.casefold() for each in relation.columns}
    number = 0
    while name.casefold() in taken:
        number += 1
        name = f"{name}_{number}"
    return name


def numbered(relation: Relation) -> tuple[Relation, str]:
    """The rows counted from one, in the order that they have, and the name of that column."""
    row = unused(relation, ROW)
    return relation.with_columns({row: relation.functions.row_number()}).nested(), row


def in_place(relation: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """``change`` of the rows, which come in the order that they had before.

    Windows hand rows on in an order of their own.
    """
    before, row = numbered(relation)
    changed = change(before)
    return changed.sort(column(row, "t")).drop([row])


def first_of_each(relation: Relation, names: Sequence[str]) -> Relation:
    """The first of the rows that are equal in these columns; what is missing equals itself."""

    def first(rows: Relation) -> Relation:
        f, row = rows.functions, rows.columns[-1]
        place = f.over(exp.RowNumber(), [rows[name] for name in names], [rows[row]])
        once = unused(rows, f"{row}_of")
        counted = rows.with_columns({once: place})
        return counted.filter(exp.EQ(this=counted[once], expression=f.constant(1))).drop([once])

    return in_place(relation, first)
