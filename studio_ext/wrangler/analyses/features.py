"""Rows as models take them: numbers, categories by frequency, the median for what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import types
from ..errors import DataError
from ..relation import Relation

if TYPE_CHECKING:
    import numpy as np

PROBLEMS = ("Classification", "Regression")
#: A number with no more distinct values than this is a class.
MOST_CLASSES = 100


def matrix(relation: Relation, names: Sequence[str]) -> np.ndarray:
    """Columns as floats, shape (rows, columns), nothing missing."""
    import numpy as np

    table = relation.to_arrow()
    kinds = {name: types.kind_of(each) for name, each in relation.schema.items()}
    parts = [encoded(table[name].to_pylist(), kinds[name]) for name in names]
    return np.column_stack(parts) if parts else np.empty((table.num_rows, 0))


def encoded(values: Sequence[Any], kind: str) -> np.ndarray:
    """One column as floats: numbers with their median, others by the rank of their frequency."""
    import numpy as np

    if kind in types.NUMERIC:
        numbers = np.array([np.nan if each is None else float(each) for each in values])
        known = numbers[np.isfinite(numbers)]
        return np.where(np.isfinite(numbers), numbers, np.median(known) if len(known) else 0.0)
    counts = Counter(str(each) for each in values)
    order = sorted(counts, key=lambda each: (-counts[each], each))
    rank = {each: float(index) for index, each in enumerate(order)}
    return np.array([rank[str(each)] for each in values])


def target(relation: Relation, label: str, problem: str = "auto") -> tuple[list[Any], str]:
    """Values of the target (classes as text, numbers as floats, None missing), and the problem.

    ``auto``: a number of more than 100 distinct values is one to estimate. Raises DataError where
    fewer than two values are there.
    """
    values = relation.select([label]).to_arrow()[label].to_pylist()
    distinct = {each for each in values if each is not None}
    if len(distinct) < 2:
        raise DataError(f"label: {label!r} has {len(distinct)} distinct values: 2 are needed")
    numeric = types.is_numeric(relation.schema[label])
    if problem == "auto":
        problem = PROBLEMS[1] if numeric and len(distinct) > MOST_CLASSES else PROBLEMS[0]
    if problem == PROBLEMS[1]:
        if not numeric:
            raise DataError(
                f"label: {label!r} is no number: it cannot be estimated, only classified"
            )
        return [None if each is None else float(each) for each in values], problem
    if len(distinct) > MOST_CLASSES:
        raise DataError(
            f"label: {label!r} has {len(distinct)} classes: {MOST_CLASSES} can be told apart"
        )
    return [None if each is None else str(each) for each in values], problem
